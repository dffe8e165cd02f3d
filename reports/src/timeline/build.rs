//! Builds a timeline from the chosen events: its rows, and the spans, bars and arrows between them.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill_core::{
    EventKind, Record, TraceEvent, duration,
    record::CheckRecord,
    trace::vocabulary::{FaultChange, Phase},
};

use super::{
    Arrow, Bar, Row, RowKind, Span, SpanKind, State, Timeline,
    choose::Chosen,
    describe, peers,
    spans::{self, Lease},
};
use crate::{escape, limits, numbers};

/// A future row, with its order: twice the index of its event, so that there is room between two events.
struct Item {
    order: usize,
    row: Row,
}

/// Builds a timeline; `None` if it has no rows.
pub(super) fn build(record: &Record, events: &[&TraceEvent], chosen: &Chosen) -> Option<Timeline> {
    let lanes = lanes(events, chosen);
    let steps = spans::steps(events);
    let failed: BTreeMap<usize, usize> = steps
        .iter()
        .filter(|step| !step.transaction && events[step.to].error().is_some())
        .map(|step| (step.from, step.to))
        .collect();
    let leases = spans::leases(events, &chosen.subject);
    let mut items: Vec<Item> = chosen
        .events
        .iter()
        .filter(|index| events[**index].kind != EventKind::Answer)
        .map(|index| {
            let error = failed.get(index).map(|answer| events[*answer]);
            Item { order: 2 * index, row: row(events, *index, chosen, &lanes, error) }
        })
        .collect();
    items.extend(leases.iter().filter_map(|lease| lease_end(events, lease, &lanes)));
    items.extend(violation(record, events, chosen));
    items.sort_by_key(|item| item.order);
    let shown = items.iter().filter(|item| item.row.event.is_some()).count();
    if shown == 0 {
        return None;
    }
    let page = Page::of(items);
    let bars = bars(events, &steps, &page, &lanes);
    let mut spans = lasting(events, &page, &lanes);
    spans.extend(lease_spans(&leases, events, &page, &lanes));
    let safe = |name: &str| escape::line_within(name, limits::TIMELINE_NAME_CHARS_MAX);
    let row = chosen.subject.row.as_ref();
    let subject = row.map(|(watch, key)| safe(&format!("{watch} {key}")));
    Some(Timeline {
        subject,
        bars,
        spans,
        arrows: arrows(events, &page),
        states: states(events, chosen, &page),
        left_out: (events.len() - shown) as u64,
        lanes: lanes.iter().map(|lane| safe(lane)).collect(),
        rows: page.rows,
    })
}

/// The hosts of the chosen events, in the order in which they first act. Hosts that only change state or are only hit
/// by faults come last.
fn lanes(events: &[&TraceEvent], chosen: &Chosen) -> Vec<String> {
    let mut lanes: Vec<String> = Vec::new();
    let mut weights: BTreeMap<&str, usize> = BTreeMap::new();
    let told = |index: &&usize| !matches!(events[**index].kind, EventKind::Host | EventKind::Fault);
    let (told, rest): (Vec<&usize>, Vec<&usize>) = chosen.events.iter().partition(told);
    for index in told.into_iter().chain(rest) {
        let host = events[*index].host.as_str();
        let weight = if chosen.witness.contains(index) { limits::TIMELINE_ROWS_MAX } else { 1 };
        if !host.is_empty() {
            *weights.entry(host).or_default() += weight;
            if !lanes.iter().any(|lane| lane == host) {
                lanes.push(host.to_owned());
            }
        }
    }
    let mut kept: Vec<(&str, usize)> = weights.into_iter().collect();
    kept.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    let kept: BTreeSet<&str> =
        kept.into_iter().take(limits::TIMELINE_LANES_MAX).map(|(host, _)| host).collect();
    lanes.retain(|lane| kept.contains(lane.as_str()));
    lanes
}

fn lane_of(lanes: &[String], host: &str) -> Option<usize> {
    lanes.iter().position(|lane| lane == host)
}

fn row(
    events: &[&TraceEvent],
    index: usize,
    chosen: &Chosen,
    lanes: &[String],
    error: Option<&TraceEvent>,
) -> Row {
    let event = events[index];
    let fault = event.fault();
    let named = match &fault {
        Some(FaultChange::Struck(strike)) => strike.host(),
        _ => None,
    };
    let kind = match event.kind {
        EventKind::Boundary if error.is_some() => RowKind::Trouble,
        EventKind::Boundary | EventKind::Answer => RowKind::Step,
        EventKind::Watch => RowKind::Write,
        EventKind::Fault if matches!(fault, Some(FaultChange::Ended { .. })) => RowKind::Turn,
        EventKind::Fault => RowKind::Fault,
        EventKind::Host => RowKind::Turn,
        EventKind::Phase => RowKind::Phase,
        _ => RowKind::Said,
    };
    let mut label = match event.kind {
        EventKind::Phase if event.phase() == Some(Phase::Heal) => "heal: all faults end".to_owned(),
        EventKind::Phase => format!("phase: {}", event.name),
        EventKind::Boundary => event.name.clone(),
        _ => describe::label(event, &chosen.subject),
    };
    let mut detail = describe::event_in_words(event);
    if let Some(error) = error {
        let why = error.error().unwrap_or_default();
        label.push_str(&format!(" ✗ {why}"));
        detail.push_str(&format!(
            "; answered with: {}",
            escape::line_within(why, limits::EVENT_CHARS_MAX)
        ));
    }
    Row {
        at_ns: event.at_ns,
        event: Some(event.seq),
        kind,
        // A fault at a time belongs to the harness; if it is about one host, it is shown on the lane of that host.
        lane: lane_of(lanes, &event.host).or_else(|| lane_of(lanes, named?)),
        label: escape::line_within(&label, limits::TIMELINE_LABEL_CHARS_MAX),
        detail,
        witness: chosen.witness.contains(&index),
    }
}

/// The row of a lease that expired.
fn lease_end(events: &[&TraceEvent], lease: &Lease, lanes: &[String]) -> Option<Item> {
    let at_ns = lease.lapsed_ns?;
    let lane = lane_of(lanes, &lease.host)?;
    let place = events.partition_point(|event| event.at_ns <= at_ns);
    let row = Row {
        at_ns,
        event: None,
        kind: RowKind::Turn,
        lane: Some(lane),
        label: "lease runs out".to_owned(),
        detail: format!("the lease of {} runs out", escape::line(&lease.host)),
        witness: false,
    };
    Some(Item { order: (2 * place).saturating_sub(1), row })
}

/// The row of the violation.
fn violation(record: &Record, events: &[&TraceEvent], chosen: &Chosen) -> Option<Item> {
    let check = record.headline()?;
    let name = escape::line_within(&check.name, limits::TIMELINE_NAME_CHARS_MAX);
    let (order, at_ns, label) = match check.within_ns {
        Some(bound) => {
            let heal = events.iter().find(|event| event.phase() == Some(Phase::Heal))?;
            let at_ns = heal.at_ns.saturating_add(bound);
            let place = events.partition_point(|event| event.at_ns <= at_ns);
            let bound = duration::format(std::time::Duration::from_nanos(bound));
            (
                (2 * place).saturating_sub(1),
                at_ns,
                format!("{name}: still not true {bound} after heal"),
            )
        }
        None => {
            let last = *chosen.witness.last()?;
            (2 * last + 1, events[last].at_ns, format!("{name}: {}", verdict(check)))
        }
    };
    let row = Row {
        at_ns,
        event: None,
        kind: RowKind::Violation,
        lane: None,
        label,
        detail: escape::line_within(&check.why, limits::HTML_TEXT_CHARS_MAX),
        witness: true,
    };
    Some(Item { order, row })
}

fn verdict(check: &CheckRecord) -> &'static str {
    match check.verdict {
        chaosdrill_core::Verdict::Invalid => "violated here",
        chaosdrill_core::Verdict::Unknown => "undecided from here on",
        chaosdrill_core::Verdict::Valid => "held",
    }
}

/// The rows, and their positions in the trace.
struct Page {
    rows: Vec<Row>,
    /// The order of each row: twice the index of its event. A gap has the order of the next row.
    orders: Vec<usize>,
}

impl Page {
    fn of(items: Vec<Item>) -> Self {
        let mut page = Self { rows: Vec::new(), orders: Vec::new() };
        let mut last: Option<(u64, usize)> = None;
        for item in items {
            if let Some((at_ns, order)) = last {
                let idle = item.row.at_ns.saturating_sub(at_ns);
                let left_out = (item.order / 2).saturating_sub(order / 2 + 1) as u64;
                if idle >= limits::TIMELINE_GAP_NS_MIN {
                    page.push(gap(at_ns, idle, left_out), item.order);
                }
            }
            last = Some((item.row.at_ns.max(last.map_or(0, |(at, _)| at)), item.order));
            page.push(item.row, item.order);
        }
        page
    }

    fn push(&mut self, row: Row, order: usize) {
        self.rows.push(row);
        self.orders.push(order);
    }

    /// The row of an event; `None` if the event is not shown.
    fn row(&self, index: usize) -> Option<usize> {
        let row = self.orders.partition_point(|order| *order <= 2 * index).checked_sub(1)?;
        (self.orders[row] == 2 * index && self.rows[row].event.is_some()).then_some(row)
    }

    /// The position of an event in rows. An event that is not shown is in a gap, or between two rows.
    fn place(&self, index: usize) -> f32 {
        if let Some(row) = self.row(index) {
            return row as f32 + 0.5;
        }
        let next = self.orders.partition_point(|order| *order <= 2 * index);
        let in_gap = self.rows.get(next).is_some_and(|row| row.kind == RowKind::Gap);
        if in_gap { next as f32 + 0.5 } else { next as f32 }
    }

    /// The position of an instant, in rows.
    fn instant(&self, at_ns: u64) -> f32 {
        let row = self.rows.iter().position(|row| row.at_ns >= at_ns && row.kind != RowKind::Gap);
        row.map_or(self.rows.len() as f32, |row| row as f32 + 0.5)
    }

    fn end(&self) -> f32 {
        self.rows.len() as f32
    }
}

fn gap(at_ns: u64, idle: u64, left_out: u64) -> Row {
    let later = format!("{} later", numbers::span(idle));
    let label = if left_out == 0 {
        later
    } else {
        format!("{later} · {} about other things", numbers::counted(left_out, "event"))
    };
    let (event, lane, detail) = (None, None, label.clone());
    Row { at_ns, event, kind: RowKind::Gap, lane, label, detail, witness: false }
}

fn bars(events: &[&TraceEvent], steps: &[spans::Step], page: &Page, lanes: &[String]) -> Vec<Bar> {
    let mut bars: Vec<Bar> = steps
        .iter()
        .filter_map(|step| {
            let row = page.row(step.from)?;
            let event = events[step.from];
            let from = row as f32 + 0.22;
            Some(Bar {
                lane: lane_of(lanes, &event.host)?,
                from,
                to: page.place(step.to).max(row as f32 + 0.78),
                site: escape::line_within(&event.name, limits::TIMELINE_LABEL_CHARS_MAX),
                transaction: step.transaction,
                failed: !step.transaction && events[step.to].error().is_some(),
            })
        })
        .collect();
    // A transaction is drawn beneath its steps.
    bars.sort_by_key(|bar| !bar.transaction);
    bars
}

fn lasting(events: &[&TraceEvent], page: &Page, lanes: &[String]) -> Vec<Span> {
    let spans = spans::of_hosts(events).into_iter();
    spans
        .filter_map(|span| {
            let lane = lane_of(lanes, &span.host)?;
            let from = page.place(span.from);
            let to = span.to.map_or(page.end(), |to| page.place(to));
            (to > from).then(|| span.on(lane, from, to))
        })
        .take(limits::TIMELINE_SPANS_MAX)
        .collect()
}

fn lease_spans(
    leases: &[Lease],
    events: &[&TraceEvent],
    page: &Page,
    lanes: &[String],
) -> Vec<Span> {
    let spans = leases.iter().filter_map(|lease| {
        let lane = lane_of(lanes, &lease.host)?;
        let from = page.place(lease.from);
        let to = match (lease.lapsed_ns, lease.to) {
            (Some(at_ns), _) => page.instant(at_ns),
            (None, Some(to)) => page.place(to),
            (None, None) => page.end(),
        };
        let until = numbers::instant(lease.until_ns);
        let taken = numbers::instant(events[lease.from].at_ns);
        let label = format!("lease from {taken} until {until}");
        (to > from).then_some(Span { lane, from, to, kind: SpanKind::Lease, label })
    });
    spans.take(limits::TIMELINE_SPANS_MAX).collect()
}

fn arrows(events: &[&TraceEvent], page: &Page) -> Vec<Arrow> {
    let messages = peers::messages(events);
    let arrows = messages.iter().filter_map(|(sent, heard)| {
        let from = page.row(*sent)?;
        let to = match heard {
            Some(heard) => Some(page.row(*heard)?),
            None => None,
        };
        let site = escape::line_within(&events[*sent].name, limits::TIMELINE_LABEL_CHARS_MAX);
        Some(Arrow { from, to, site })
    });
    arrows.collect()
}

fn states(events: &[&TraceEvent], chosen: &Chosen, page: &Page) -> Vec<State> {
    let changes: Vec<usize> =
        (0..events.len()).filter(|index| chosen.subject.is_row(events[*index])).collect();
    let mut states = Vec::new();
    for (nth, index) in changes.iter().enumerate() {
        if page.row(*index).is_none() {
            continue;
        }
        let before = nth.checked_sub(1).map(|last| events[changes[last]].row());
        let label = describe::state(events[*index].row(), before);
        let label = escape::line_within(&label, limits::TIMELINE_STATE_CHARS_MAX);
        let to = changes.get(nth + 1).map_or(page.end(), |next| page.place(*next));
        let witness = chosen.witness.contains(index);
        states.push(State { from: page.place(*index), to, label, witness });
    }
    states
}
