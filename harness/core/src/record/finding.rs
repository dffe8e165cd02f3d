//! Findings: the runs of a campaign that show the same problem.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    check::Priority,
    fault::{At, Fault},
    limits::FINDINGS_MAX,
    origin::Origin,
    record::{CheckRecord, Record, RunId, Triage, problem::problem},
    verdict::Verdict,
};

/// A finding: the runs of one target that violate the same check with the same problem.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The name in reports: `F1`, `F2`, ...
    pub id: String,
    /// The run that shows it best: that of a kept plan if there is one, then the one with the simplest plan, then that
    /// of the most telling scenario.
    pub run: RunId,
    /// The verdict.
    pub verdict: Verdict,
    /// The check that it is reported under.
    pub check: String,
    /// How much it matters.
    pub priority: Priority,
    /// Why, in words.
    pub why: String,
    /// The problem, which all its runs have in common: the reason with ids, hosts and numbers masked.
    #[serde(default)]
    pub problem: String,
    /// The number of runs that show it.
    pub count: u64,
    /// The ways in which it was found: the smallest plans that differ in their sites or their kinds of faults, the
    /// simplest first. Empty if no plan was shrunk.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<FindingWay>,
    /// The scenarios that show it, the most telling first: the one whose scripts show it most often.
    #[serde(default)]
    pub scenarios: Vec<FindingScenario>,
    /// Other checks that its runs violate, and in how many of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub also: BTreeMap<String, u64>,
    /// How its run was triaged: whether the replay was the same, and the smallest plan.
    #[serde(default, alias = "pursuit", skip_serializing_if = "Option::is_none")]
    pub triage: Option<Triage>,
}

/// One way to a finding: a smallest plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FindingWay {
    /// The run whose plan was shrunk.
    pub run: RunId,
    /// The faults of the smallest plan.
    pub faults: Vec<Fault>,
    /// The number of runs in which these faults struck. A run counts for the first way that explains it.
    pub runs: u64,
}

/// One scenario that shows a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FindingScenario {
    /// The name.
    pub name: String,
    /// The number of its runs that show the finding.
    pub runs: u64,
    /// The first of these runs, by id; not part of the written form.
    #[serde(skip)]
    pub first: Option<RunId>,
}

impl Finding {
    /// The faults of the smallest plan of its run.
    pub fn minimal(&self) -> Option<&[Fault]> {
        minimal(self.triage.as_ref(), &self.check)
    }

    /// The problem, masked without the names of hosts and rows.
    pub fn unaided_problem(&self) -> String {
        problem(&self.why, &BTreeSet::new())
    }
}

/// The findings of a campaign, to which its runs are added one by one.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    groups: BTreeMap<Key, Group>,
    /// The number of groups with each verdict.
    counts: BTreeMap<Verdict, usize>,
    left_out: u64,
}

/// What the runs of a finding have in common: the verdict, the check, the target and the problem.
type Key = (Verdict, String, String, String);

impl Findings {
    /// Learns a way to a finding: the smallest plan of this record, if it has one.
    pub(super) fn learn(&mut self, record: &Record) {
        if let Some((group, check)) = self.group(record) {
            group.learn(record, check);
        }
    }

    /// Adds a run, if it was not valid.
    pub(super) fn add(&mut self, record: &Record) {
        match self.group(record) {
            Some((group, check)) => group.add(record, check),
            None => self.left_out += u64::from(record.headline().is_some()),
        }
    }

    /// The group of a run; `None` if the run was valid, or if its finding is beyond the bound.
    fn group<'a>(&mut self, record: &'a Record) -> Option<(&mut Group, &'a CheckRecord)> {
        let check = record.headline()?;
        let target = record.run.target().to_owned();
        let key = (record.verdict, check.name.clone(), target, check.problem());
        let group = match self.groups.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let count = self.counts.entry(record.verdict).or_default();
                if *count == FINDINGS_MAX {
                    return None;
                }
                *count += 1;
                new.insert(Group::default())
            }
        };
        Some((group, check))
    }

    /// The number of runs whose findings are beyond the bound.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The findings, the worst first.
    pub(super) fn sorted(&self) -> Vec<Finding> {
        let groups = self.groups.iter();
        let mut findings: Vec<Finding> =
            groups.filter_map(|(key, group)| group.finding(key)).collect();
        findings.sort_by(|a, b| {
            let key = |finding: &Finding| (Reverse(finding.verdict), finding.priority);
            key(a).cmp(&key(b)).then(b.count.cmp(&a.count)).then(a.run.cmp(&b.run))
        });
        for (index, finding) in findings.iter_mut().enumerate() {
            finding.id = format!("F{}", index + 1);
        }
        findings
    }
}

/// The runs of one finding.
#[derive(Clone, Debug, Default)]
struct Group {
    count: u64,
    scenarios: BTreeMap<String, InScenario>,
    also: BTreeMap<String, u64>,
    ways: Vec<Way>,
    /// Runs whose plan was not shrunk, by the ways that explain them.
    explained: BTreeMap<Vec<usize>, u64>,
}

/// The runs of one finding in one scenario.
#[derive(Clone, Debug)]
struct InScenario {
    runs: u64,
    scripts: u64,
    first: RunId,
    best: Best<(Priority, String, Option<Triage>)>,
}

/// The smallest plans of one finding that have the same places.
#[derive(Clone, Debug)]
struct Way {
    places: Vec<(String, &'static str)>,
    runs: u64,
    /// The best run of each scenario, with the faults of its smallest plan.
    best: BTreeMap<String, Best<Vec<Fault>>>,
}

/// The run that shows something best, with what it shows.
#[derive(Clone, Debug)]
struct Best<T> {
    order: Order,
    run: RunId,
    shows: T,
}

/// The order of the runs of one scenario: kept plans first, then simple plans, then scripts. The faults of a plan that
/// was not shrunk say nothing about how simple it could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Order {
    is_not_kept: bool,
    is_not_shrunk: bool,
    needed: usize,
    is_no_script: bool,
}

impl Order {
    fn of(record: &Record, check: &str) -> Self {
        let needed = minimal(record.triage.as_ref(), check).map(<[Fault]>::len);
        Self {
            is_not_kept: !matches!(record.run.origin, Origin::Kept(_)),
            is_not_shrunk: needed.is_none(),
            needed: needed.unwrap_or_default(),
            is_no_script: record.run.origin != Origin::Script,
        }
    }
}

impl<T> Best<T> {
    fn new(record: &Record, check: &str, shows: T) -> Self {
        Self { order: Order::of(record, check), run: record.run.clone(), shows }
    }

    /// Whether a record shows it better.
    fn is_worse_than(&self, record: &Record, check: &str) -> bool {
        (Order::of(record, check), &record.run) < (self.order, &self.run)
    }

    /// The order among runs of all scenarios; `rank` is that of the scenario.
    fn key(&self, rank: usize) -> impl Ord + use<'_, T> {
        let Order { is_not_kept, is_not_shrunk, needed, is_no_script } = self.order;
        (is_not_kept, is_not_shrunk, needed, rank, is_no_script, &self.run)
    }
}

impl Group {
    fn learn(&mut self, record: &Record, check: &CheckRecord) -> Option<usize> {
        let check = &check.name;
        let faults = minimal(record.triage.as_ref(), check)?;
        let own = places(faults);
        let is_own = |way: &Way| {
            way.places.iter().map(|(site, act)| (&**site, *act)).eq(own.iter().copied())
        };
        let place = self.ways.iter().position(is_own).unwrap_or_else(|| {
            let places = own.iter().map(|(site, act)| ((*site).to_owned(), *act)).collect();
            self.ways.push(Way { places, runs: 0, best: BTreeMap::new() });
            self.ways.len() - 1
        });
        let best = &mut self.ways[place].best;
        if best.get(&record.run.scenario).is_none_or(|best| best.is_worse_than(record, check)) {
            best.insert(record.run.scenario.clone(), Best::new(record, check, faults.to_vec()));
        }
        Some(place)
    }

    fn add(&mut self, record: &Record, check: &CheckRecord) {
        self.count += 1;
        for other in record.violated().filter(|other| *other != check.name) {
            *self.also.entry(other.to_owned()).or_default() += 1;
        }
        match self.learn(record, check) {
            Some(way) => self.ways[way].runs += 1,
            None => *self.explained.entry(self.explaining(record)).or_default() += 1,
        }
        let is_script = record.run.origin == Origin::Script;
        let best = || {
            let shows = (check.priority, check.why.clone(), record.triage.clone());
            Best::new(record, &check.name, shows)
        };
        match self.scenarios.get_mut(&record.run.scenario) {
            Some(known) => {
                known.runs += 1;
                known.scripts += u64::from(is_script);
                if record.run < known.first {
                    known.first = record.run.clone();
                }
                if known.best.is_worse_than(record, &check.name) {
                    known.best = best();
                }
            }
            None => {
                let (first, scripts) = (record.run.clone(), u64::from(is_script));
                let new = InScenario { runs: 1, scripts, first, best: best() };
                self.scenarios.insert(record.run.scenario.clone(), new);
            }
        }
    }

    /// The ways whose faults all struck in a run.
    fn explaining(&self, record: &Record) -> Vec<usize> {
        let struck = record.faults.iter().filter(|fault| fault.fired.is_some());
        let struck: Vec<_> = struck.map(|fault| place(fault.at(), &fault.fault)).collect();
        let explains =
            |way: &Way| way.places.iter().all(|(site, act)| struck.contains(&(site, act)));
        (0..self.ways.len()).filter(|way| explains(&self.ways[*way])).collect()
    }

    /// The finding; `None` if a way to it was learned but no run added.
    fn finding(&self, (verdict, check, _, problem): &Key) -> Option<Finding> {
        let scenarios = self.scenarios();
        let ranks: BTreeMap<&str, usize> =
            scenarios.iter().enumerate().map(|(rank, it)| (&*it.name, rank)).collect();
        let best = self.scenarios.iter().map(|(name, it)| (ranks[&**name], &it.best));
        let (_, best) = best.min_by(|(a, x), (b, y)| x.key(*a).cmp(&y.key(*b)))?;
        let (priority, why, triage) = best.shows.clone();
        Some(Finding {
            id: String::new(),
            run: best.run.clone(),
            verdict: *verdict,
            check: check.clone(),
            priority,
            why,
            problem: problem.clone(),
            count: self.count,
            ways: self.ways(&ranks),
            scenarios,
            also: self.also.clone(),
            triage,
        })
    }

    /// A scenario is told by its scripts: a sweep or a swarm finds a bug anywhere.
    fn scenarios(&self) -> Vec<FindingScenario> {
        let mut scenarios: Vec<_> = self.scenarios.iter().collect();
        scenarios.sort_by_key(|(name, it)| (Reverse(it.scripts), *name));
        let scenario = |(name, it): (&String, &InScenario)| FindingScenario {
            name: name.clone(),
            runs: it.runs,
            first: Some(it.first.clone()),
        };
        scenarios.into_iter().map(scenario).collect()
    }

    fn ways(&self, ranks: &BTreeMap<&str, usize>) -> Vec<FindingWay> {
        // A way that was learned from a record beyond the added ones has no rank.
        let rank = |name: &String| ranks.get(&**name).copied().unwrap_or(usize::MAX);
        let best = |way: &usize| {
            let best = self.ways[*way].best.iter().map(|(name, best)| (rank(name), best));
            best.min_by(|(a, x), (b, y)| x.key(*a).cmp(&y.key(*b))).expect("a way has a run")
        };
        let mut order: Vec<usize> = (0..self.ways.len()).collect();
        order.sort_by(|a, b| {
            let ((a, x), (b, y)) = (best(a), best(b));
            x.key(a).cmp(&y.key(b))
        });
        let mut ways: Vec<FindingWay> = order
            .iter()
            .map(|way| {
                let (_, best) = best(way);
                let explains = |explaining: &[usize]| {
                    order.iter().find(|way| explaining.contains(way)) == Some(way)
                };
                let explained = self.explained.iter().filter(|(ways, _)| explains(ways));
                let runs = self.ways[*way].runs + explained.map(|(_, runs)| runs).sum::<u64>();
                FindingWay { run: best.run.clone(), faults: best.shows.clone(), runs }
            })
            .collect();
        ways.sort_by_key(|way| way.faults.len());
        ways
    }
}

/// The faults of a run's smallest plan; `None` if the plan was not shrunk for this check.
fn minimal<'a>(triage: Option<&'a Triage>, check: &str) -> Option<&'a [Fault]> {
    let triage = triage.filter(|triage| triage.check == check)?;
    Some(&triage.minimal.as_ref()?.faults)
}

/// The site and the kind of a fault, without the number of the hit and the duration.
fn place<'a>(at: &'a At, fault: &Fault) -> (&'a str, &'static str) {
    let site = match at {
        At::Boundary { site, .. } => site.as_str(),
        At::Time(_) | At::Countdown(_) => "",
    };
    (site, fault.act.family())
}

fn places(faults: &[Fault]) -> Vec<(&str, &'static str)> {
    let mut places: Vec<_> = faults.iter().map(|fault| place(&fault.at, fault)).collect();
    places.sort_unstable();
    places
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        fault::{Act, HostSelector},
        record::{FaultRecord, Measured, Minimal, RECORD_VERSION, WORKLOAD_ENDS},
        seed::Seed,
    };

    fn findings(records: &[Record]) -> Vec<Finding> {
        let mut findings = Findings::default();
        records.iter().for_each(|record| findings.learn(record));
        records.iter().for_each(|record| findings.add(record));
        findings.sorted()
    }

    const SETTLE: &str = "settle_only_by_the_current_claim";

    fn stall(site: &str) -> Fault {
        let host = HostSelector::Any;
        let at = At::Boundary { host, site: site.to_owned(), hit: 1 };
        Fault { at, act: Act::Stall(Duration::from_secs(90)), required: false }
    }

    fn check(name: &str, why: &str) -> CheckRecord {
        CheckRecord {
            name: name.to_owned(),
            kind: "always".to_owned(),
            within_ns: None,
            priority: Priority::High,
            verdict: Verdict::Invalid,
            why: why.to_owned(),
            problem: String::new(),
            witness: Vec::new(),
        }
    }

    /// A violation in which these faults struck, and all of them are needed.
    fn shrunk(scenario: &str, origin: &str, seed: u64, why: &str, sites: &[&str]) -> Record {
        let mut record = whole(scenario, origin, seed, why, sites);
        let faults = sites.iter().map(|site| stall(site)).collect();
        let minimal = Some(Minimal { faults, runs: 7, why: None, digest: None });
        let check = SETTLE.to_owned();
        record.triage = Some(Triage { check, same_again: true, divergence: None, minimal });
        record
    }

    /// A violation in which these faults struck.
    fn whole(scenario: &str, origin: &str, seed: u64, why: &str, sites: &[&str]) -> Record {
        let fault =
            |site: &&str| FaultRecord { fault: stall(site), fired: Some(1), struck_at: None };
        Record {
            version: RECORD_VERSION,
            run: RunId {
                scenario: scenario.to_owned(),
                origin: Origin::of(origin),
                seed: Seed(seed),
                db: "sqlite".to_owned(),
                simulator: "turmoil".to_owned(),
                defect: None,
            },
            claim: String::new(),
            verdict: Verdict::Invalid,
            checks: vec![check(SETTLE, why)],
            faults: sites.iter().map(fault).collect(),
            plan_rest: None,
            sites: BTreeMap::new(),
            marks: BTreeMap::new(),
            events: 9,
            virtual_ns: 0,
            digest: None,
            triage: None,
            measured: Measured::default(),
        }
    }

    #[test]
    fn one_problem_is_one_finding_with_its_ways() {
        let records = [
            shrunk("outbox/calm", "sweep-0029", 0, "#1 d2 settled message 7; late", &["a", "b"]),
            shrunk("outbox/calm", "sweep-0031", 0, "#9 d1 settled message 3; over", &["c"]),
            whole("outbox/calm", "swarm", 1, "#9 d1 settled message 3", &["c", "x"]),
            whole("outbox/calm", "swarm", 2, "#9 d1 settled message 4", &["y"]),
            shrunk("outbox/lease-expiry", "script", 3, "#8 d1 settled message 4", &["d"]),
            whole("outbox/lease-expiry", "script", 4, "#8 d1 settled message 5", &["d"]),
        ];
        let findings = findings(&records);
        assert_eq!(findings.len(), 1, "{findings:?}");
        let finding = &findings[0];
        assert_eq!((&*finding.id, finding.count), ("F1", 6));
        assert_eq!(finding.problem, "* settled message *");
        assert_eq!(finding.run, records[4].run, "one fault, and the scenario that is about it");
        let ways: Vec<(usize, u64)> =
            finding.ways.iter().map(|way| (way.faults.len(), way.runs)).collect();
        assert_eq!(ways, [(1, 2), (1, 2), (2, 1)], "a run that no way explains is in none");
        let scenarios: Vec<&str> =
            finding.scenarios.iter().map(|scenario| &*scenario.name).collect();
        assert_eq!(scenarios, ["outbox/lease-expiry", "outbox/calm"]);
    }

    #[test]
    fn a_second_problem_under_one_check_is_a_second_finding() {
        let records = [
            shrunk("outbox/calm", "script", 0, "#1 d2 settled message 7; late", &["a"]),
            shrunk("outbox/calm", "script", 1, "#1 message 7 went from dead to pending", &["a"]),
            shrunk("other/calm", "script", 0, "#1 d2 settled message 7; late", &["a"]),
        ];
        let runs: Vec<RunId> = findings(&records).into_iter().map(|finding| finding.run).collect();
        assert_eq!(runs.len(), 3, "{runs:?}");
    }

    #[test]
    fn a_kept_plan_speaks_for_its_finding() {
        let records = [
            shrunk("outbox/calm", "script", 0, "d2 settled message 7", &[]),
            whole("outbox/old", "kept-late-settle", 1, "d2 settled message 7", &["a", "b"]),
        ];
        let findings = findings(&records);
        assert_eq!((findings.len(), &findings[0].run), (1, &records[1].run));
    }

    #[test]
    fn the_most_telling_check_is_the_headline_and_the_others_stay_visible() {
        let mut record = whole("outbox/calm", "script", 0, "d2 settled message 7", &[]);
        record.checks.insert(0, check(WORKLOAD_ENDS, "a client is still not done"));
        let liveness = CheckRecord {
            within_ns: Some(1),
            ..check("every_committed_message_is_published", "message 7 is pending")
        };
        record.checks.insert(0, liveness);
        assert_eq!(record.headline().map(|check| &*check.name), Some(SETTLE));
        let finding = findings(&[record]).pop().expect("one");
        let also: Vec<&str> = finding.also.keys().map(String::as_str).collect();
        assert_eq!(also, ["every_committed_message_is_published", WORKLOAD_ENDS]);
    }
}
