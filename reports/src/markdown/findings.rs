//! The findings section: one row per finding, then the plans and commands of the first few.
//!
//! A check that fails under a thousand seeds is one bug to fix; a row per run would hide the other findings.

use chaosdrill_core::{
    Verdict,
    record::{Finding, Summary},
};

use super::{name, table::Table};
use crate::{
    against::Against,
    command::Commands,
    escape,
    limits::{self, MarkdownBounds},
    numbers, prose, words,
};

/// The findings section; empty if all runs are valid.
pub(super) fn section(
    summary: &Summary,
    against: Option<&Against>,
    bounds: &MarkdownBounds,
) -> String {
    let status = against.map(|_| "status");
    let head = ["finding", "priority", "verdict", "scenario", "check", "runs:", "ways:"];
    let head: Vec<&str> = head.into_iter().chain(status).chain(["why"]).collect();
    let table = Table::new(&head, bounds.findings);
    let table = table.fill(&summary.findings, |finding| {
        let cells = [
            id(finding),
            finding.priority.name().to_owned(),
            finding.verdict.name().to_owned(),
            name(&finding.run.scenario),
            name(&finding.check),
            numbers::grouped(finding.count),
            numbers::grouped(finding.ways.len() as u64),
        ];
        let status = against.map(|against| against.status(finding).name().to_owned());
        let why = escape::markdown(&finding.why, limits::MARKDOWN_TEXT_CHARS_MAX);
        cells.into_iter().chain(status).chain([why]).collect()
    });
    table.section("Findings", "finding")
}

/// The number of a finding, which is not untrusted.
pub(crate) fn id(finding: &Finding) -> String {
    let digits: String = finding.id.chars().filter(char::is_ascii_digit).take(9).collect();
    format!("F{digits}")
}

/// Findings of the earlier campaign that this one does not have; empty if there are none.
pub(super) fn gone(against: Option<&Against>, bounds: &MarkdownBounds) -> String {
    let Some(against) = against else { return String::new() };
    let list = |title: &str, findings: &[Finding]| {
        let item = |finding: &Finding| {
            vec![format!("{} in {}", name(&finding.check), name(&finding.run.scenario))]
        };
        Table::list(bounds.commands).fill(findings, item).section(title, "finding")
    };
    let fixed = list("Fixed since the earlier campaign", against.fixed());
    fixed + &list("Found in the earlier campaign, and not run again", against.not_looked_for())
}

/// The commands that replay each finding; empty if there are no findings.
pub(super) fn commands(
    summary: &Summary,
    commands: Commands<'_>,
    bounds: &MarkdownBounds,
) -> String {
    let list = Table::list(bounds.commands);
    let list = list.fill(&summary.findings, |finding| vec![again(summary, commands, finding)]);
    list.section("Commands to replay the findings", "finding")
}

fn again(summary: &Summary, commands: Commands<'_>, finding: &Finding) -> String {
    let run = commands.of(&finding.run);
    let mut parts = vec![format!("**{}** {}", id(finding), plan(finding))];
    let mut add = |label: &str, text: String| parts.push(format!("  - {label} {text}"));
    let kept = summary.campaign.kept_of(&finding.run);
    if let Some(kept) = kept {
        let why = escape::markdown_line(&kept.why, limits::MARKDOWN_TEXT_CHARS_MAX);
        add("kept", format!("{}: {why}", name(&kept.file)));
    }
    add("replay", span(&run.replay()));
    match finding.minimal() {
        Some(_) => {
            add("minimal", span(&run.minimal()));
            if let Some(why) = shows(finding) {
                let why = escape::markdown_line(why, limits::MARKDOWN_TEXT_CHARS_MAX);
                add("which shows", why);
            }
        }
        None if finding.verdict == Verdict::Invalid => add("shrink", span(&run.shrink())),
        None => {}
    }
    if finding.verdict == Verdict::Invalid && kept.is_none() {
        add("keep", span(&run.keep()));
    }
    parts.join("\n")
}

/// A command in a code span, never truncated: half a command is worse than none.
pub(crate) fn span(command: &str) -> String {
    if command.len() > limits::MARKDOWN_COMMAND_BYTES_MAX {
        return "(too long to show)".to_owned();
    }
    escape::markdown_line(command, limits::MARKDOWN_COMMAND_BYTES_MAX)
}

/// The outcome of the smallest plan, if it differs from that of the whole run.
pub(crate) fn shows(finding: &Finding) -> Option<&str> {
    let why = finding.triage.as_ref()?.minimal.as_ref()?.why.as_deref()?;
    (why != finding.why).then_some(why)
}

/// The smallest plan in words, and whether the violation was reproduced.
fn plan(finding: &Finding) -> String {
    let Some(triage) = &finding.triage else {
        return "not replayed in a fresh process".to_owned();
    };
    let again = if triage.same_again {
        "reproduced in a fresh process"
    } else {
        "**a fresh process gave a different run**"
    };
    let Some(minimal) = &triage.minimal else {
        return format!("{again}; plan {}", words::not_smaller());
    };
    let faults: Vec<String> = minimal
        .faults
        .iter()
        .take(limits::MARKDOWN_PLAN_FAULTS_MAX)
        .map(|fault| escape::markdown_line(&prose::fault(fault), limits::MARKDOWN_TEXT_CHARS_MAX))
        .collect();
    let more = numbers::and_more(minimal.faults.len().saturating_sub(faults.len()) as u64);
    let needs = numbers::counted(minimal.faults.len() as u64, "fault");
    let colon = if faults.is_empty() { "" } else { ": " };
    let runs = numbers::counted(minimal.runs, "run");
    format!("{again}; needs {needs} (shrunk in {runs}){colon}{}{more}", faults.join(" "))
}
