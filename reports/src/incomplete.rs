//! What is missing of an incomplete campaign, and why, in words that all formats share.
//!
//! The text is bounded and its untrusted parts are escaped. [`plain`] is for terminals, XML, HTML and annotations;
//! [`markdown`] puts untrusted parts into code spans.

use std::collections::BTreeMap;

use chaosdrill_core::record::{Cut, Incomplete, Summary};

use crate::{
    escape, limits,
    numbers::{and_more, counted, grouped, span},
};

/// Escapes an untrusted text for a format and truncates it to so many characters.
type Escape = fn(&str, usize) -> String;

/// What was ordered, recorded and missing, and why, in one sentence without its full stop.
pub(crate) fn plain(incomplete: &Incomplete) -> String {
    sentence(incomplete, escape::line_within)
}

/// The same sentence as Markdown.
pub(crate) fn markdown(incomplete: &Incomplete) -> String {
    sentence(incomplete, escape::markdown_line)
}

/// What is missing of a campaign; `None` if it ran all that was ordered, or for as long as was ordered.
pub(crate) fn cut(summary: &Summary) -> Option<&Incomplete> {
    summary.incomplete.as_ref().filter(|incomplete| !incomplete.is_as_ordered())
}

/// How much of the order ran: `41 %`. `None` if that is not known.
pub(crate) fn share(incomplete: &Incomplete) -> Option<String> {
    let at_most = if incomplete.or_more { "at most " } else { "" };
    is_size_known(incomplete).then(|| format!("{at_most}{} %", incomplete.per_cent()))
}

/// How many runs were ordered: `1,280 runs`, or `at least 1,280 runs`.
pub(crate) fn ordered(incomplete: &Incomplete) -> String {
    let at_least = if incomplete.or_more { "at least " } else { "" };
    format!("{at_least}{}", counted(incomplete.ordered, "run"))
}

/// How many runs are missing: `1 is missing`. `None` if no ordered run is.
pub(crate) fn missing(incomplete: &Incomplete) -> Option<String> {
    if !is_size_known(incomplete) {
        return Some("an unknown number of runs is missing".to_owned());
    }
    let missing = incomplete.missing.values().fold(0, |sum: u64, n| sum.saturating_add(*n));
    (missing > 0).then(|| format!("{} {} missing", grouped(missing), is_or_are(missing)))
}

/// Whether the size of the order is known at least in part. If no run is known to be missing, the order is "at least"
/// the recorded runs, which is no information.
pub(crate) fn is_size_known(incomplete: &Incomplete) -> bool {
    !incomplete.or_more || !incomplete.missing.is_empty()
}

fn is_or_are(number: u64) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

fn sentence(incomplete: &Incomplete, escape: Escape) -> String {
    if incomplete.is_as_ordered() {
        return covered(incomplete);
    }
    let recorded = recorded(incomplete, escape);
    let reasons = reasons(&incomplete.reasons, escape);
    let advice = if resume_helps(&incomplete.reasons) {
        "; repeat the command with --resume to complete it"
    } else {
        ""
    };
    format!("incomplete: {recorded} {}{advice}", reasons.join("; "))
}

/// How much of the order ran in the ordered time.
fn covered(incomplete: &Incomplete) -> String {
    let time = |why: &Cut| match why {
        Cut::For(ms) => Some(*ms),
        _ => None,
    };
    let time = span_of_ms(incomplete.reasons.iter().filter_map(time).max().unwrap_or_default());
    let ran = incomplete.ran;
    match share(incomplete) {
        Some(share) => {
            let ordered = ordered(incomplete);
            format!("covered {share} of the planned runs in {time}: {} of {ordered}", grouped(ran))
        }
        None => format!(
            "covered an unknown part of the planned runs in {time}: {}; its sweeps were not planned to their end",
            counted(ran, "run")
        ),
    }
}

/// How many of the ordered runs are recorded, up to where the reasons begin.
fn recorded(incomplete: &Incomplete, escape: Escape) -> String {
    let Incomplete { ordered: number, ran, .. } = *incomplete;
    let of_ordered = || {
        let ordered = ordered(incomplete);
        format!("{} of {ordered} {} recorded", grouped(ran), is_or_are(number))
    };
    match missing(incomplete) {
        Some(missing) if is_size_known(incomplete) => {
            let kind = |(kind, number): (&String, &u64)| {
                format!("{} {}", grouped(*number), name(kind, escape))
            };
            let kinds = listed(incomplete.missing.iter().map(kind), "");
            format!("{}, {missing} ({kinds}):", of_ordered())
        }
        Some(missing) => {
            format!("{} {} recorded, {missing}:", counted(ran, "run"), is_or_are(ran))
        }
        None => format!("{}, but", of_ordered()),
    }
}

/// The reasons, each as a clause; all parts that were not merged share one clause. Errors come last, so that they
/// cannot hide another reason.
fn reasons(cuts: &[Cut], escape: Escape) -> Vec<String> {
    let mut reasons: Vec<String> = cuts.iter().filter_map(|cut| reason(cut, escape)).collect();
    reasons.extend(parts_missing(cuts, escape));
    let errors: Vec<String> = cuts.iter().filter_map(|cut| error(cut, escape)).collect();
    let shown = limits::INCOMPLETE_REASONS_MAX.saturating_sub(reasons.len());
    let shown = errors.len().min(limits::INCOMPLETE_ERRORS_MAX).min(shown);
    let left_out =
        (errors.len() - shown) + reasons.len().saturating_sub(limits::INCOMPLETE_REASONS_MAX);
    reasons.truncate(limits::INCOMPLETE_REASONS_MAX);
    reasons.extend(errors.into_iter().take(shown));
    if left_out > 0 {
        reasons.push(format!("and {}", counted(left_out as u64, "more reason")));
    }
    if reasons.is_empty() {
        reasons.push("the reason is not recorded".to_owned());
    }
    reasons
}

/// One reason as a clause; `None` for errors and for parts that were not merged.
fn reason(cut: &Cut, escape: Escape) -> Option<String> {
    Some(match cut {
        Cut::For(ms) => format!("the time of {} set by --for was over", span_of_ms(*ms)),
        Cut::TimeBudget(ms) => format!("the time budget of {} ran out", span_of_ms(*ms)),
        Cut::MaxFail(number) => format!("--max-fail {number} was reached"),
        Cut::Interrupted => "interrupted by Ctrl-C".to_owned(),
        Cut::HarnessFault(runs) => {
            format!("the harness itself failed in {}", counted(*runs, "run"))
        }
        Cut::NotEnded => {
            "the campaign did not end: it was killed, or it is still running".to_owned()
        }
        Cut::NoHeader => {
            "the first line of campaign.jsonl is missing or damaged, so the number of planned runs is unknown"
                .to_owned()
        }
        Cut::Unreadable(lines) => {
            format!("{} of campaign.jsonl cannot be read", counted(*lines, "line"))
        }
        Cut::RecordsMissing(by_scenario) => records_missing(by_scenario, escape),
        Cut::Disk(_) | Cut::LostWorker(_) | Cut::PartMissing(_) => return None,
    })
}

/// One reason with the text of an error, as a clause.
fn error(cut: &Cut, escape: Escape) -> Option<String> {
    let (what, error) = match cut {
        Cut::Disk(error) => ("a file of the campaign could not be written", error),
        Cut::LostWorker(error) => ("a worker process could not be started", error),
        _ => return None,
    };
    let error = escape(error, escape::fitting(error, limits::INCOMPLETE_ERROR_COLUMNS_MAX));
    Some(format!("{what}: {error}"))
}

/// The parts that were not merged, as one clause.
fn parts_missing(cuts: &[Cut], escape: Escape) -> Option<String> {
    let part = |cut: &Cut| match cut {
        Cut::PartMissing(part) => Some(name(part, escape)),
        _ => None,
    };
    let parts: Vec<String> = cuts.iter().filter_map(part).collect();
    match &parts[..] {
        [] => None,
        [part] => Some(format!("the part {part} was not merged")),
        _ => Some(format!("the parts {} were not merged", listed(parts, ""))),
    }
}

/// An untrusted name, escaped and truncated.
fn name(name: &str, escape: Escape) -> String {
    escape(name, escape::fitting(name, limits::INCOMPLETE_NAME_COLUMNS_MAX))
}

fn records_missing(by_scenario: &BTreeMap<String, u64>, escape: Escape) -> String {
    let records = by_scenario.values().fold(0, |sum: u64, number| sum.saturating_add(*number));
    let are = is_or_are(records);
    let records = counted(records, "record");
    let gone = format!("{are} no longer in campaign.jsonl");
    let mut names = by_scenario.keys();
    match (names.next(), names.next()) {
        (Some(only), None) => format!("{records} of {} {gone}", name(only, escape)),
        _ => {
            let each = |(scenario, number): (&String, &u64)| {
                format!("{} of {}", grouped(*number), name(scenario, escape))
            };
            format!("{records} {gone} ({})", listed(by_scenario.iter().map(each), " scenarios"))
        }
    }
}

/// The first few items, and how many more there are.
fn listed(items: impl IntoIterator<Item = String>, of_what: &str) -> String {
    let mut items = items.into_iter();
    let shown: Vec<String> = items.by_ref().take(limits::INCOMPLETE_NAMES_MAX).collect();
    let more = and_more(items.count() as u64);
    let of_what = if more.is_empty() { "" } else { of_what };
    format!("{}{more}{of_what}", shown.join(", "))
}

/// Whether `--resume` can add what is missing. Without its header a campaign cannot be resumed.
fn resume_helps(reasons: &[Cut]) -> bool {
    let helps = |why: &Cut| match why {
        Cut::TimeBudget(_)
        | Cut::Interrupted
        | Cut::Disk(_)
        | Cut::LostWorker(_)
        | Cut::NotEnded
        | Cut::Unreadable(_)
        | Cut::RecordsMissing(_) => true,
        Cut::For(_)
        | Cut::MaxFail(_)
        | Cut::HarnessFault(_)
        | Cut::NoHeader
        | Cut::PartMissing(_) => false,
    };
    reasons.iter().any(helps) && !reasons.contains(&Cut::NoHeader)
}

fn span_of_ms(ms: u64) -> String {
    span(ms.saturating_mul(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
        pairs.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect()
    }

    fn incomplete(ran: u64, missing: &[(&str, u64)], reasons: &[Cut]) -> Incomplete {
        let missing = counts(missing);
        let ordered = ran + missing.values().sum::<u64>();
        Incomplete { ordered, or_more: false, ran, missing, reasons: reasons.to_vec() }
    }

    fn or_more(incomplete: Incomplete) -> Incomplete {
        Incomplete { or_more: true, ..incomplete }
    }

    #[test]
    fn a_sentence_says_what_is_missing_and_why() {
        let many: Vec<(String, u64)> = (1..=7).map(|n| (format!("a/{n}"), n)).collect();
        let part = |n: u64| Cut::PartMissing(format!("slice:{n}/9"));
        let mut errors: Vec<Cut> = (1..=9).map(|n| Cut::Disk(format!("no space {n}"))).collect();
        errors.push(Cut::NotEnded);
        let cases = [
            or_more(incomplete(
                79,
                &[("script", 120), ("sweep", 1_081)],
                &[Cut::TimeBudget(5_000)],
            )),
            incomplete(79, &[("script", 1)], &[Cut::RecordsMissing(counts(&[("lab/visits", 1)]))]),
            incomplete(0, &[("script", 1)], &[Cut::Interrupted]),
            incomplete(9, &[("swarm", 28)], &[Cut::RecordsMissing(many.into_iter().collect())]),
            incomplete(80, &[], &[Cut::HarnessFault(2)]),
            incomplete(1, &[], &[Cut::NotEnded]),
            or_more(incomplete(79, &[], &[Cut::NoHeader, Cut::Unreadable(3)])),
            or_more(incomplete(1, &[], &[part(2)])),
            or_more(incomplete(4, &[("kept", 1)], &[part(1), Cut::MaxFail(1), part(2)])),
            or_more(incomplete(1, &[], &(1..=9).map(part).collect::<Vec<_>>())),
            incomplete(2, &[("sweep", 3)], &[Cut::For(90_000), Cut::Disk("no space\nleft".into())]),
            incomplete(2, &[("sweep", 3)], &[Cut::LostWorker("no such file".into())]),
            incomplete(2, &[("sweep", 3)], &(1..=9).map(Cut::Unreadable).collect::<Vec<_>>()),
            incomplete(2, &[("sweep", 3)], &errors),
            incomplete(2, &[("sweep", 3)], &[]),
        ];
        insta::assert_snapshot!(cases.iter().map(plain).collect::<Vec<_>>().join("\n"), @r"
        incomplete: 79 of at least 1,280 runs are recorded, 1,201 are missing (120 script, 1,081 sweep): the time budget of 5 s ran out; repeat the command with --resume to complete it
        incomplete: 79 of 80 runs are recorded, 1 is missing (1 script): 1 record of lab/visits is no longer in campaign.jsonl; repeat the command with --resume to complete it
        incomplete: 0 of 1 run is recorded, 1 is missing (1 script): interrupted by Ctrl-C; repeat the command with --resume to complete it
        incomplete: 9 of 37 runs are recorded, 28 are missing (28 swarm): 28 records are no longer in campaign.jsonl (1 of a/1, 2 of a/2, 3 of a/3, 4 of a/4 and 3 more scenarios); repeat the command with --resume to complete it
        incomplete: 80 of 80 runs are recorded, but the harness itself failed in 2 runs
        incomplete: 1 of 1 run is recorded, but the campaign did not end: it was killed, or it is still running; repeat the command with --resume to complete it
        incomplete: 79 runs are recorded, an unknown number of runs is missing: the first line of campaign.jsonl is missing or damaged, so the number of planned runs is unknown; 3 lines of campaign.jsonl cannot be read
        incomplete: 1 run is recorded, an unknown number of runs is missing: the part slice:2/9 was not merged
        incomplete: 4 of at least 5 runs are recorded, 1 is missing (1 kept): --max-fail 1 was reached; the parts slice:1/9, slice:2/9 were not merged
        incomplete: 1 run is recorded, an unknown number of runs is missing: the parts slice:1/9, slice:2/9, slice:3/9, slice:4/9 and 5 more were not merged
        incomplete: 2 of 5 runs are recorded, 3 are missing (3 sweep): the time of 90 s set by --for was over; a file of the campaign could not be written: no space\nleft; repeat the command with --resume to complete it
        incomplete: 2 of 5 runs are recorded, 3 are missing (3 sweep): a worker process could not be started: no such file; repeat the command with --resume to complete it
        incomplete: 2 of 5 runs are recorded, 3 are missing (3 sweep): 1 line of campaign.jsonl cannot be read; 2 lines of campaign.jsonl cannot be read; 3 lines of campaign.jsonl cannot be read; 4 lines of campaign.jsonl cannot be read; 5 lines of campaign.jsonl cannot be read; 6 lines of campaign.jsonl cannot be read; and 3 more reasons; repeat the command with --resume to complete it
        incomplete: 2 of 5 runs are recorded, 3 are missing (3 sweep): the campaign did not end: it was killed, or it is still running; a file of the campaign could not be written: no space 1; a file of the campaign could not be written: no space 2; and 7 more reasons; repeat the command with --resume to complete it
        incomplete: 2 of 5 runs are recorded, 3 are missing (3 sweep): the reason is not recorded
        ");
    }

    #[test]
    fn a_sentence_about_ordered_time_says_how_much_it_covered() {
        let for_5_h = [Cut::For(60_000), Cut::For(18_000_000)];
        let cases = [
            incomplete(530, &[("script", 750)], &for_5_h),
            or_more(incomplete(530, &[("script", 750)], &for_5_h)),
            or_more(incomplete(530, &[], &for_5_h)),
            incomplete(0, &[("script", 750)], &[Cut::For(1_500)]),
        ];
        insta::assert_snapshot!(cases.iter().map(plain).collect::<Vec<_>>().join("\n"), @"
        covered 41 % of the planned runs in 5 h: 530 of 1,280 runs
        covered at most 41 % of the planned runs in 5 h: 530 of at least 1,280 runs
        covered an unknown part of the planned runs in 5 h: 530 runs; its sweeps were not planned to their end
        covered 0 % of the planned runs in 1.5 s: 0 of 750 runs
        ");
    }
}
