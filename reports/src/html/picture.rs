//! A timeline on a page: the picture, its legend, and the same in words.

use maud::{Markup, PreEscaped, html};

use super::parts;
use crate::{numbers, timeline::Timeline};

/// A picture with its legend, and the same in words.
pub(super) fn drawn(picture: &Timeline, id: &str) -> Markup {
    let about = picture.subject.as_deref();
    let sheets = picture.draw_parts(id);
    let drawn = picture.draw(id);
    html! {
        figure.picture {
            figcaption {
                "What happened"
                @if let Some(about) = about { " to " code { (about) } }
                ", from top to bottom. A grey row is a span of time without events. "
                "Left out: " (numbers::counted(picture.left_out, "event")) " about other things."
            }
            @match sheets {
                None => (parts::wide("Timeline", &drawn)),
                Some(sheets) => {
                    (parts::wide("Timeline", &html! { div.on-screen { (drawn) } }))
                    (sheets)
                }
            }
            (legend())
            details.words {
                summary { "The timeline as text" }
                ol { @for row in &picture.rows {
                    li class=[row.witness.then_some("strong")] {
                        @if let Some(event) = row.event { "#" (event) " " }
                        span.at { (numbers::instant(row.at_ns)) } " " (row.detail)
                    }
                } }
            }
        }
    }
}

fn legend() -> Markup {
    let entries = [
        ("lease", "<rect class='tl-lease' x='6' y='1' width='5' height='12' rx='2.5'/>", "lease"),
        (
            "step",
            "<rect class='tl-step' x='5' y='1' width='8' height='12' rx='2'/>",
            "step until its answer",
        ),
        (
            "tx",
            "<rect class='tl-transaction' x='2' y='1' width='14' height='12' rx='2'/>",
            "transaction",
        ),
        ("said", "<circle class='tl-mark' cx='9' cy='7' r='3.5'/>", "reported by the host"),
        (
            "write",
            "<rect class='tl-mark-write' x='5' y='3' width='8' height='8'/>",
            "watched row written",
        ),
        ("fault", "<path class='tl-mark-fault' d='M9 1l6 6-6 6-6-6z'/>", "fault"),
        (
            "stall",
            "<rect class='tl-stalled tl-plain' x='4' y='1' width='10' height='12'/>",
            "stalled",
        ),
        ("down", "<line class='tl-down' x1='9' y1='1' x2='9' y2='13'/>", "down"),
        (
            "band",
            "<rect class='tl-band' x='7' y='1' width='4' height='12'/>",
            "network or clock fault",
        ),
        ("witness", "<circle class='tl-ring' cx='9' cy='7' r='6'/>", "part of the witness"),
    ];
    html! {
        ul.legend aria-label="Legend" {
            @for (_, mark, label) in entries {
                li {
                    svg width="18" height="14" viewBox="0 0 18 14" aria-hidden="true" focusable="false" {
                        (PreEscaped(mark))
                    }
                    (label)
                }
            }
        }
    }
}
