//! What no run reached, and what no fault struck. It stands below what held, because it does not change what was found;
//! only if it decides the verdict, a sentence at the top says so.

use chaosdrill_core::{Verdict, record::Summary};
use maud::{Markup, html};

use super::parts::{self, Fill, name};
use crate::{limits, numbers, words};

/// What a campaign could have tried and did not, and what it could not try.
pub(super) struct Untried<'a> {
    /// A label and the names, for each list of what could have been tried.
    lists: Vec<(&'static str, &'a [String])>,
    /// Sites that no fault can strike.
    of_clients: &'a [String],
}

impl<'a> Untried<'a> {
    pub(super) fn of(summary: &'a Summary) -> Self {
        Self {
            lists: words::untried(&summary.untried).collect(),
            of_clients: &summary.untried.client_sites,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lists.is_empty() && self.of_clients.is_empty()
    }

    pub(super) fn title(&self) -> &'static str {
        if self.lists.is_empty() { "Out of reach" } else { "Not tried" }
    }

    pub(super) fn section(&self) -> Markup {
        html! {
            @if !self.is_empty() {
                section #untried aria-labelledby="untried-title" {
                    h2 #untried-title { (self.title()) }
                    @if !self.lists.is_empty() {
                        p { "This campaign shows nothing about what would happen there." }
                    }
                    @for (what, names) in &self.lists {
                        (folded(what, names, names.len() <= limits::HTML_UNTRIED_OPEN))
                    }
                    @if !self.of_clients.is_empty() {
                        p {
                            "Faults strike the hosts of the pipeline and of the outside world, but not clients. In "
                            "the fault-free runs, only clients pass the following sites."
                        }
                        (folded("Sites of clients", self.of_clients, false))
                    }
                }
            }
        }
    }
}

fn folded(what: &str, names: &[String], is_open: bool) -> Markup {
    let (rows, bytes) = limits::HTML_UNTRIED;
    let fill = Fill::new(names, rows, bytes, |site| html! { li { code { (name(site)) } } });
    html! {
        details .untried open[is_open] {
            summary { (what) ": " (numbers::grouped(names.len() as u64)) }
            ul { (fill) }
            (fill.rest("name"))
        }
    }
}

/// The title of the section of marks and goals without a hit.
pub(super) fn never_title(summary: &Summary) -> String {
    parts::capitalised(&format!("{} reached", words::never(summary)))
}

/// A sentence for the top of the page, if marks or goals without a hit make the verdict unknown.
pub(super) fn doubt(summary: &Summary) -> Markup {
    let decides = summary.verdict == Verdict::Unknown && words::is_whole(summary);
    let number = summary.never_hit.len() as u64;
    html! {
        @if decides && number > 0 {
            p.doubt {
                "The verdict is unknown because no run reached "
                a href="#never" { (numbers::grouped(number)) @if number == 1 { " mark or goal" } @else { " marks or goals" } }
                ". A claim that was not tested did not hold."
            }
        }
    }
}

/// Marks and goals that no run reached.
pub(super) fn never(summary: &Summary) -> Markup {
    let marks = &summary.never_hit;
    let (rows, bytes) = limits::HTML_MARKS;
    let fill = Fill::new(marks, rows, bytes, |mark| html! { li { code { (name(mark)) } } });
    html! {
        @if !marks.is_empty() {
            section #never aria-labelledby="never-title" {
                h2 #never-title { (never_title(summary)) }
                p {
                    "No run hit these marks or reached these goals. "
                    @if words::is_whole(summary) {
                        "The events that they name did not happen, so the verdict is unknown at best."
                    } @else if summary.incomplete.is_some() {
                        "The campaign is incomplete; one of the missing runs may reach them."
                    } @else {
                        "Only a part of the drill ran. If a campaign of all scenarios does not reach them either, its "
                        "verdict is unknown at best."
                    }
                }
                ul { (fill) }
                (fill.rest("mark"))
            }
        }
    }
}
