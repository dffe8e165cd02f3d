//! The head of a page: the verdict, what was tried, and when and where.

use chaosdrill_core::{
    Campaign, Verdict,
    record::{Incomplete, Summary},
};
use maud::{Markup, html};

use super::{
    Page, parts,
    reach::{self, Untried},
    tried,
};
use crate::{incomplete, words};

pub(super) use super::parts::{capitalised, fact};

/// Links to the sections that the page has.
pub(super) fn contents(page: &Page<'_>, summary: &Summary, untried: &Untried<'_>) -> Markup {
    let links = [
        ("incomplete", "Incomplete", incomplete::cut(summary).is_some()),
        ("notes", "Missing parts", !page.notes.is_empty()),
        ("findings", "Findings", true),
        ("held", "What held", true),
        ("never", &reach::never_title(summary), !summary.never_hit.is_empty()),
        ("untried", untried.title(), !untried.is_empty()),
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
    let because = words::because(summary);
    html! {
        header #top .head {
            p.over { "Chaos drill" }
            h1 { (badge(summary.verdict)) " " (capitalised(&because)) "." }
            (reach::doubt(summary))
            @if let Some(incomplete) = &summary.incomplete { (self::incomplete(incomplete)) }
            (tried::sentences(campaign, summary))
            (tried::facts(campaign, summary))
            @if !summary.findings.is_empty() { (parts::where_to_run()) }
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

pub(super) fn text_or(text: &str, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { parts::text(text) }
}
