//! Sentences and numbers that several formats share, so that they say the same.

use chaosdrill_core::{
    Verdict,
    limits::PURSUED_MAX,
    record::{CampaignMeasured, Finding, Proof, Summary, Untried},
};

/// A whole number with its thousands apart: `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun: `1 run`, `1,200 runs`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// Why the campaign's verdict is what it is, in one sentence without its full stop.
pub(crate) fn because(summary: &Summary) -> String {
    let tally = summary.tally;
    let of_runs = |number| format!("{} of {}", grouped(number), counted(tally.runs, "run"));
    let mut parts = vec![match summary.verdict {
        Verdict::Invalid => {
            let is_one = |finding: &&Finding| finding.verdict == Verdict::Invalid;
            let findings = summary.findings.iter().filter(is_one).count() as u64;
            let findings = counted(findings, "finding");
            format!("{findings}: {} violated a check", of_runs(tally.invalid))
        }
        Verdict::Unknown => "no run violated a check".to_owned(),
        Verdict::Valid if tally.runs == 0 => "there were no runs".to_owned(),
        Verdict::Valid => format!("{} held", of_runs(tally.valid)),
    }];
    if tally.unknown > 0 {
        parts.push(format!("{} ended unknown", grouped(tally.unknown)));
    }
    let undone = summary.exercises.iter().filter(|exercise| exercise.hits() == 0).count() as u64;
    let marks = (summary.never_hit.len() as u64).saturating_sub(undone);
    // Where only a part of the drill ran, what it did not come to says nothing about the rest.
    let never = if summary.campaign.whole { "never" } else { "not" };
    if marks > 0 {
        parts.push(format!("{} {never} hit", counted(marks, "mark")));
    }
    if undone > 0 {
        parts.push(format!("{} {never} done", counted(undone, "exercise")));
    }
    parts.join(", ")
}

/// Why it is not known which faults of a finding are needed.
pub(crate) fn not_smaller() -> String {
    format!(
        "not made smaller, which a campaign does for at most the first {PURSUED_MAX} violations of a check in a scenario"
    )
}

/// What a search for planted bugs came to, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Search {
    /// Those that can be found here at all.
    pub(crate) asked: u64,
    /// Those of them that a check caught.
    pub(crate) found: u64,
    /// Those of them that no check caught, however long it took.
    pub(crate) missed: u64,
    /// Those of them whose smallest plan is not known to be valid without the bug.
    pub(crate) unsure: u64,
    /// Those of them whose search was broken off.
    pub(crate) open: u64,
    /// Runs that it took.
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

    /// As the exit code of the search has it.
    pub(crate) fn verdict(self) -> Verdict {
        match self {
            _ if self.missed > 0 || self.unsure > 0 => Verdict::Invalid,
            _ if self.open > 0 || self.asked == 0 => Verdict::Unknown,
            _ => Verdict::Valid,
        }
    }

    /// The same in a sentence, without its full stop.
    pub(crate) fn because(self) -> String {
        let bugs = counted(self.asked, "planted bug");
        let mut text = format!("found {} of {bugs}", grouped(self.found));
        let also = [
            (self.missed, "missed"),
            (self.unsure, "unsure: its plan is not known to be valid without it"),
            (self.open, "still open"),
        ];
        for (number, what) in also.into_iter().filter(|(number, _)| *number > 0) {
            text.push_str(&format!(", {} {what}", grouped(number)));
        }
        text
    }
}

/// What was never tried, in lines: a few words, and the names they are about.
pub(crate) fn untried(untried: &Untried) -> impl Iterator<Item = (&'static str, &[String])> {
    let lists = [
        ("failpoints that no run passed", &untried.failpoints[..]),
        ("kinds of faults of which none struck", &untried.acts[..]),
        ("sites at which nothing struck", &untried.sites[..]),
    ];
    lists.into_iter().filter(|(_, names)| !names.is_empty())
}

/// What the campaign cost, as far as it came to its end.
pub(crate) fn speed(summary: &Summary) -> String {
    let Some(CampaignMeasured { wall_ms, jobs, cores, .. }) = summary.measured else {
        return "the campaign did not come to its end".to_owned();
    };
    let workers = counted(u64::from(jobs), "worker");
    let wall = format!("{}.{:03} s", grouped(wall_ms / 1_000), wall_ms % 1_000);
    if wall_ms == 0 {
        return format!("{wall} on {workers}");
    }
    let wall_seconds = wall_ms as f64 / 1e3;
    let runs = rate(summary.tally.runs as f64 / wall_seconds);
    let seconds = rate(summary.virtual_ns as f64 / 1e9 / wall_seconds);
    let each = match cores {
        0 => String::new(),
        _ => {
            let each = rate(summary.tally.runs as f64 / wall_seconds / f64::from(cores));
            format!(" ({each} a core)")
        }
    };
    format!("{wall} on {workers}: {runs} runs/s{each}, {seconds} virtual s per wall s")
}

/// How long something took, to two units: `250 ms`, `29.8 s`, `5 min 10 s`, `31 h 12 min`, `2 d 7 h`.
pub(crate) fn span(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    let two = |large: u64, unit: &str, small: u64, of: &str| match small {
        0 => format!("{} {unit}", grouped(large)),
        small => format!("{} {unit} {small} {of}", grouped(large)),
    };
    match seconds {
        0 if ns < 1_000_000 => format!("{} µs", ns / 1_000),
        0 => format!("{} ms", ns / 1_000_000),
        1..120 => match ns / 100_000_000 % 10 {
            0 => format!("{seconds} s"),
            tenths => format!("{seconds}.{tenths} s"),
        },
        120..7_200 => two(seconds / 60, "min", seconds % 60, "s"),
        7_200..172_800 => two(seconds / 3_600, "h", seconds / 60 % 60, "min"),
        _ => two(seconds / 86_400, "d", seconds / 3_600 % 24, "h"),
    }
}

/// An instant of a run: `3.152 s`, and `31:12:03.152` where it is later than an hour.
pub(crate) fn instant(ns: u64) -> String {
    let ms = ns / 1_000_000;
    let (seconds, ms) = (ms / 1_000, ms % 1_000);
    match seconds {
        0..3_600 => format!("{seconds}.{ms:03} s"),
        _ => format!("{}:{:02}:{:02}.{ms:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60),
    }
}

/// A rate with one decimal where it is small, without where that would be noise.
fn rate(value: f64) -> String {
    if value < 100.0 { format!("{value:.1}") } else { grouped(value.round() as u64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let cases =
            [(0, "0"), (999, "999"), (1_000, "1,000"), (u64::MAX, "18,446,744,073,709,551,615")];
        for (number, text) in cases {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(counted(1, "run"), "1 run");
        assert_eq!(counted(1_200, "run"), "1,200 runs");
    }

    #[test]
    fn spans_have_at_most_two_units() {
        let second = 1_000_000_000;
        let cases = [
            (0, "0 µs", "0.000 s"),
            (250_000_000, "250 ms", "0.250 s"),
            (29_800_000_000, "29.8 s", "29.800 s"),
            (310 * second, "5 min 10 s", "310.000 s"),
            ((31 * 60 + 12) * 60 * second, "31 h 12 min", "31:12:00.000"),
            (55 * 3_600 * second, "2 d 7 h", "55:00:00.000"),
        ];
        for (ns, as_span, as_instant) in cases {
            assert_eq!((span(ns).as_str(), instant(ns).as_str()), (as_span, as_instant));
        }
    }

    #[test]
    fn small_rates_keep_a_decimal() {
        assert_eq!(rate(0.04), "0.0");
        assert_eq!(rate(31.45), "31.4");
        assert_eq!(rate(12_345.6), "12,346");
    }
}
