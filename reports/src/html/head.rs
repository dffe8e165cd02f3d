//! The head of a page: the verdict, the runs and their cost, and the marks and sites that no run reached, in red.

use chaosdrill_core::{
    Campaign, Verdict,
    record::{Incomplete, Summary},
    trace,
};
use maud::{Markup, PreEscaped, html};

use super::{
    MEASURED_BEGIN, MEASURED_END, Page,
    parts::{self, Fill, name},
};
use crate::{incomplete, limits, numbers, words};

/// Links to the sections that the page has.
pub(super) fn contents(page: &Page<'_>, summary: &Summary) -> Markup {
    let links = [
        ("incomplete", "Incomplete", incomplete::cut(summary).is_some()),
        ("notes", "Not whole", !page.notes.is_empty()),
        ("never", &never(summary), !summary.never_hit.is_empty() || !summary.untried.is_empty()),
        ("findings", "Findings", true),
        ("held", "What held", true),
        ("proofs", "Planted bugs", !page.proofs.is_empty()),
        ("coverage", "Coverage", true),
    ];
    html! {
        nav.contents aria-label="Sections" {
            a href="#top" { "Chaos drill" }
            @for (id, title, _) in links.iter().filter(|(_, _, there)| *there) {
                a href=(format!("#{id}")) { (title) }
            }
        }
    }
}

/// A verdict as a badge.
pub(super) fn badge(verdict: Verdict) -> Markup {
    let class = match verdict {
        Verdict::Valid => "badge good",
        Verdict::Unknown => "badge doubtful",
        Verdict::Invalid => "badge bad",
    };
    html! { span class=(class) { (verdict.name()) } }
}

pub(super) fn header(campaign: &Campaign, summary: &Summary) -> Markup {
    let head = &campaign.header;
    let because = words::because(summary);
    html! {
        header #top .head {
            p.over { "Chaos drill" }
            h1 { (badge(summary.verdict)) " " (capitalised(&because)) "." }
            @if let Some(incomplete) = &summary.incomplete { (self::incomplete(incomplete)) }
            dl.facts {
                (fact("Runs", &numbers::grouped(summary.tally.runs)))
                (fact("Scenarios", &numbers::grouped(head.scenarios.len() as u64)))
                (fact("Seeds", &name(&head.seeds)))
                (fact("Faults by", &name(&head.nemeses.join(", "))))
                (fact("Database", &name(&head.db)))
                (fact("Simulator", &name(&head.simulator)))
                @if let Some(defect) = &head.defect { (fact("Planted bug", &name(defect))) }
                @if let Some(part) = &head.partition { (fact("Part", &name(part))) }
                (fact("Virtual time", &numbers::span(summary.virtual_ns)))
                div { dt { "Digest of all runs" } dd { code { (digest(campaign)) } } }
                (fact("chaosdrill", &name(&head.tool)))
            }
            (measured(summary))
            (parts::where_to_run(&head.program))
        }
    }
}

/// What is missing of a campaign, in a prominent box.
fn incomplete(incomplete: &Incomplete) -> Markup {
    let sentence = capitalised(&incomplete::plain(incomplete));
    let class = if incomplete.is_as_ordered() { "incomplete ordered" } else { "incomplete" };
    // A browser breaks lines after hyphens, which would split `--resume`. A long word is untrusted and must stay
    // breakable.
    let is_flag = |word: &str| word.starts_with("--") && word.len() < 16;
    html! {
        p #incomplete class=(class) {
            @for word in sentence.split_inclusive(' ') {
                @if is_flag(word) { span.flag { (word) } } @else { (word) }
            }
            "."
        }
    }
}

pub(super) fn fact(label: &str, value: &str) -> Markup {
    html! { div { dt { (label) } dd { (value) } } }
}

pub(super) fn capitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

/// One digest of all runs, which is equal if the digest of each run is.
fn digest(campaign: &Campaign) -> String {
    let each: Vec<&str> =
        campaign.records.iter().map(|record| record.digest.as_deref().unwrap_or("-")).collect();
    trace::short_hash(each.join("\n").as_bytes())
}

/// The values that depend on the machine.
fn measured(summary: &Summary) -> Markup {
    let commit = summary.measured.as_ref().and_then(|measured| measured.commit.as_deref());
    html! {
        (PreEscaped(MEASURED_BEGIN))
        aside.measured aria-label="Measured on this machine" {
            p {
                "Measured: " (words::speed(summary)) "."
                @if let Some(commit) = commit { " Commit " code { (name(commit)) } "." }
            }
        }
        (PreEscaped(MEASURED_END))
    }
}

/// The title of the section of what no run reached. A mark must be hit; a site or an act may only lack runs.
fn never(summary: &Summary) -> String {
    let what = if summary.never_hit.is_empty() { "tried" } else { "reached" };
    capitalised(&format!("{} {what}", words::never(summary)))
}

/// What no run reached. It comes first, because it limits what the rest can claim.
pub(super) fn never_reached(summary: &Summary) -> Markup {
    let marks = &summary.never_hit;
    let (rows, bytes) = limits::HTML_MARKS;
    let fill = Fill::new(marks, rows, bytes, |mark| {
        html! { li { code { (name(mark)) } } }
    });
    html! {
        @if !marks.is_empty() || !summary.untried.is_empty() {
            section #never .never aria-labelledby="never-title" {
                h2 #never-title { (never(summary)) }
                @if !marks.is_empty() { p {
                    @if words::is_whole(summary) {
                        "No run came to what these marks and goals stand for. A claim that was never put to the test "
                        "did not hold: it was not tried."
                    } @else if summary.incomplete.is_some() {
                        "No run came to what these marks and goals stand for. The campaign did not run all that was "
                        "ordered; a run that is missing may come to them."
                    } @else {
                        "No run came to what these marks and goals stand for. Only a part of the drill ran; where a "
                        "drill of all scenarios does not come to them either, its verdict is unknown."
                    }
                } }
                @if !marks.is_empty() { ul { (fill) } }
                (fill.rest("mark"))
                @for (what, names) in words::untried(&summary.untried) { (untried(what, names)) }
            }
        }
    }
}

/// A list of what no run reached, folded if it is long.
fn untried(what: &str, names: &[String]) -> Markup {
    let (rows, bytes) = limits::HTML_UNTRIED;
    let fill = Fill::new(names, rows, bytes, |site| html! { li { code { (name(site)) } } });
    html! {
        details .untried open[names.len() <= limits::HTML_UNTRIED_OPEN] {
            summary { (what) ": " (numbers::grouped(names.len() as u64)) }
            ul { (fill) }
            (fill.rest("site"))
        }
    }
}

pub(super) fn text_or(text: &str, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { parts::text(text) }
}
