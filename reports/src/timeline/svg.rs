//! Draws a timeline as SVG. Colours come from the page, by class; no information is in colour alone.

use maud::{Markup, html};

use super::{
    Arrow, Bar, Row, RowKind, Span, SpanKind, Timeline,
    frame::{Frame, HEAD_HEIGHT, LABEL_X, STATE_WIDTH},
    lettering::{TITLE_TENTHS, fitting, tenths},
};
use crate::numbers;

/// Draws a timeline; `id` is the prefix of all ids in it.
pub(super) fn draw(timeline: &Timeline, id: &str) -> Markup {
    let frame = Frame::of(timeline);
    let (width, height) = (frame.width, frame.height);
    let about = timeline.subject.as_deref().unwrap_or("the run");
    html! {
        svg.timeline role="img" viewBox=(format!("0 0 {width} {height}")) width=(width)
            height=(height) aria-labelledby=(format!("{id}-title {id}-desc"))
            xmlns="http://www.w3.org/2000/svg" {
            title id=(format!("{id}-title")) { "Timeline of " (about) }
            desc id=(format!("{id}-desc")) {
                (numbers::counted(timeline.lanes.len() as u64, "host")) ": "
                (timeline.lanes.join(", ")) ". Time runs down, in "
                (numbers::counted(timeline.rows.len() as u64, "row"))
                ". A text version is below the picture."
            }
            defs {
                marker id=(format!("{id}-head")) viewBox="0 0 8 8" refX="7" refY="4"
                    markerWidth="7" markerHeight="7" orient="auto" {
                    path.tl-head d="M0 0 8 4 0 8z" {}
                }
                pattern id=(format!("{id}-hatch")) width="6" height="6"
                    patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect.tl-hatch-ground width="6" height="6" {}
                    line.tl-hatch-line x1="0" y1="0" x2="0" y2="6" {}
                }
            }
            g id=(format!("{id}-rows")) {
                @for (index, row) in timeline.rows.iter().enumerate() { (ground(row, index, &frame)) }
                (lanes(timeline, &frame))
                @for span in &timeline.spans { (self::span(span, &frame, id)) }
                @for bar in &timeline.bars { (self::bar(bar, &frame)) }
                @for arrow in &timeline.arrows { (self::arrow(arrow, timeline, &frame, id)) }
                (states(timeline, &frame))
                @for (index, row) in timeline.rows.iter().enumerate() {
                    (self::row(row, index, timeline, &frame, id))
                }
            }
            (names(timeline, &frame, id))
        }
    }
}

/// Draws a picture again in parts for paper, so that a page can end between two of them and begins with the names of
/// the hosts. The parts only refer to the picture, which must be on the same page. `None` if the picture is short.
pub(super) fn parts(timeline: &Timeline, id: &str) -> Option<Markup> {
    let frame = Frame::of(timeline);
    let parts = frame.parts();
    let part = |what: &str, top: i32, height: i32| {
        html! {
            svg viewBox=(format!("0 {top} {} {height}", frame.width)) xmlns="http://www.w3.org/2000/svg" {
                use href=(format!("#{id}-{what}")) {}
            }
        }
    };
    (!parts.is_empty()).then(|| {
        html! {
            div.sheets aria-hidden="true" {
                div.sheets-head { (part("names", 0, HEAD_HEIGHT)) }
                @for (top, bottom) in parts { div.sheets-part { (part("rows", top, bottom - top)) } }
            }
        }
    })
}

/// The background of a row.
fn ground(row: &Row, index: usize, frame: &Frame) -> Markup {
    let (top, bottom) = (frame.y(index as f32), frame.y(index as f32 + 1.0));
    let class = match row.kind {
        RowKind::Gap => "tl-gap",
        RowKind::Violation => "tl-violation-ground",
        RowKind::Fault => "tl-fault-ground",
        _ if row.witness => "tl-witness-ground",
        _ => return html! {},
    };
    html! {
        rect class=(class) x="0" y=(top + 1) width=(frame.width) height=(bottom - top - 2) rx="3" {}
    }
}

fn lanes(timeline: &Timeline, frame: &Frame) -> Markup {
    let bottom = frame.height - 6;
    html! {
        @for (lane, name) in timeline.lanes.iter().enumerate() {
            @let x = frame.line(lane);
            g {
                title { "host " (name) }
                line.tl-life x1=(x) y1="30" x2=(x) y2=(bottom) {}
            }
        }
    }
}

/// The names above the lanes.
fn names(timeline: &Timeline, frame: &Frame, id: &str) -> Markup {
    html! {
        g id=(format!("{id}-names")) {
            @for (lane, name) in timeline.lanes.iter().enumerate() {
                @let (x, width) = (frame.line(lane), frame.lanes[lane].1);
                g {
                    title { "host " (name) }
                    text.tl-host x=(x) y="20" text-anchor="start" dx="-8" { (fitting(name, width - 20, TITLE_TENTHS)) }
                }
            }
            @if let (Some(subject), false) = (&timeline.subject, timeline.states.is_empty()) {
                g {
                    title { "states of " (subject) }
                    text.tl-host x=(frame.states_x + 6) y="20" { (fitting(subject, STATE_WIDTH - 12, TITLE_TENTHS)) }
                }
            }
        }
    }
}

fn span(span: &Span, frame: &Frame, id: &str) -> Markup {
    let (x, top) = (frame.line(span.lane), frame.y(span.from));
    let height = (frame.y(span.to) - top).max(2);
    let title = &span.label;
    html! {
        @match span.kind {
            SpanKind::Stalled => {
                g { title { (title) }
                    rect.tl-stalled x=(x - 5) y=(top) width="10" height=(height)
                        fill=(format!("url(#{id}-hatch)")) {}
                }
            }
            SpanKind::Down => {
                g { title { (title) }
                    rect.tl-down-ground x=(x - 3) y=(top) width="6" height=(height) {}
                    line.tl-down x1=(x) y1=(top) x2=(x) y2=(top + height) {}
                }
            }
            SpanKind::Ended => {
                g { title { (title) }
                    rect.tl-down-ground x=(x - 3) y=(top) width="6" height=(height) {}
                    line.tl-ended x1=(x) y1=(top) x2=(x) y2=(top + height) {}
                }
            }
            SpanKind::Lease => {
                g { title { (title) }
                    rect.tl-lease x=(x - 14) y=(top) width="5" height=(height) rx="2.5" {}
                }
            }
            SpanKind::Band => {
                g { title { (title) " in force" }
                    rect.tl-band x=(x - 22) y=(top) width="4" height=(height) {}
                }
            }
        }
    }
}

fn bar(bar: &Bar, frame: &Frame) -> Markup {
    let (x, top) = (frame.line(bar.lane), frame.y(bar.from));
    let height = (frame.y(bar.to) - top).max(6);
    let (class, side) = match (bar.transaction, bar.failed) {
        (true, _) => ("tl-transaction", 7),
        (false, true) => ("tl-step tl-failed", 4),
        (false, false) => ("tl-step", 4),
    };
    html! {
        g { title { (bar.site) @if bar.transaction { " to its end" } }
            rect class=(class) x=(x - side) y=(top) width=(2 * side) height=(height) rx="2" {}
        }
    }
}

fn arrow(arrow: &Arrow, timeline: &Timeline, frame: &Frame, id: &str) -> Markup {
    let place = |row: usize| {
        let lane = timeline.rows.get(row)?.lane?;
        Some((lane, frame.line(lane), frame.middle(row)))
    };
    let Some((lane, x1, y1)) = place(arrow.from) else { return html! {} };
    let head = format!("url(#{id}-head)");
    match arrow.to.map(place) {
        Some(Some((other, x2, y2))) if other != lane => {
            let side = if x2 > x1 { 1 } else { -1 };
            html! {
                g { title { "message " (arrow.site) }
                    line.tl-message x1=(x1 + 5 * side) y1=(y1) x2=(x2 - 7 * side) y2=(y2)
                        marker-end=(head) {}
                }
            }
        }
        Some(_) => html! {},
        None => html! {
            g { title { "message " (arrow.site) ", after which no host was seen to act" }
                path.tl-lost d=(format!("M{} {y1}l-14 8m-5 -4l8 8m0 -8l-8 8", x1 - 5)) {}
            }
        },
    }
}

fn states(timeline: &Timeline, frame: &Frame) -> Markup {
    let x = frame.states_x;
    html! {
        @for (nth, state) in timeline.states.iter().enumerate() {
            @let top = frame.y(state.from);
            @let height = (frame.y(state.to) - top - 1).max(3);
            g {
                title { (state.label) }
                rect class=(if nth % 2 == 0 { "tl-state" } else { "tl-state tl-state-odd" })
                    x=(x + 6) y=(top) width="8" height=(height) rx="2" {}
                text class=(if state.witness { "tl-label tl-strong" } else { "tl-label" })
                    x=(x + 20) y=(top + 4) {
                    (fitting(&state.label, STATE_WIDTH - 24, tenths(state.witness)))
                }
            }
        }
    }
}

fn row(row: &Row, index: usize, timeline: &Timeline, frame: &Frame, id: &str) -> Markup {
    let y = frame.middle(index);
    let before = index.checked_sub(1).map(|last| &timeline.rows[last]);
    let is_new = before.is_none_or(|before| before.at_ns != row.at_ns);
    let anchor = row.event.map(|event| format!("{id}-e{event}"));
    html! {
        g id=[anchor] {
            title { (row.detail) }
            @if row.kind == RowKind::Gap {
                // At the left, so that it is visible on a screen that is narrower than the picture.
                text.tl-later x=(frame.line(0) + LABEL_X) y=(y + 4) { (row.label) }
            } @else {
                @if is_new {
                    text.tl-time x=(frame.time_x) y=(y + 4) text-anchor="end" { (numbers::instant(row.at_ns)) }
                }
                @if let Some(event) = row.event {
                    text class=(if row.witness { "tl-number tl-strong" } else { "tl-number" })
                        x=(frame.number_x) y=(y + 4) text-anchor="end" { "#" (event) }
                }
                @match (row.kind, row.lane) {
                    (RowKind::Violation, _) => (violation(row, index, frame)),
                    (_, Some(lane)) => (on_lane(row, y, lane, index, timeline, frame)),
                    (_, None) => (across(row, y, frame)),
                }
            }
        }
    }
}

fn violation(row: &Row, index: usize, frame: &Frame) -> Markup {
    let (top, y) = (frame.y(index as f32), frame.middle(index));
    html! {
        line.tl-rule x1="0" y1=(top + 2) x2=(frame.width) y2=(top + 2) {}
        text.tl-violation x=(frame.lanes_x) y=(y + 6) {
            (fitting(&row.label, frame.width - frame.lanes_x - 8, TITLE_TENTHS))
        }
    }
}

/// A row without a host, or of a host without a lane.
fn across(row: &Row, y: i32, frame: &Frame) -> Markup {
    let class = if row.kind == RowKind::Fault { "tl-label tl-fault" } else { "tl-label tl-phase" };
    html! {
        @if row.kind == RowKind::Phase {
            line.tl-phase-line x1=(frame.lanes_x) y1=(y + 9) x2=(frame.width) y2=(y + 9) {}
        }
        @if row.kind == RowKind::Fault { (lozenge(frame.lanes_x + 1, y)) }
        text class=(class) x=(frame.lanes_x + 11) y=(y + 4) {
            (fitting(&row.label, frame.width - frame.lanes_x - 19, tenths(row.kind == RowKind::Fault)))
        }
    }
}

fn lozenge(x: i32, y: i32) -> Markup {
    html! { path.tl-mark-fault d=(format!("M{x} {}l6 6-6 6-6-6z", y - 6)) {} }
}

fn on_lane(
    row: &Row,
    y: i32,
    lane: usize,
    index: usize,
    timeline: &Timeline,
    frame: &Frame,
) -> Markup {
    let x = frame.line(lane);
    let is_bar = timeline
        .bars
        .iter()
        .any(|bar| !bar.transaction && bar.lane == lane && bar.from as usize == index);
    let class = match row.kind {
        RowKind::Fault => "tl-label tl-fault",
        RowKind::Trouble => "tl-label tl-trouble",
        RowKind::Step => "tl-label tl-quiet",
        RowKind::Turn => "tl-label tl-turn",
        _ if row.witness => "tl-label tl-strong",
        _ => "tl-label",
    };
    let is_bold = row.witness || row.kind == RowKind::Fault;
    html! {
        @match row.kind {
            RowKind::Fault => (lozenge(x, y)),
            RowKind::Write => rect.tl-mark-write x=(x - 4) y=(y - 4) width="8" height="8" {},
            RowKind::Turn => circle.tl-mark-turn cx=(x) cy=(y) r="4" {},
            RowKind::Step | RowKind::Trouble if is_bar => {},
            RowKind::Step | RowKind::Trouble => circle.tl-mark-step cx=(x) cy=(y) r="3" {},
            _ => circle.tl-mark cx=(x) cy=(y) r="3.5" {},
        }
        @if row.witness { circle.tl-ring cx=(x) cy=(y) r="8" {} }
        text class=(class) x=(x + LABEL_X) y=(y + 4) {
            (fitting(&row.label, frame.states_x - x - LABEL_X - 4, tenths(is_bold)))
        }
    }
}
