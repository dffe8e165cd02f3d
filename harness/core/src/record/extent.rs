//! How much of its order a campaign ran, and why some runs are missing.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{origin::Origin, record::Campaign};

/// How much a campaign was ordered to run: the second line of `campaign.jsonl`, written again when the campaign ends.
/// The last one counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Extent {
    /// Runs that were ordered, by what draws their faults: `kept`, `script`, `swarm` or `sweep`. A sweep plans its runs
    /// as it goes; runs that it has not planned yet are not counted.
    pub ordered: BTreeMap<String, u64>,
    /// Sweeps that may still plan more runs.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub open_sweeps: u64,
    /// Runs that were recorded, by scenario. Empty until the campaign ends.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub recorded: BTreeMap<String, u64>,
    /// Why the campaign ended early; empty if it was not cut.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut: Vec<Cut>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Why runs of a campaign are missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// The user gave the campaign this much wall-clock time as its order, in milliseconds (`--for`).
    For(u64),
    /// The campaign exceeded its wall-clock budget, in milliseconds (`--time-budget`).
    TimeBudget(u64),
    /// The campaign found this many violations (`--max-fail`).
    MaxFail(u64),
    /// The user pressed Ctrl-C.
    Interrupted,
    /// A file of the campaign could not be written.
    Disk(String),
    /// A worker process could not be started.
    LostWorker(String),
    /// The harness itself failed in this many runs.
    HarnessFault(u64),
    /// The campaign has no last line: it was killed, or it is still running.
    NotEnded,
    /// The first line of `campaign.jsonl` is missing or damaged, so the order is not known.
    NoHeader,
    /// This many lines of `campaign.jsonl` cannot be read.
    Unreadable(u64),
    /// Records that were written and have disappeared, by scenario.
    RecordsMissing(BTreeMap<String, u64>),
    /// The merge was not given this part of the campaign, such as `slice:2/3`.
    PartMissing(String),
}

impl Cut {
    /// Whether the reason alone implies a loss, even if no run is known to be missing.
    fn loses_something(&self) -> bool {
        !matches!(self, Self::For(_) | Self::TimeBudget(_) | Self::MaxFail(_) | Self::Interrupted)
    }
}

/// What is missing from a campaign, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Incomplete {
    /// Runs that were ordered, as far as that is known.
    pub ordered: u64,
    /// Whether the order holds more runs than that: sweeps that had not planned all of theirs, or a missing part.
    pub or_more: bool,
    /// Runs that are recorded.
    pub ran: u64,
    /// Ordered runs that are not recorded, by what draws their faults.
    pub missing: BTreeMap<String, u64>,
    /// The reasons.
    pub reasons: Vec<Cut>,
}

impl Incomplete {
    /// Whether the only reason is that the campaign ran for its ordered time.
    pub fn is_as_ordered(&self) -> bool {
        !self.reasons.is_empty() && self.reasons.iter().all(|why| matches!(why, Cut::For(_)))
    }

    /// Whether Ctrl-C is the only reason.
    pub fn is_interrupted(&self) -> bool {
        self.reasons == [Cut::Interrupted]
    }

    /// How much of the order ran, in whole per cent, rounded down.
    pub fn per_cent(&self) -> u64 {
        (self.ran.saturating_mul(100)).checked_div(self.ordered).unwrap_or(100)
    }
}

impl Extent {
    /// Adds the extent of another part of the campaign.
    pub fn add(&mut self, part: &Self) {
        let add = |to: &mut BTreeMap<String, u64>, from: &BTreeMap<String, u64>| {
            for (name, number) in from {
                *to.entry(name.clone()).or_default() += number;
            }
        };
        add(&mut self.ordered, &part.ordered);
        add(&mut self.recorded, &part.recorded);
        self.open_sweeps += part.open_sweeps;
        self.cut.extend(
            part.cut.iter().filter(|why| !self.cut.contains(why)).cloned().collect::<Vec<_>>(),
        );
        self.cut.sort();
    }

    /// What is missing if these runs are recorded; `None` if everything ordered is. `has_ended` is whether the campaign
    /// has its last line.
    pub fn incomplete(&self, ran: &Ran, has_ended: bool) -> Option<Incomplete> {
        let mut reasons = self.cut.clone();
        if !has_ended && !reasons.contains(&Cut::Interrupted) {
            reasons.push(Cut::NotEnded);
        }
        let missing = without(&self.ordered, &ran.by_kind);
        let lost = without(&self.recorded, &ran.by_scenario);
        if !lost.is_empty() {
            reasons.push(Cut::RecordsMissing(lost));
        }
        let is_whole = missing.is_empty() && self.open_sweeps == 0;
        if is_whole && !reasons.iter().any(Cut::loses_something) {
            return None;
        }
        let is_unknown = |why: &Cut| matches!(why, Cut::NoHeader | Cut::PartMissing(_));
        Some(Incomplete {
            ordered: ran.runs + missing.values().sum::<u64>(),
            or_more: self.open_sweeps > 0 || reasons.iter().any(is_unknown),
            ran: ran.runs,
            missing,
            reasons,
        })
    }
}

/// How many runs are missing from `wanted`, by name.
fn without(wanted: &BTreeMap<String, u64>, ran: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let left = |(name, number): (&String, &u64)| {
        let ran = ran.get(name).copied().unwrap_or_default();
        (name.clone(), number.saturating_sub(ran))
    };
    wanted.iter().map(left).filter(|(_, left)| *left > 0).collect()
}

/// How many runs are recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// All of them.
    pub runs: u64,
    /// By what drew their faults.
    pub by_kind: BTreeMap<String, u64>,
    /// By scenario.
    pub by_scenario: BTreeMap<String, u64>,
}

impl Ran {
    /// Counts a run of this scenario and origin.
    pub fn add(&mut self, scenario: &str, origin: &Origin) {
        self.runs += 1;
        for (counts, name) in
            [(&mut self.by_kind, origin.kind()), (&mut self.by_scenario, scenario)]
        {
            match counts.get_mut(name) {
                Some(known) => *known += 1,
                None => drop(counts.insert(name.to_owned(), 1)),
            }
        }
    }
}

impl Campaign {
    /// What is missing from the campaign; `None` if everything ordered is recorded.
    pub fn incomplete(&self) -> Option<Incomplete> {
        self.extent.incomplete(self.totals.ran(), self.measured.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Seed, Verdict,
        record::{CampaignHeader, CampaignMeasured, Measured, Record, RunId, Totals},
    };

    fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
        pairs.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect()
    }

    fn record(origin: &str, seed: u64) -> Record {
        Record {
            version: 1,
            run: RunId {
                scenario: "a/b".to_owned(),
                origin: Origin::of(origin),
                seed: Seed(seed),
                db: "sqlite".to_owned(),
                simulator: "turmoil".to_owned(),
                defect: None,
            },
            claim: String::new(),
            verdict: Verdict::Valid,
            checks: Vec::new(),
            faults: Vec::new(),
            plan_rest: None,
            sites: BTreeMap::new(),
            marks: BTreeMap::new(),
            events: 0,
            virtual_ns: 0,
            digest: None,
            triage: None,
            measured: Measured::default(),
        }
    }

    const RECORDS: [(&str, u64); 3] = [("script", 0), ("script", 1), ("sweep-0000", 0)];

    /// The campaign without the record at this place.
    fn without(place: usize, mut campaign: Campaign) -> Campaign {
        let mut records = RECORDS.map(|(origin, seed)| record(origin, seed)).to_vec();
        records.remove(place);
        campaign.totals = Totals::of(&[], &records);
        campaign
    }

    /// A campaign with three of three runs recorded.
    fn whole() -> Campaign {
        Campaign {
            header: CampaignHeader {
                version: 1,
                tool: String::new(),
                simulator: String::new(),
                db: String::new(),
                defect: None,
                seeds: String::new(),
                nemeses: Vec::new(),
                partition: None,
                program: String::new(),
                whole: false,
                failpoints: Vec::new(),
                goals: Vec::new(),
                kept: Vec::new(),
                scenarios: Vec::new(),
            },
            totals: Totals::of(&[], &RECORDS.map(|(origin, seed)| record(origin, seed))),
            shown: BTreeMap::new(),
            sweeps: Vec::new(),
            extent: Extent {
                ordered: counts(&[("script", 2), ("sweep", 1)]),
                recorded: counts(&[("a/b", 3)]),
                ..Extent::default()
            },
            measured: Some(CampaignMeasured::default()),
        }
    }

    #[test]
    fn a_whole_campaign_misses_nothing() {
        assert_eq!(whole().incomplete(), None);
        // A budget that ended with the last run cut nothing.
        let mut late = whole();
        late.extent.cut = vec![Cut::TimeBudget(5_000), Cut::MaxFail(1)];
        assert_eq!(late.incomplete(), None);
    }

    #[test]
    fn a_record_that_was_taken_out_is_missed() {
        let campaign = without(0, whole());
        let told = campaign.incomplete().expect("a record is missing");
        assert_eq!((told.ordered, told.ran, told.or_more), (3, 2, false));
        assert_eq!(told.missing, counts(&[("script", 1)]));
        assert_eq!(told.reasons, [Cut::RecordsMissing(counts(&[("a/b", 1)]))]);
    }

    #[test]
    fn a_campaign_without_an_end_says_so() {
        let campaign = Campaign { measured: None, ..whole() };
        assert_eq!(campaign.incomplete().expect("it has no end").reasons, [Cut::NotEnded]);
    }

    #[test]
    fn time_that_was_the_order_is_told_apart() {
        let mut campaign = whole();
        campaign.extent.ordered = counts(&[("script", 8), ("sweep", 1)]);
        campaign.extent.open_sweeps = 1;
        campaign.extent.cut = vec![Cut::For(1_000)];
        let told = campaign.incomplete().expect("six are missing");
        assert!(told.is_as_ordered() && told.or_more);
        assert_eq!(told.per_cent(), 33);
        let campaign = without(2, campaign);
        assert!(!campaign.incomplete().expect("a record is lost").is_as_ordered());
    }

    #[test]
    fn parts_add_up() {
        let mut all = Extent::default();
        for part in [1, 2] {
            all.add(&Extent {
                ordered: counts(&[("script", part)]),
                open_sweeps: 1,
                recorded: counts(&[("a/b", part)]),
                cut: vec![Cut::TimeBudget(1)],
            });
        }
        assert_eq!(all.ordered, counts(&[("script", 3)]));
        assert_eq!((all.open_sweeps, all.cut.len()), (2, 1));
    }
}
