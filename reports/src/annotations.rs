//! Annotations for GitHub Actions: workflow commands, one per line, on standard output.
//!
//! GitHub shows ten annotations of a kind per step and drops the rest silently, so the tenth says how many more there
//! are. `%` and line breaks are percent-encoded, and so are `:` and `,` in properties.

use chaosdrill_core::{
    Verdict,
    record::{Finding, Summary},
};

use crate::{command, escape, incomplete, limits, numbers, words};

/// The annotations of a campaign: an error for each finding and if the campaign is incomplete, a warning for each
/// unknown and for each mark without a hit.
pub fn github(summary: &Summary) -> String {
    let program = &summary.campaign.program;
    let of = |verdict| summary.findings.iter().filter(move |finding| finding.verdict == verdict);
    let errors = of(Verdict::Invalid).map(|finding| annotation("error", finding, program));
    let unknown = of(Verdict::Unknown).map(|finding| annotation("warning", finding, program));
    let whole = words::is_whole(summary);
    let marks = summary.never_hit.iter().filter(|_| whole).map(|mark| {
        let message = format!("no run came to what this mark stands for: {mark}");
        workflow_command("warning", "never reached", &message)
    });
    let (cut, partly) = incomplete(summary);
    // The cap never drops the first annotation of a kind.
    let mut lines: Vec<String> = partly.into_iter().collect();
    lines.extend(capped("error", cut.into_iter().chain(errors).collect()));
    lines.extend(capped("warning", unknown.chain(marks).collect()));
    lines.concat()
}

/// An error if runs are missing, or a notice if the campaign ran for as long as was ordered.
fn incomplete(summary: &Summary) -> (Option<String>, Option<String>) {
    let Some(incomplete) = &summary.incomplete else { return (None, None) };
    let sentence = incomplete::plain(incomplete);
    if incomplete.is_as_ordered() {
        (None, Some(workflow_command("notice", "partly covered", &sentence)))
    } else {
        (Some(workflow_command("error", "incomplete", &sentence)), None)
    }
}

fn annotation(kind: &str, finding: &Finding, program: &str) -> String {
    let title = format!("{}: {}", finding.id, finding.check);
    let scenario = &finding.run.scenario;
    let runs = numbers::counted(finding.count, "run");
    let replay = command::replay(program, &finding.run, None);
    let smaller = match &finding.triage {
        Some(triage) if triage.same_again && triage.minimal.is_none() => {
            let plan = format!("{}/plan.toml", command::folder(&finding.run));
            format!(". Its plan was not made smaller: {}", command::shrink(program, &plan))
        }
        _ => String::new(),
    };
    let message = format!("{} ({scenario}, {runs}). Replay: {replay}{smaller}", finding.why);
    workflow_command(kind, &title, &message)
}

/// One workflow command, with its line feed.
fn workflow_command(kind: &str, title: &str, message: &str) -> String {
    let shown = |text: &str| encoded(&escape::line_within(text, limits::ANNOTATION_CHARS_MAX));
    let title = shown(title).replace(':', "%3A").replace(',', "%2C");
    format!("::{kind} title={title}::{}\n", shown(message))
}

fn encoded(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn capped(kind: &str, mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > limits::ANNOTATIONS_MAX {
        let shown = limits::ANNOTATIONS_MAX - 1;
        let more = numbers::grouped((lines.len() - shown) as u64);
        lines.truncate(shown);
        let message = format!("and {more} more; the report has them all");
        lines.push(workflow_command(kind, "more", &message));
    }
    lines
}
