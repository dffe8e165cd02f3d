//! Annotations for GitHub Actions: workflow commands, one per line, on standard output.
//!
//! GitHub shows ten annotations of a kind per step and drops the rest silently, so the tenth says how many more there
//! are. `%` and line breaks are percent-encoded, and so are `:` and `,` in properties.

use chaosdrill_core::{
    Verdict,
    record::{Finding, Summary},
};

use crate::{command::Commands, escape, incomplete, limits, numbers, words};

/// The annotations of a campaign: an error for each finding and if the campaign is incomplete, a warning for each
/// unknown and for each mark without a hit.
pub fn github(summary: &Summary, commands: Commands<'_>) -> String {
    let of = |verdict| summary.findings.iter().filter(move |finding| finding.verdict == verdict);
    let errors =
        of(Verdict::Invalid).map(|finding| annotation("error", summary, finding, commands));
    let unknown =
        of(Verdict::Unknown).map(|finding| annotation("warning", summary, finding, commands));
    let whole = words::is_whole(summary);
    let marks = summary.never_hit.iter().filter(|_| whole).map(|mark| {
        let message = format!("no run reached this mark: {mark}");
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

fn annotation(kind: &str, summary: &Summary, finding: &Finding, commands: Commands<'_>) -> String {
    let title = format!("{}: {}", finding.id, finding.check);
    let run = commands.of(&finding.run);
    let runs = numbers::counted(finding.count, "run");
    let kept = summary.campaign.kept_of(&finding.run);
    let kept = kept.map(|kept| format!(". The plan is kept in {}: {}", kept.file, kept.why));
    let smaller = match &finding.triage {
        Some(triage) if triage.same_again && triage.minimal.is_none() => {
            format!(". Its plan was not shrunk; to shrink it: {}", run.shrink())
        }
        _ => String::new(),
    };
    let message = format!(
        "{} ({}, {runs}). Replay: {}{smaller}{}",
        finding.why,
        finding.run.scenario,
        run.replay(),
        kept.unwrap_or_default()
    );
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
        let message = format!("and {more} more; the report has all of them");
        lines.push(workflow_command(kind, "more", &message));
    }
    lines
}
