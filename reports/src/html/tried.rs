//! What a campaign tried, in three sentences, and the facts about it: when, where and with what.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill_core::{
    Campaign,
    record::{CampaignMeasured, Summary},
};
use maud::{Markup, PreEscaped, html};

use super::{
    MEASURED_BEGIN, MEASURED_END,
    parts::{capitalised, fact, name},
};
use crate::{limits, numbers, words};

/// What the runs of each kind of origin are, the most deliberate first.
const ORIGINS: [(&str, &str); 5] = [
    ("kept", "from kept plans of earlier findings"),
    ("plan", "from plans in files"),
    ("script", "with the faults that the scenario's author wrote (script)"),
    ("swarm", "with faults drawn at random (swarm)"),
    ("sweep", "with one fault after the other, or with two (sweep)"),
];

/// Families of faults with the noun for one and for many.
const FAULTS: [(&str, &str, &str); 11] = [
    ("crash-before", "crash", "crashes"),
    ("crash-after", "crash", "crashes"),
    ("kill", "crash", "crashes"),
    ("stall", "stall", "stalls"),
    ("delay", "delay", "delays"),
    ("error", "error", "errors"),
    ("lost-ack", "lost answer", "lost answers"),
    ("partition", "partition", "partitions"),
    ("clog", "clogged link", "clogged links"),
    ("skew", "skewed clock", "skewed clocks"),
    ("database-down", "database outage", "database outages"),
];

/// Three sentences: the runs, the faults, the time.
pub(super) fn sentences(campaign: &Campaign, summary: &Summary) -> Markup {
    html! {
        div.tried {
            p { (runs(campaign)) }
            p { (faults(&summary.faults_fired)) }
            p {
                "Each run has its own virtual clock, which skips every wait; all runs together took "
                (numbers::span(summary.virtual_ns)) " of virtual time."
            }
        }
    }
}

fn runs(campaign: &Campaign) -> String {
    let scenarios = &campaign.header.scenarios;
    let targets: BTreeSet<&str> =
        scenarios.iter().filter_map(|scenario| scenario.name.split('/').next()).collect();
    let of = match &Vec::from_iter(&targets)[..] {
        [] => String::new(),
        [only] => format!(" of {}", name(only)),
        targets => format!(" of {}", numbers::counted(targets.len() as u64, "target")),
    };
    let many = scenarios.len() as u64;
    let scenarios = numbers::counted(many, "scenario");
    let ran = campaign.totals.ran();
    let mut kinds = ran.by_kind.clone();
    let mut parts: Vec<String> = ORIGINS
        .iter()
        .filter_map(|(kind, what)| {
            kinds.remove(*kind).map(|runs| format!("{} {what}", numbers::grouped(runs)))
        })
        .collect();
    let others = kinds.values().sum();
    if others > 0 {
        parts.push(format!("{} from another source", numbers::grouped(others)));
    }
    let were = if many == 1 { "was" } else { "were" };
    match ran.runs {
        0 => format!("{scenarios}{of} {were} planned, and none has run."),
        1 => format!("{scenarios}{of} {were} run once: {}.", parts.join(", ")),
        runs => {
            let runs = numbers::grouped(runs);
            format!("{scenarios}{of} {were} run {runs} times: {}.", parts.join(", "))
        }
    }
}

fn faults(fired: &BTreeMap<String, u64>) -> String {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for (family, count) in fired {
        let known = FAULTS.iter().find(|(known, ..)| known == family);
        let noun = known.map_or(("other fault", "other faults"), |(_, one, many)| (one, many));
        *counts.entry(noun).or_default() += count;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let each = counts.iter().map(|((one, many), count)| {
        format!("{} {}", numbers::grouped(*count), if *count == 1 { one } else { many })
    });
    let each: Vec<String> = each.collect();
    match counts.iter().map(|(_, count)| count).sum() {
        0 => "No fault struck.".to_owned(),
        1 => format!("A fault struck once: {}.", each.join(", ")),
        all => format!("Faults struck {} times: {}.", numbers::grouped(all), each.join(", ")),
    }
}

/// The facts: first those that depend on the moment and the machine, then the order.
pub(super) fn facts(campaign: &Campaign, summary: &Summary) -> Markup {
    let header = &campaign.header;
    html! {
        dl.facts {
            (PreEscaped(MEASURED_BEGIN)) (measured(summary)) (PreEscaped(MEASURED_END))
            (fact("Database", &name(&header.db)))
            (fact("Simulator", &name(&header.simulator)))
            (fact("Seeds", &name(&header.seeds)))
            (fact("Nemeses", &name(&header.nemeses.join(", "))))
            @if let Some(defect) = &header.defect { (fact("Planted bug", &name(defect))) }
            @if let Some(part) = &header.partition { (fact("Part", &name(part))) }
            div { dt { "Digest of all runs" } dd { code { (campaign.totals.digest()) } } }
            (fact("Version of chaosdrill", &name(&header.tool)))
        }
    }
}

/// The facts that depend on the moment and the machine.
fn measured(summary: &Summary) -> Markup {
    let nothing = CampaignMeasured::default();
    let CampaignMeasured { started, commit, cores, .. } =
        summary.measured.as_ref().unwrap_or(&nothing);
    html! {
        @if let Some(started) = started { (fact("Date", &date(started))) }
        @if let Some(commit) = commit { div { dt { "Commit" } dd { code { (name(&short(commit))) } } } }
        @if *cores > 0 { (fact("Machine", &numbers::counted(u64::from(*cores), "core"))) }
        div.long { dt { "Speed" } dd { (capitalised(&words::speed(summary))) } }
    }
}

/// A date of RFC 3339 for people: `2026-01-02 03:04 UTC`. Any other text stays as it is.
fn date(started: &str) -> String {
    let parts = started.strip_suffix('Z').and_then(|started| started.split_once('T'));
    match parts.and_then(|(day, time)| Some((day, time.rsplit_once(':')?.0))) {
        Some((day, time)) => name(&format!("{day} {time} UTC")),
        None => name(started),
    }
}

/// A commit in as many digits as Git accepts anywhere.
fn short(commit: &str) -> String {
    commit.chars().take(limits::HTML_COMMIT_CHARS_MAX).collect()
}
