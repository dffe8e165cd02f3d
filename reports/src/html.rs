//! Renders `report.html`: one self-contained file, for a reviewer who did not write the drill.
//!
//! A minute is enough to see what was claimed, what was tried, what broke and how to replay it; ten minutes are enough
//! to follow what happened, event by event. The page has no scripts and fetches nothing. Its style is inline, light
//! and dark, for screens, phones and paper. The compiled templates escape every value, after [`crate::escape`] has
//! spelt out unprintable characters.
//!
//! All values that depend on the machine and the moment are between [`MEASURED_BEGIN`] and [`MEASURED_END`]: the first
//! facts in the head, and the time of each planted bug. The rest is equal, byte for byte, for equal input. For that
//! reason paths in commands are relative to the page's own folder.

mod coverage;
mod findings;
mod frame;
mod glossary;
mod head;
mod held;
mod parts;
mod picture;
mod proofs;
mod reach;
mod run;
mod tried;

use chaosdrill_core::{
    Campaign,
    record::{Proof, RECORD_VERSION},
};
use maud::{Markup, html};

pub use crate::markdown::{MEASURED_BEGIN, MEASURED_END};
use crate::{against::Against, command::Commands, incomplete, limits, story::Story};
use parts::Fill;

pub use proofs::proofs;
pub use run::run;

/// The input of a page.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// The commands for its runs.
    pub commands: Commands<'a>,
    /// The stories of the findings whose folders exist.
    pub stories: &'a [Story],
    /// The results of `prove` for the planted bugs; empty if it did not run.
    pub proofs: &'a [Proof],
    /// The comparison with an earlier campaign, if there is one.
    pub against: Option<&'a Against>,
    /// Notes on files that could not be read.
    pub notes: &'a [String],
}

impl<'a> Page<'a> {
    /// A page of a campaign alone, without stories and all else.
    pub fn of(campaign: &'a Campaign, commands: Commands<'a>) -> Self {
        Self { campaign, commands, stories: &[], proofs: &[], against: None, notes: &[] }
    }
}

/// Renders the page of a campaign.
///
/// # Panics
///
/// If the page is longer than its bound, which no input can cause.
pub fn campaign(page: &Page<'_>) -> String {
    let summary = page.campaign.summary();
    let untried = reach::Untried::of(&summary);
    let mut notes: Vec<String> = newer(page.campaign.header.version).into_iter().collect();
    notes.extend(page.notes.iter().cloned());
    let body = html! {
        (head::header(page.campaign, &summary))
        main {
            (self::notes(&notes))
            (findings::section(page, &summary))
            (held::section(page.campaign, &summary))
            (reach::never(&summary))
            (untried.section())
            (proofs::section(page.proofs))
            (coverage::section(&summary))
        }
    };
    let incomplete = if incomplete::cut(&summary).is_some() { ", incomplete" } else { "" };
    let title = format!("Chaos drill: {}{incomplete}", summary.verdict.name());
    let html = frame::document(&title, &head::contents(page, &summary, &untried), &body);
    assert!(html.len() < limits::HTML_BYTES_MAX, "the bounds of the sections fit into the whole");
    html
}

/// Notes on problems with the input.
fn notes(notes: &[String]) -> Markup {
    let fill = Fill::new(notes, limits::HTML_NOTES.0, limits::HTML_NOTES.1, |note| {
        html! { li { (parts::text(note)) } }
    });
    html! {
        @if !notes.is_empty() {
            section #notes .notes aria-labelledby="notes-title" {
                h2 #notes-title { "Parts of this report are missing" }
                ul { (fill) }
                (fill.rest("note"))
            }
        }
    }
}

/// A note if the campaign was written by a newer version.
pub fn newer(version: u32) -> Option<String> {
    (version > RECORD_VERSION).then(|| {
        format!(
            "the campaign was written in version {version} of the format, which is newer than version {RECORD_VERSION} of \
             this build; the report shows only what this build can read"
        )
    })
}
