//! Findings: the runs of a campaign that show the same problem.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    check::Priority,
    fault::{At, Fault},
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
}

/// What the runs of a finding have in common.
type Key<'a> = (Verdict, &'a str, &'a str, String);

impl Finding {
    /// The faults of the smallest plan of its run.
    pub fn minimal(&self) -> Option<&[Fault]> {
        minimal(self.triage.as_ref(), &self.check)
    }

    /// Whether two findings, of two campaigns, are the same. A campaign of an older version does not know which words
    /// are ids, so the problems are also compared without that knowledge.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let unaided = |finding: &Self| problem(&finding.why, &BTreeSet::new());
        (self.verdict, &self.check, self.run.target())
            == (other.verdict, &other.check, other.run.target())
            && (self.problem == other.problem || unaided(self) == unaided(other))
    }

    /// The finding that these runs show; there is at least one, and each has this check.
    fn of(records: &[(&Record, &CheckRecord)]) -> Self {
        let scenarios = scenarios(records);
        let rank = |record: &Record| {
            let name = &record.run.scenario;
            scenarios.iter().position(|scenario| scenario.name == *name)
        };
        let check = &records[0].1.name;
        // The faults of a plan that was not shrunk say nothing about how simple it could be.
        let order = |record: &Record| {
            let needed = minimal(record.triage.as_ref(), check).map(<[Fault]>::len);
            let is_kept = matches!(record.run.origin, Origin::Kept(_));
            let is_script = record.run.origin == Origin::Script;
            (!is_kept, needed.is_none(), needed, rank(record), !is_script, record.run.clone())
        };
        let mut sorted: Vec<_> = records.iter().map(|(record, check)| (*record, *check)).collect();
        sorted.sort_by_cached_key(|(record, _)| order(record));
        let (record, check) = sorted[0];
        Self {
            id: String::new(),
            run: record.run.clone(),
            verdict: record.verdict,
            check: check.name.clone(),
            priority: check.priority,
            why: check.why.clone(),
            problem: check.problem(),
            count: records.len() as u64,
            ways: ways(sorted.iter().map(|(record, _)| *record), &check.name),
            scenarios,
            also: also(records),
            triage: record.triage.clone(),
        }
    }
}

/// Groups the runs that were not valid into findings, the worst first.
pub(super) fn findings(records: &[Record]) -> Vec<Finding> {
    let mut groups: BTreeMap<Key<'_>, Vec<(&Record, &CheckRecord)>> = BTreeMap::new();
    for record in records.iter().filter(|record| record.verdict != Verdict::Valid) {
        let Some(check) = record.headline() else { continue };
        let key = (record.verdict, check.name.as_str(), record.run.target(), check.problem());
        groups.entry(key).or_default().push((record, check));
    }
    let mut findings: Vec<Finding> = groups.values().map(|records| Finding::of(records)).collect();
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| (Reverse(finding.verdict), finding.priority);
        key(a).cmp(&key(b)).then(b.count.cmp(&a.count)).then(a.run.cmp(&b.run))
    });
    for (index, finding) in findings.iter_mut().enumerate() {
        finding.id = format!("F{}", index + 1);
    }
    findings
}

/// A scenario is told by its scripts: a sweep or a swarm finds a bug anywhere.
fn scenarios(records: &[(&Record, &CheckRecord)]) -> Vec<FindingScenario> {
    let mut runs: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (record, _) in records {
        let (all, scripts) = runs.entry(&record.run.scenario).or_default();
        *all += 1;
        *scripts += u64::from(record.run.origin == Origin::Script);
    }
    let mut scenarios: Vec<_> = runs.into_iter().collect();
    scenarios.sort_by_key(|(name, (_, scripts))| (Reverse(*scripts), *name));
    let scenario =
        |(name, (runs, _)): (&str, (u64, u64))| FindingScenario { name: name.to_owned(), runs };
    scenarios.into_iter().map(scenario).collect()
}

fn ways<'a>(records: impl Iterator<Item = &'a Record> + Clone, check: &str) -> Vec<FindingWay> {
    let minimal = |record: &'a Record| minimal(record.triage.as_ref(), check);
    let mut ways: Vec<FindingWay> = Vec::new();
    for record in records.clone() {
        let Some(faults) = minimal(record) else { continue };
        match ways.iter_mut().find(|way| places(&way.faults) == places(faults)) {
            Some(way) => way.runs += 1,
            None => {
                let (run, faults) = (record.run.clone(), faults.to_vec());
                ways.push(FindingWay { run, faults, runs: 1 });
            }
        }
    }
    for record in records.filter(|record| minimal(record).is_none()) {
        let struck = record.faults.iter().filter(|fault| fault.fired.is_some());
        let struck: Vec<_> = struck.map(|fault| place(fault.at(), &fault.fault)).collect();
        let explains =
            |way: &&mut FindingWay| places(&way.faults).iter().all(|place| struck.contains(place));
        if let Some(way) = ways.iter_mut().find(explains) {
            way.runs += 1;
        }
    }
    ways.sort_by_key(|way| way.faults.len());
    ways
}

fn also(records: &[(&Record, &CheckRecord)]) -> BTreeMap<String, u64> {
    let mut also = BTreeMap::new();
    for (record, check) in records {
        for other in record.violated().filter(|other| *other != check.name) {
            *also.entry(other.to_owned()).or_default() += 1;
        }
    }
    also
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
