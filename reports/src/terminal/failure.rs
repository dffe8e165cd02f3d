//! The block of one run: claim, check, witness, faults, and the replay command.
//!
//! ```text
//! FAIL  outbox/lease-expiry   seed 0x2a
//!   run      sqlite, turmoil, 12.4 s virtual, priority high
//!   claim    a message whose holder stalls is published by another
//!   check    settle_only_by_the_current_claim
//!   witness  #418 d1 settled message 7 under attempt 1; #402 attempt 2 belonged to d2
//!   faults   #397 stall any host at fp:outbox.after_claim hit 1 for 90s
//!   replay   cargo drill replay outbox/lease-expiry --seed 0x2a
//! ```
//!
//! A block is a head line and a list of [`Row`]s; new information about a run becomes a row.

use std::time::Duration;

use chaosdrill_core::{
    Origin, Record, Verdict, duration,
    record::{CheckRecord, FaultRecord, Finding, KeptRecord, Triage},
};

use super::{
    layout::Row,
    palette::{Palette, paint},
};
use crate::{command, escape, limits, numbers};

/// How a run is replayed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Replay<'a> {
    /// The command that starts a replay, from the campaign's header: `cargo drill`.
    pub program: &'a str,
    /// The path of the plan to replay; `None` if scenario and seed are enough.
    pub plan: Option<&'a str>,
    /// The path of the smallest plan that shows the same violation, if there is one.
    pub minimal: Option<&'a str>,
    /// The folder of the run, for `keep`; `None` if there is nothing to keep.
    pub bundle: Option<&'a str>,
    /// The kept plan that the run is of, if it is of one.
    pub kept: Option<&'a KeptRecord>,
    /// The finding of the campaign that the run stands for, if it is of a campaign.
    pub finding: Option<&'a Finding>,
}

impl<'a> Replay<'a> {
    /// A run that can be replayed from its scenario and seed.
    pub fn by_seed(program: &'a str) -> Self {
        Self { program, plan: None, minimal: None, bundle: None, kept: None, finding: None }
    }
}

/// The block of one run. Each line ends with a line feed.
pub fn failure(record: &Record, replay: Replay<'_>, palette: &Palette) -> String {
    let headline = record.headline();
    let claim = escape::line_within(&record.claim, limits::TERMINAL_TEXT_CHARS_MAX);
    let mut rows = vec![Row::prose("run", about(record, headline)), Row::prose("claim", claim)];
    if let Some(check) = headline {
        let label = if record.verdict == Verdict::Invalid { "witness" } else { "why" };
        rows.push(Row::prose("check", check_name(check)));
        rows.push(Row::prose(label, witness(check, limits::TERMINAL_TEXT_CHARS_MAX)));
    }
    rows.extend(other_checks(record, headline));
    rows.extend(triage(record));
    rows.push(Row::items("faults", faults(record)));
    rows.extend(replay.finding.and_then(found_in));
    if let Some(kept) = replay.kept {
        let why = format!("{}: {}", kept.file, kept.why);
        rows.push(Row::prose("kept", escape::line_within(&why, limits::TERMINAL_TEXT_CHARS_MAX)));
    }
    let again = command::replay(replay.program, &record.run, replay.plan);
    rows.push(Row::command("replay", again));
    let minimal = replay.minimal.map(|plan| {
        Row::command("minimal", command::replay(replay.program, &record.run, Some(plan)))
    });
    // A plan that is kept already need not be kept again.
    let keep = replay.bundle.filter(|_| replay.kept.is_none());
    let keep = keep.map(|bundle| Row::command("keep", command::keep(replay.program, bundle)));
    let smaller = (replay.minimal.is_none() && is_to_shrink(record)).then(|| {
        let below = command::folder(&record.run);
        let plan = format!("{}/plan.toml", replay.bundle.unwrap_or(&below));
        Row::command("shrink", command::shrink(replay.program, &plan))
    });
    rows.extend(minimal.into_iter().chain(smaller).chain(keep));

    let mut block = head(record, palette);
    block.extend(rows.iter().map(|row| row.render(palette)));
    block
}

/// The head line, which people search for: the verdict, the scenario, the seed, and whatever else tells runs of the
/// scenario apart. Parts that do not fit get a further line; no part is broken.
fn head(record: &Record, palette: &Palette) -> String {
    let run = &record.run;
    let word = match record.verdict {
        Verdict::Valid => "VALID",
        Verdict::Unknown => "UNKNOWN",
        Verdict::Invalid => "FAIL",
    };
    let name = escape::line(&run.scenario);
    let mut parts = vec![format!("seed {}", run.seed)];
    if run.origin != Origin::Script {
        parts.push(escape::line(&run.origin.to_string()));
    }
    if let Some(defect) = &run.defect {
        parts.push(format!("defect {}", escape::line(defect)));
    }
    let mut used = word.len() + 2 + name.chars().count();
    let word = paint(palette.verdict(record.verdict), word);
    let mut text = format!("{word}  {}", paint(palette.name, &name));
    for part in parts {
        let columns = part.chars().count();
        if used + PART_GAP.len() + columns > palette.columns() {
            text.push_str(&format!("\n{HEAD_INDENT}{part}"));
            used = HEAD_INDENT.len() + columns;
        } else {
            text.push_str(&format!("{PART_GAP}{part}"));
            used += PART_GAP.len() + columns;
        }
    }
    text.push('\n');
    text
}

/// The space between the parts of a head line.
const PART_GAP: &str = "   ";

/// The indentation of the second line of a head.
const HEAD_INDENT: &str = "      ";

/// What the run ran on, how long it took, and how much its verdict matters.
fn about(record: &Record, headline: Option<&CheckRecord>) -> String {
    let run = &record.run;
    let (db, simulator) = (escape::line(&run.db), escape::line(&run.simulator));
    let time = numbers::span(record.virtual_ns);
    let priority =
        headline.map(|check| format!(", priority {}", check.priority.name())).unwrap_or_default();
    format!("{db}, {simulator}, {time} virtual{priority}")
}

/// How often the campaign shows the same; `None` if this run alone does.
fn found_in(finding: &Finding) -> Option<Row> {
    let counted = |number: usize, noun| numbers::counted(number as u64, noun);
    let ways = match finding.ways.len() {
        0 | 1 => String::new(),
        ways => format!(", in {}", counted(ways, "way")),
    };
    let runs = numbers::counted(finding.count, "run");
    let scenarios = counted(finding.scenarios.len(), "scenario");
    (finding.count > 1).then(|| Row::prose("found", format!("in {runs} of {scenarios}{ways}")))
}

fn check_name(check: &CheckRecord) -> String {
    let name = escape::line_within(&check.name, limits::TERMINAL_ASIDE_CHARS_MAX);
    match check.within_ns {
        None => name,
        Some(bound) => {
            let bound = duration::format(Duration::from_nanos(bound));
            format!("{name} (within {bound} after heal)")
        }
    }
}

/// The reason, and the events of the witness that the reason does not name.
fn witness(check: &CheckRecord, chars_max: usize) -> String {
    let why = match check.why.as_str() {
        "" => "the check gave no reason".to_owned(),
        why => escape::line_within(why, chars_max),
    };
    let named: Vec<&str> = why.split(|c: char| c != '#' && !c.is_ascii_digit()).collect();
    let mut events: Vec<String> = check
        .witness
        .iter()
        .map(|event| format!("#{event}"))
        .filter(|event| !named.contains(&event.as_str()))
        .collect();
    let left_out = events.len().saturating_sub(limits::WITNESS_EVENTS_MAX);
    events.truncate(limits::WITNESS_EVENTS_MAX);
    if left_out > 0 {
        events.push(format!("and {} more", numbers::grouped(left_out as u64)));
    }
    if events.is_empty() { why } else { format!("{why} ({})", events.join(", ")) }
}

fn other_checks(record: &Record, headline: Option<&CheckRecord>) -> Vec<Row> {
    let others: Vec<&CheckRecord> = record
        .checks
        .iter()
        .filter(|check| check.verdict != Verdict::Valid)
        .filter(|check| headline.is_none_or(|headline| !std::ptr::eq(headline, *check)))
        .collect();
    let shown = &others[..others.len().min(limits::TERMINAL_CHECKS_MAX)];
    let mut rows: Vec<Row> = shown
        .iter()
        .map(|check| {
            // The head line has the worst verdict; in a violated run, a check that is only unknown says so.
            let unknown = check.verdict == Verdict::Unknown && record.verdict == Verdict::Invalid;
            let verdict = if unknown { " (unknown)" } else { "" };
            let why = witness(check, limits::TERMINAL_ASIDE_CHARS_MAX);
            Row::prose("also", format!("{}{verdict}: {why}", check_name(check)))
        })
        .collect();
    let left_out = (others.len() - shown.len()) as u64;
    if left_out > 0 {
        rows.push(Row::prose("also", numbers::counted(left_out, "more check")));
    }
    rows
}

/// The difference that a replay in a fresh process showed; `None` if it was the same run.
fn triage(record: &Record) -> Option<Row> {
    let triage = record.triage.as_ref().filter(|triage| !triage.same_again)?;
    let why = triage.divergence.as_deref().unwrap_or("the first difference is not known");
    let why = escape::line_within(why, limits::TERMINAL_TEXT_CHARS_MAX);
    Some(Row::prose(
        "again",
        format!("NONDETERMINISM: a replay in a fresh process gave a different run; {why}"),
    ))
}

/// Whether the plan was not shrunk, so that it is unknown which faults are needed.
fn is_to_shrink(record: &Record) -> bool {
    let is_it = |triage: &Triage| triage.same_again && triage.minimal.is_none();
    record.verdict == Verdict::Invalid && record.triage.as_ref().is_some_and(is_it)
}

/// The needed faults, if the plan was shrunk. Otherwise the faults that fired, with their events, then the others.
fn faults(record: &Record) -> Vec<String> {
    let faults = &record.faults;
    if faults.is_empty() {
        return vec!["none".to_owned()];
    }
    if let Some(minimal) = record.triage.as_ref().and_then(|triage| triage.minimal.as_ref()) {
        let (needed, all) = (minimal.faults.len(), faults.len());
        let mut items: Vec<String> = capped(
            minimal
                .faults
                .iter()
                .map(|fault| {
                    escape::line_within(&fault.to_string(), limits::TERMINAL_ASIDE_CHARS_MAX)
                })
                .collect(),
            "more",
        );
        match items.first_mut() {
            Some(first) => *first = format!("{needed} of {all} needed: {first}"),
            None => items.push(format!("none of {all} needed")),
        }
        return items;
    }
    let fired = faults
        .iter()
        .filter_map(|fault| fault.fired.map(|event| format!("#{event} {}", fault_words(fault))));
    let unfired = faults
        .iter()
        .filter(|fault| fault.fired.is_none())
        .map(|fault| format!("never struck: {}", fault_words(fault)));
    let mut items = capped(fired.collect(), "more that struck");
    if is_to_shrink(record) {
        items.insert(0, "not shrunk; these struck:".to_owned());
    }
    items.extend(capped(unfired.collect(), "more that never struck"));
    items
}

fn fault_words(fault: &FaultRecord) -> String {
    escape::line_within(&fault.to_string(), limits::TERMINAL_ASIDE_CHARS_MAX)
}

fn capped(mut items: Vec<String>, rest: &str) -> Vec<String> {
    let left_out = items.len().saturating_sub(limits::TERMINAL_FAULTS_MAX);
    items.truncate(limits::TERMINAL_FAULTS_MAX);
    if left_out > 0 {
        items.push(format!("{} {rest}", numbers::grouped(left_out as u64)));
    }
    items
}
