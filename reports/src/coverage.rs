//! The coverage around a finding: the block that a reviewer asks for.
//!
//! A single symptom does not tell how many similar problems there are. So each finding says how the sites at which it
//! could happen were enumerated, how many there are, how many of them were hit by a fault, which test covers them, and
//! whether the finding was reproduced in a fresh process.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill_core::{
    At, Campaign, Fault,
    fault::site_kind,
    record::{Finding, SweepRecord},
};

use crate::numbers;

/// The sites of one scenario, over all its runs.
#[derive(Clone, Debug, Default)]
struct Sites<'a> {
    passed: BTreeSet<&'a str>,
    touched: BTreeSet<&'a str>,
    runs: u64,
    sweeps: Vec<&'a SweepRecord>,
}

/// The sites of every scenario of a campaign.
#[derive(Clone, Debug, Default)]
pub(crate) struct Atlas<'a>(BTreeMap<&'a str, Sites<'a>>);

/// The coverage block of one finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block<'a> {
    /// How the sites were enumerated.
    pub(crate) enumeration: String,
    /// All sites.
    pub(crate) found: Vec<&'a str>,
    /// The sites at which a fault struck.
    pub(crate) touched: Vec<&'a str>,
    /// Whether the finding was reproduced, in words.
    pub(crate) verified: String,
}

impl<'a> Atlas<'a> {
    /// Collects the sites that the runs of a campaign passed, and the sites at which faults struck.
    pub(crate) fn of(campaign: &'a Campaign) -> Self {
        let mut atlas: BTreeMap<&str, Sites<'_>> = BTreeMap::new();
        for (name, totals) in campaign.totals.scenarios() {
            let touched: BTreeSet<&str> = totals.struck.keys().map(String::as_str).collect();
            let passed = totals.passes.keys().map(String::as_str);
            let passed = passed.chain(touched.iter().copied()).collect();
            let runs = totals.tally.runs;
            atlas.insert(name, Sites { passed, touched, runs, sweeps: Vec::new() });
        }
        for sweep in &campaign.sweeps {
            atlas.entry(&sweep.scenario).or_default().sweeps.push(sweep);
        }
        Self(atlas)
    }

    /// The coverage block of a finding; `faults` are the faults that show it.
    pub(crate) fn block(&self, finding: &Finding, faults: &[&Fault]) -> Block<'a> {
        let kinds: BTreeSet<&str> = faults
            .iter()
            .filter_map(|fault| match &fault.at {
                At::Boundary { site, .. } => Some(site_kind(site)),
                At::Time(_) | At::Countdown(_) => None,
            })
            .collect();
        let empty = Sites::default();
        let sites = self.0.get(finding.run.scenario.as_str()).unwrap_or(&empty);
        let of_kind = |site: &&&str| kinds.is_empty() || kinds.contains(site_kind(site));
        Block {
            enumeration: enumeration(&kinds, sites, !faults.is_empty()),
            found: sites.passed.iter().filter(of_kind).copied().collect(),
            touched: sites.touched.iter().filter(of_kind).copied().collect(),
            verified: verified(finding),
        }
    }
}

fn enumeration(kinds: &BTreeSet<&str>, sites: &Sites<'_>, faults: bool) -> String {
    let kinds: Vec<String> = kinds.iter().map(|kind| format!("{kind}:")).collect();
    let of = if kinds.is_empty() { String::new() } else { format!("{} ", kinds.join(" and ")) };
    let runs = numbers::counted(sites.runs, "run");
    let instants = if faults && kinds.is_empty() {
        "its faults strike at a time, not at a site; "
    } else {
        ""
    };
    let mut text = format!("{instants}every {of}boundary that {runs} of the scenario passed");
    let sum = |of: fn(&SweepRecord) -> u64| {
        sites.sweeps.iter().fold(0, |sum: u64, sweep| sum.saturating_add(of(sweep)))
    };
    if !sites.sweeps.is_empty() {
        text.push_str(&format!(
            "; swept: {}, which stand for {} of {}, and {}",
            numbers::counted(sum(|sweep| sweep.singles), "single fault"),
            numbers::grouped(sum(|sweep| sweep.singles.saturating_add(sweep.equivalent))),
            numbers::grouped(sum(|sweep| sweep.space)),
            numbers::counted(
                sum(|sweep| sweep.during_recovery.saturating_add(sweep.pairs)),
                "pair"
            ),
        ));
    }
    text
}

fn verified(finding: &Finding) -> String {
    match &finding.triage {
        Some(triage) if triage.same_again => "yes: the same digest in a fresh process".to_owned(),
        Some(triage) => match &triage.divergence {
            Some(divergence) => format!("no: the replay differs: {divergence}"),
            None => "no: the replay had another digest".to_owned(),
        },
        None => "not yet: use the replay command".to_owned(),
    }
}
