//! Sentences and numbers that several formats share, so that they say the same.

use chaosdrill_core::{
    Verdict,
    record::{CampaignMeasured, Summary},
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
        Verdict::Invalid => format!("{} violated a check", of_runs(tally.invalid)),
        Verdict::Unknown => "no run violated a check".to_owned(),
        Verdict::Valid if tally.runs == 0 => "there were no runs".to_owned(),
        Verdict::Valid => format!("{} held", of_runs(tally.valid)),
    }];
    if tally.unknown > 0 {
        parts.push(format!("{} ended unknown", grouped(tally.unknown)));
    }
    let never_hit = summary.never_hit.len() as u64;
    if never_hit > 0 {
        // Where only a part of the drill ran, a mark without a hit says nothing about the rest.
        let where_not = if summary.campaign.whole { "never hit" } else { "not hit by this part" };
        parts.push(format!("{} {where_not}", counted(never_hit, "mark")));
    }
    parts.join(", ")
}

/// What the campaign cost, as far as it came to its end.
pub(crate) fn speed(summary: &Summary) -> String {
    let Some(CampaignMeasured { wall_ms, jobs, .. }) = summary.measured else {
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
    format!("{wall} on {workers}: {runs} runs/s, {seconds} virtual s per wall s")
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
    fn small_rates_keep_a_decimal() {
        assert_eq!(rate(0.04), "0.0");
        assert_eq!(rate(31.45), "31.4");
        assert_eq!(rate(12_345.6), "12,346");
    }
}
