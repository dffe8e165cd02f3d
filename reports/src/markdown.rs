//! Renders `summary.md`: the results of a campaign, for a pull request or the page of a job.
//!
//! It never exceeds [`limits::MARKDOWN_BYTES_MAX`]: every section has a bound in rows and in bytes, and says what it
//! leaves out. All values that depend on the machine are between `<!-- measured -->` and `<!-- /measured -->`; two
//! campaigns with the same runs differ in nothing else.

pub(crate) mod findings;
pub(crate) mod proofs;
mod table;

use std::{cmp::Reverse, collections::BTreeMap};

use chaosdrill_core::record::{CampaignHeader, ScenarioSummary, SiteCoverage, Summary};

pub use self::proofs::proofs;
use self::table::Table;
use crate::{
    against::Against,
    command::Commands,
    escape, incomplete,
    limits::{self, MarkdownBounds},
    numbers, words,
};

/// The first line of the block that depends on the machine.
pub const MEASURED_BEGIN: &str = "<!-- measured -->";

/// The last line of the block that depends on the machine.
pub const MEASURED_END: &str = "<!-- /measured -->";

/// Renders a campaign's summary as Markdown, short enough for a comment. It is compared with an earlier campaign if
/// there is one, and begins with notes on files that could not be read.
///
/// # Panics
///
/// If the text is longer than its bound, which no input can cause.
pub fn summary(
    summary: &Summary,
    commands: Commands<'_>,
    against: Option<&Against>,
    notes: &[String],
) -> String {
    within(summary, commands, against, notes, &limits::MARKDOWN_SUMMARY)
}

/// A longer form, for the page of a job (`GITHUB_STEP_SUMMARY`).
///
/// # Panics
///
/// If the text is longer than its bound, which no input can cause.
pub fn job_summary(summary: &Summary, commands: Commands<'_>) -> String {
    within(summary, commands, None, &[], &limits::MARKDOWN_JOB)
}

fn within(
    summary: &Summary,
    commands: Commands<'_>,
    against: Option<&Against>,
    notes: &[String],
    bounds: &MarkdownBounds,
) -> String {
    let mut text = format!("# Chaos drill: {}\n\n", summary.verdict.name());
    if let Some(incomplete) = &summary.incomplete {
        text.push_str(&format!("**{}.**\n\n", capitalised(&incomplete::markdown(incomplete))));
    }
    text.push_str(&self::notes(notes));
    text.push_str(&format!("**{}.**\n\n", capitalised(&words::because(summary))));
    if let Some(against) = against {
        text.push_str(&format!("{}.\n\n", capitalised(&against.because())));
    }
    text.push_str(&header(&summary.campaign));
    text.push_str(&never_hit(summary, bounds));
    text.push_str(&findings::section(summary, against, bounds));
    text.push_str(&findings::commands(summary, commands, bounds));
    text.push_str(&findings::gone(against, bounds));
    text.push_str(&scenarios(summary, bounds));
    text.push_str(&untried(summary, bounds));
    text.push_str(&goals(summary, bounds));
    text.push_str(&acts(summary, bounds));
    text.push_str(&sites(summary, bounds));
    text.push_str(&sweeps(summary, bounds));
    let speed = capitalised(&words::speed(summary));
    text.push_str(&format!("\n{MEASURED_BEGIN}\n\n{speed}.\n\n{MEASURED_END}\n"));
    assert!(text.len() < bounds.bytes_max, "the bounds of the sections fit into the whole");
    text
}

/// A name in a code span.
fn name(text: &str) -> String {
    escape::markdown(text, limits::MARKDOWN_NAME_CHARS_MAX)
}

pub(crate) fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

fn header(campaign: &CampaignHeader) -> String {
    let mut parts = vec![
        format!("Seeds {}", name(&campaign.seeds)),
        name(&campaign.db),
        name(&campaign.simulator),
    ];
    if let Some(defect) = &campaign.defect {
        parts.push(format!("planted bug {}", name(defect)));
    }
    parts.push(format!("chaosdrill {}", name(&campaign.tool)));
    format!("{}\n", parts.join(", "))
}

/// Notes on files that could not be read. They come before the verdict, which does not know of them.
fn notes(notes: &[String]) -> String {
    if notes.is_empty() {
        return String::new();
    }
    let chars_max = limits::MARKDOWN_NOTE_CHARS_MAX;
    let mut text = "Parts of this report are missing:\n\n".to_owned();
    for note in notes.iter().take(limits::MARKDOWN_NOTES_MAX) {
        text.push_str(&format!("- {}\n", escape::markdown_line(note, chars_max)));
    }
    let more = notes.len().saturating_sub(limits::MARKDOWN_NOTES_MAX) as u64;
    if more > 0 {
        text.push_str(&format!("- and {}\n", numbers::counted(more, "more note")));
    }
    text.push('\n');
    text
}

fn never_hit(summary: &Summary, bounds: &MarkdownBounds) -> String {
    let table = Table::list(bounds.marks).fill(&summary.never_hit, |mark| {
        vec![escape::markdown_line(mark, limits::MARKDOWN_NAME_CHARS_MAX)]
    });
    table.section(&capitalised(&format!("{} hit", words::never(summary))), "mark")
}

fn untried(summary: &Summary, bounds: &MarkdownBounds) -> String {
    let names = words::untried(&summary.untried)
        .flat_map(|(what, names)| names.iter().map(move |site| (what, site)));
    let table = Table::new(&["what", "name"], bounds.untried)
        .fill(names, |(what, which)| vec![what.to_owned(), name(which)]);
    table.section("Not tried", "name")
}

fn scenarios(summary: &Summary, bounds: &MarkdownBounds) -> String {
    let mut scenarios: Vec<&ScenarioSummary> = summary.scenarios.iter().collect();
    // The cap must not hide what matters: the worst scenarios come first, then those with marks that were not hit.
    scenarios.sort_by_key(|scenario| {
        let tally = scenario.tally;
        let missed = scenario.marks.values().any(|hits| *hits == 0);
        Reverse((tally.invalid > 0, tally.unknown > 0, missed))
    });
    let head = ["scenario", "runs:", "valid:", "unknown:", "invalid:", "marks hit:", "claim"];
    let table = Table::new(&head, bounds.scenarios).fill(scenarios, |scenario| {
        let tally = scenario.tally;
        let hit = scenario.marks.values().filter(|hits| **hits > 0).count();
        vec![
            name(&scenario.name),
            numbers::grouped(tally.runs),
            numbers::grouped(tally.valid),
            numbers::grouped(tally.unknown),
            numbers::grouped(tally.invalid),
            format!("{hit} of {}", scenario.marks.len()),
            escape::markdown(&scenario.claim, limits::MARKDOWN_TEXT_CHARS_MAX),
        ]
    });
    table.section("Scenarios", "scenario")
}

/// Each list with its progress; what was not reached is at the top of the page already.
fn goals(summary: &Summary, bounds: &MarkdownBounds) -> String {
    let mut lists: Vec<(&str, u64, u64)> = Vec::new();
    for goal in &summary.goals {
        let done = u64::from(goal.hits() > 0);
        match lists.iter_mut().find(|(list, ..)| *list == goal.list) {
            Some((_, known, all)) => (*known, *all) = (*known + done, *all + 1),
            None => lists.push((&goal.list, done, 1)),
        }
    }
    let table = Table::new(&["list", "done:", "of:"], bounds.acts);
    let row = |(list, done, all)| vec![name(list), numbers::grouped(done), numbers::grouped(all)];
    table.fill(lists, row).section("Coverage goals", "list")
}

fn acts(summary: &Summary, bounds: &MarkdownBounds) -> String {
    let table = Table::new(&["kind of fault", "struck:"], bounds.acts);
    table.fill(by_number(&summary.faults_fired), number_row).section("Faults that struck", "kind")
}

fn sites(summary: &Summary, bounds: &MarkdownBounds) -> String {
    let mut sites: Vec<&SiteCoverage> = summary.coverage.iter().collect();
    sites.sort_by_key(|site| Reverse(site.passes));
    let struck = sites.iter().filter(|site| !site.struck.is_empty()).count() as u64;
    let table = Table::new(&["site", "passes:", "struck:", "by"], bounds.sites);
    let table = table.fill(&sites, |site| {
        let times = site.struck.values().fold(0, |sum: u64, times| sum.saturating_add(*times));
        let acts: Vec<String> = site
            .struck
            .iter()
            .take(limits::HTML_ACTS_MAX)
            .map(|(act, times)| format!("{} × {}", name(act), numbers::grouped(*times)))
            .collect();
        vec![
            name(&site.site),
            numbers::grouped(site.passes),
            numbers::grouped(times),
            acts.join(", "),
        ]
    });
    let title = format!(
        "Sites: {} of {} struck",
        numbers::grouped(struck),
        numbers::grouped(sites.len() as u64)
    );
    table.section(&title, "site")
}

fn sweeps(summary: &Summary, bounds: &MarkdownBounds) -> String {
    let head = ["sweep", "seed", "boundaries:", "single faults:", "two faults:", "left out:"];
    let table = Table::new(&head, bounds.sweeps).fill(&summary.sweeps, |sweep| {
        let two = sweep.during_recovery.saturating_add(sweep.pairs);
        let singles = match &sweep.same_as {
            Some(twin) => format!("as {}", name(twin)),
            None => numbers::grouped(sweep.singles),
        };
        vec![
            name(&sweep.scenario),
            sweep.seed.to_string(),
            numbers::grouped(sweep.boundaries),
            singles,
            numbers::grouped(two),
            numbers::grouped(sweep.left_out),
        ]
    });
    table.section("Sweeps", "sweep")
}

fn number_row((what, number): (&String, &u64)) -> Vec<String> {
    vec![name(what), numbers::grouped(*number)]
}

/// Sorts by count, the greatest first, then by name.
fn by_number(counts: &BTreeMap<String, u64>) -> Vec<(&String, &u64)> {
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by_key(|(_, number)| Reverse(**number));
    counts
}
