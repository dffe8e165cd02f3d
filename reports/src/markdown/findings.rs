//! The findings section: one row per finding, then the plans and commands of the first few.
//!
//! A check that fails under a thousand seeds is one bug to fix; a row per run would hide the other findings.

use chaosdrill_core::{
    Verdict,
    record::{Finding, Summary},
};

use super::{name, table::Table};
use crate::{
    command, escape,
    limits::{self, MarkdownBounds},
    numbers, words,
};

/// The findings section; empty if all runs are valid.
pub(super) fn section(summary: &Summary, bounds: &MarkdownBounds) -> String {
    let head = ["finding", "priority", "verdict", "scenario", "check", "runs:", "why"];
    let table = Table::new(&head, bounds.findings);
    let table = table.fill(&summary.findings, |finding| {
        vec![
            id(finding),
            finding.priority.name().to_owned(),
            finding.verdict.name().to_owned(),
            name(&finding.run.scenario),
            name(&finding.check),
            numbers::grouped(finding.count),
            escape::markdown(&finding.why, limits::MARKDOWN_TEXT_CHARS_MAX),
        ]
    });
    table.section("Findings", "finding")
}

/// The number of a finding, which is not untrusted.
pub(crate) fn id(finding: &Finding) -> String {
    let digits: String = finding.id.chars().filter(char::is_ascii_digit).take(9).collect();
    format!("F{digits}")
}

/// The commands that replay each finding; empty if there are no findings.
pub(super) fn commands(summary: &Summary, bounds: &MarkdownBounds) -> String {
    let program = &summary.campaign.program;
    let list = Table::list(bounds.commands);
    let list = list.fill(&summary.findings, |finding| vec![again(program, finding)]);
    let mut text = list.section("To see them again", "finding");
    if !text.is_empty() {
        text.push_str("\nPaths in commands begin at the folder of the campaign.\n");
    }
    text
}

fn again(program: &str, finding: &Finding) -> String {
    let folder = command::folder(&finding.run);
    let mut parts = vec![format!("**{}** {}", id(finding), plan(finding))];
    let mut add = |label: &str, text: String| parts.push(format!("  - {label} {text}"));
    add("replay", span(&command::replay(program, &finding.run, None)));
    let file = |name: &str| format!("{folder}/{name}");
    match finding.minimal() {
        Some(_) => {
            let minimal = command::replay(program, &finding.run, Some(&file("plan.min.toml")));
            add("minimal", span(&minimal));
            if let Some(why) = shows(finding) {
                let why = escape::markdown_line(why, limits::MARKDOWN_TEXT_CHARS_MAX);
                add("which shows", why);
            }
        }
        None if finding.verdict == Verdict::Invalid => {
            add("shrink", span(&command::shrink(program, &file("plan.toml"))));
        }
        None => {}
    }
    if finding.verdict == Verdict::Invalid {
        add("keep", span(&command::keep(program, &folder)));
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
        return "was not replayed in a fresh process".to_owned();
    };
    let again = if triage.same_again { "came again" } else { "**did not come again the same**" };
    let Some(minimal) = &triage.minimal else {
        return format!("{again}; its plan was {}", words::not_smaller());
    };
    let faults: Vec<String> = minimal
        .faults
        .iter()
        .take(limits::MARKDOWN_PLAN_FAULTS_MAX)
        .map(|fault| escape::markdown_line(&fault.to_string(), limits::MARKDOWN_NAME_CHARS_MAX))
        .collect();
    let more = numbers::and_more(minimal.faults.len().saturating_sub(faults.len()) as u64);
    let needs = if faults.is_empty() { "no fault".to_owned() } else { faults.join(", ") };
    format!("{again}, and needs {needs}{more} (found in {})", numbers::counted(minimal.runs, "run"))
}
