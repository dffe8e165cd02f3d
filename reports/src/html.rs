//! `report.html`: one file that needs nothing else, for somebody who did not write the drill.
//!
//! In a minute it says what was claimed, what was tried, what broke and how to see it again; in ten, what
//! happened, event by event. There is no script in it and nothing is fetched; style stands in the page, light
//! and dark, for a screen, a phone and paper. The templates are compiled, and escape every value; before that,
//! [`crate::escape`] has spelt what cannot be shown.
//!
//! Everything that depends on the machine stands between [`MEASURED_BEGIN`] and [`MEASURED_END`]: a block in the
//! head, and the time of each planted bug. The rest is equal, byte for byte, for equal input. Paths in commands
//! begin at the page's own folder for that reason.

mod coverage;
mod findings;
mod frame;
mod head;
mod held;
mod parts;
mod picture;
mod proofs;
mod run;

use chaosdrill_core::{
    Campaign,
    record::{Proof, RECORD_VERSION},
};
use maud::{Markup, html};

pub use crate::markdown::{MEASURED_BEGIN, MEASURED_END};
use crate::{against::Against, incomplete, limits, story::Story};
use parts::Fill;

pub use proofs::proofs;
pub use run::run;

/// What a page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// The stories of its findings, as far as their folders are there.
    pub stories: &'a [Story],
    /// What became of the planted bugs, where that was asked.
    pub proofs: &'a [Proof],
    /// An earlier campaign to compare with.
    pub against: Option<&'a Campaign>,
    /// What could not be read, in words.
    pub notes: &'a [String],
}

impl<'a> Page<'a> {
    /// The page of a campaign of which there is nothing but its records.
    pub fn of(campaign: &'a Campaign) -> Self {
        Self { campaign, stories: &[], proofs: &[], against: None, notes: &[] }
    }
}

/// The page of a campaign.
///
/// # Panics
///
/// When the page is longer than its bound, which no input can cause.
pub fn campaign(page: &Page<'_>) -> String {
    let summary = page.campaign.summary();
    let against = page.against.map(|earlier| Against::new(earlier, page.campaign));
    let mut notes: Vec<String> = newer(page.campaign.header.version).into_iter().collect();
    notes.extend(page.notes.iter().cloned());
    let body = html! {
        (head::header(page.campaign, &summary))
        main {
            (self::notes(&notes))
            (head::never_reached(&summary))
            (findings::section(page, &summary, against.as_ref()))
            (held::section(page.campaign, &summary))
            (proofs::section(page.proofs))
            (coverage::section(&summary))
        }
    };
    let incomplete = if incomplete::cut(&summary).is_some() { ", incomplete" } else { "" };
    let title = format!("Chaos drill: {}{incomplete}", summary.verdict.name());
    let html = frame::document(&title, &head::contents(page, &summary), &body);
    assert!(html.len() < limits::HTML_BYTES_MAX, "the bounds of the sections fit into the whole");
    html
}

/// What is not as it should be with the input.
fn notes(notes: &[String]) -> Markup {
    let fill = Fill::new(notes, limits::HTML_NOTES.0, limits::HTML_NOTES.1, |note| {
        html! { li { (parts::text(note)) } }
    });
    html! {
        @if !notes.is_empty() {
            section #notes .notes aria-labelledby="notes-title" {
                h2 #notes-title { "This report is not whole" }
                ul { (fill) }
                (fill.rest("note"))
            }
        }
    }
}

/// Says so where something was written by a newer version.
pub fn newer(version: u32) -> Option<String> {
    (version > RECORD_VERSION).then(|| {
        format!(
            "it was written in version {version} of the format, and this build knows {RECORD_VERSION}; what \
             it knows is shown"
        )
    })
}
