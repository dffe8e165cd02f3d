//! Sentences and numbers that several formats share.

use chaosdrill_core::{
    Campaign, Verdict,
    limits::TRIAGED_MAX,
    record::{CampaignMeasured, Finding, Proof, Summary, SweepRecord, Untried},
};

use crate::{
    incomplete,
    numbers::{counted, grouped, rate, span},
};

/// The reason for the campaign's verdict, in one sentence without its full stop.
pub(crate) fn because(summary: &Summary) -> String {
    let tally = summary.tally;
    let cut = incomplete::cut(summary);
    let of_runs = |number| format!("{} of {}", grouped(number), counted(tally.runs, "run"));
    let mut parts: Vec<String> = cut.iter().map(|_| "incomplete".to_owned()).collect();
    parts.push(match summary.verdict {
        Verdict::Invalid => {
            let is_one = |finding: &&Finding| finding.verdict == Verdict::Invalid;
            let findings = summary.findings.iter().filter(is_one).count() as u64;
            let findings = counted(findings, "finding");
            format!("{findings}: {} violated a check", of_runs(tally.invalid))
        }
        Verdict::Unknown => match cut.filter(|_| tally.unknown == 0) {
            Some(cut) if incomplete::is_size_known(cut) => {
                format!("{} of {} held", grouped(tally.valid), incomplete::ordered(cut))
            }
            Some(_) => format!("{} held", counted(tally.valid, "run")),
            None => "no run violated a check".to_owned(),
        },
        Verdict::Valid if tally.runs == 0 => "there were no runs".to_owned(),
        Verdict::Valid => format!("{} held", of_runs(tally.valid)),
    });
    if tally.unknown > 0 {
        parts.push(format!("{} ended unknown", grouped(tally.unknown)));
    }
    match (cut, &summary.incomplete) {
        (Some(cut), _) => parts.extend(incomplete::missing(cut)),
        (None, Some(part)) => {
            parts.extend(
                incomplete::share(part).map(|share| format!("{share} of the planned runs")),
            );
        }
        (None, None) => {}
    }
    let undone = summary.goals.iter().filter(|goal| goal.hits() == 0).count() as u64;
    let marks = (summary.never_hit.len() as u64).saturating_sub(undone);
    let never = never(summary);
    if marks > 0 {
        parts.push(format!("{} {never} hit", counted(marks, "mark")));
    }
    if undone > 0 {
        parts.push(format!("{} {never} reached", counted(undone, "goal")));
    }
    parts.join(", ")
}

/// Whether the whole drill ran. If only a part ran, a mark without a hit does not mean that it cannot be hit.
pub(crate) fn is_whole(summary: &Summary) -> bool {
    summary.campaign.whole && summary.incomplete.is_none()
}

/// `never` if the whole drill ran, otherwise `not`: "never hit", "not reached".
pub(crate) fn never(summary: &Summary) -> &'static str {
    if is_whole(summary) { "never" } else { "not" }
}

/// The reason why it is unknown which faults of a finding are needed.
pub(crate) fn not_smaller() -> String {
    format!(
        "not shrunk: a campaign shrinks the first {TRIAGED_MAX} runs with a problem in a scenario, and none with --no-shrink"
    )
}

/// The results of a `prove` in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Search {
    /// Planted bugs that were looked for: their target has the part, and the database fits.
    pub(crate) asked: u64,
    /// Planted bugs that a check found.
    pub(crate) found: u64,
    /// Planted bugs that no check found in a complete search.
    pub(crate) missed: u64,
    /// Planted bugs whose smallest plan is not known to be valid without the bug.
    pub(crate) unsure: u64,
    /// Planted bugs whose search was interrupted.
    pub(crate) open: u64,
    /// The number of runs.
    pub(crate) runs: u64,
}

impl Search {
    pub(crate) fn of(proofs: &[Proof]) -> Self {
        let of = |is: fn(&Proof) -> bool| {
            proofs.iter().filter(|proof| proof.is_asked_for() && is(proof)).count() as u64
        };
        Self {
            asked: of(|_| true),
            found: of(|proof| proof.found),
            missed: of(|proof| !proof.found && !proof.open),
            unsure: of(|proof| proof.found && !proof.open && proof.clean != Some(true)),
            open: of(|proof| proof.open),
            runs: proofs.iter().fold(0, |runs: u64, proof| runs.saturating_add(proof.runs)),
        }
    }

    /// The verdict, which decides the exit code.
    pub(crate) fn verdict(self) -> Verdict {
        match self {
            _ if self.missed > 0 || self.unsure > 0 => Verdict::Invalid,
            _ if self.open > 0 || self.asked == 0 => Verdict::Unknown,
            _ => Verdict::Valid,
        }
    }

    /// The results in one sentence, without its full stop.
    pub(crate) fn because(self) -> String {
        let bugs = counted(self.asked, "planted bug");
        let mut text = format!("found {} of {bugs}", grouped(self.found));
        let also = [
            (self.missed, "missed"),
            (
                self.unsure,
                "unsure: whether their smallest plan is valid without the bug is not known",
            ),
            (self.open, "still open"),
        ];
        for (number, what) in also.into_iter().filter(|(number, _)| *number > 0) {
            text.push_str(&format!(", {} {what}", grouped(number)));
        }
        text
    }
}

/// The untried failpoints, acts and sites: a label, and the names.
pub(crate) fn untried(untried: &Untried) -> impl Iterator<Item = (&'static str, &[String])> {
    let lists = [
        ("Failpoints that no run passed", &untried.failpoints[..]),
        ("Kinds of faults that never struck", &untried.acts[..]),
        ("Sites at which no fault struck", &untried.sites[..]),
    ];
    lists.into_iter().filter(|(_, names)| !names.is_empty())
}

/// How much of the fault space the sweeps covered; `None` if nothing was swept.
///
/// Runs are counted from the records: a sweep that was cut short has planned more than it ran. Faults that an
/// equivalent one stands for are not counted.
pub(crate) fn swept(campaign: &Campaign) -> Option<String> {
    let sum = |of: fn(&SweepRecord) -> u64| campaign.sweeps.iter().map(of).sum::<u64>();
    let space = sum(|sweep| sweep.space.saturating_sub(sweep.equivalent));
    let planned = sum(|sweep| sweep.singles);
    let (second, pairs) = (sum(|sweep| sweep.during_recovery), sum(|sweep| sweep.pairs));
    if planned == 0 {
        return None;
    }
    let singles = campaign.totals.swept_singles();
    let mut parts = vec![match (singles.saturating_mul(100)).checked_div(space) {
        Some(share) => {
            let all = counted(space, "single fault");
            format!("{} of {all} ({share} %)", grouped(singles))
        }
        // Written by an older release.
        None => counted(singles, "single fault"),
    }];
    // A sweep leaves out single faults beyond its bound, and second faults beyond that of their own.
    let left_out = sum(|sweep| {
        let singles_left = sweep.space.saturating_sub(sweep.equivalent + sweep.singles);
        sweep.left_out.saturating_sub(singles_left)
    });
    let with_two = campaign.totals.swept_pairs();
    if with_two < second + pairs {
        parts.push(format!("{} of {} pairs", grouped(with_two), grouped(second + pairs)));
    } else {
        let left_out = match left_out {
            0 => String::new(),
            number => format!(" ({} left out)", grouped(number)),
        };
        if second > 0 {
            let during = counted(second, "second fault");
            parts.push(format!("{during} during recovery{left_out}"));
        }
        parts.push(counted(pairs, "pair"));
    }
    Some(format!("swept: {}", parts.join(", ")))
}

/// The time and the speed of the campaign; without them if it did not end.
///
/// A resumed campaign is as fast as the runs of its last session.
pub(crate) fn speed(summary: &Summary) -> String {
    let Some(CampaignMeasured { wall_ms, jobs, cores, runs, .. }) = summary.measured else {
        return "the campaign did not end".to_owned();
    };
    let workers = counted(u64::from(jobs), "worker");
    let wall = span(wall_ms.saturating_mul(1_000_000));
    if wall_ms == 0 {
        return format!("{wall} on {workers}");
    }
    let all = summary.tally.runs;
    let runs = runs.unwrap_or(all);
    let wall_seconds = wall_ms as f64 / 1e3;
    let each = match cores {
        0 => String::new(),
        _ => format!(" ({} a core)", rate(runs as f64 / wall_seconds / f64::from(cores))),
    };
    let per_second = rate(runs as f64 / wall_seconds);
    let speed = format!("{wall} on {workers}: {per_second} runs a second{each}");
    if runs < all {
        let before = grouped(all - runs);
        return format!(
            "{speed}; {before} of {} ended before the campaign was resumed",
            counted(all, "run")
        );
    }
    let times = rate(summary.virtual_ns as f64 / 1e9 / wall_seconds);
    format!("{speed}, {times} times real time")
}
