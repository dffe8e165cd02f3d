//! Chooses the events that a timeline shows.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill_core::{
    EventKind, Record, TraceEvent,
    trace::vocabulary::{HostChange, Phase, site},
};

use super::{peers, subject::Subject};
use crate::limits;

/// The events of a timeline, by their index in the trace.
pub(super) struct Chosen {
    /// The subject of the events.
    pub(super) subject: Subject,
    /// The events of the witness.
    pub(super) witness: BTreeSet<usize>,
    /// All chosen events.
    pub(super) events: BTreeSet<usize>,
}

/// The priority of an event, the greatest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Verdict,
    Turn,
    Subject,
    Context,
    Rest,
}

/// Chooses the events of a timeline.
pub(super) fn choose(record: &Record, events: &[&TraceEvent]) -> Chosen {
    let numbers: BTreeSet<u64> =
        record.headline().map(|check| check.witness.iter().copied().collect()).unwrap_or_default();
    let witness: BTreeSet<usize> = (0..events.len())
        .filter(|index| numbers.contains(&events[*index].seq))
        .take(limits::TIMELINE_ROWS_MAX / 4)
        .collect();
    let about: Vec<&TraceEvent> = witness.iter().map(|index| events[*index]).collect();
    let subject = Subject::of(&about, events);

    let mut ranks: BTreeMap<usize, Rank> = witness.iter().map(|i| (*i, Rank::Verdict)).collect();
    let mut raise = |index: usize, rank: Rank| {
        let known = ranks.entry(index).or_insert(rank);
        *known = rank.min(*known);
    };
    let mut faults = 0;
    for (index, event) in events.iter().enumerate() {
        match event.kind {
            EventKind::Fault => {
                faults += 1;
                let much = faults > limits::TIMELINE_FAULTS_MAX;
                raise(index, if much { Rank::Rest } else { Rank::Verdict });
                if let Some(step) = step_of(events, index) {
                    raise(step, if much { Rank::Rest } else { Rank::Turn });
                }
            }
            EventKind::Host if matches!(event.host_change(), Some(HostChange::Ended { .. })) => {
                raise(index, Rank::Rest);
            }
            EventKind::Host => raise(index, Rank::Turn),
            EventKind::Phase if event.phase() == Some(Phase::Heal) => raise(index, Rank::Turn),
            EventKind::Phase => {}
            EventKind::Boundary | EventKind::Answer | EventKind::Log => {}
            _ if subject.is_row(event) => raise(index, Rank::Turn),
            _ if subject.is_in(event) || witness.contains(&index) => {
                raise(index, Rank::Subject);
            }
            _ => {}
        }
    }
    if subject.words.is_empty() {
        let last = (0..events.len()).rev().filter(|index| events[*index].kind.belongs_to_history());
        last.take(limits::TIMELINE_ROWS_MAX / 2).for_each(|index| raise(index, Rank::Subject));
    }
    let hosts = by_host(events);
    let answers = peers::answer_sites(events);
    let known: Vec<usize> = ranks.keys().copied().collect();
    for index in known {
        for step in context(events, &hosts, &subject, &answers, index) {
            ranks.entry(step).or_insert(Rank::Context);
        }
    }
    let events = within_bounds(&ranks, &witness, events);
    Chosen { subject, witness, events }
}

/// The step at which a fault struck.
fn step_of(events: &[&TraceEvent], fault: usize) -> Option<usize> {
    let site = events[fault].struck_site();
    let near = fault.saturating_sub(8)..fault;
    near.rev().find(|index| {
        let event = events[*index];
        event.kind == EventKind::Boundary && event.name == site && event.host == events[fault].host
    })
}

/// The indices of each host's events.
fn by_host<'a>(events: &[&'a TraceEvent]) -> BTreeMap<&'a str, Vec<usize>> {
    let mut hosts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, event) in events.iter().enumerate() {
        hosts.entry(&event.host).or_default().push(index);
    }
    hosts
}

/// The steps of the same host shortly before and after an event.
fn context(
    events: &[&TraceEvent],
    hosts: &BTreeMap<&str, Vec<usize>>,
    subject: &Subject,
    answers: &BTreeSet<&str>,
    index: usize,
) -> Vec<usize> {
    let event = events[index];
    if matches!(event.kind, EventKind::Fault | EventKind::Host | EventKind::Phase) {
        return Vec::new();
    }
    let own = &hosts[event.host.as_str()];
    let place = own.partition_point(|other| *other < index);
    let is_step = |other: &usize| {
        let other = events[*other];
        matches!(other.kind, EventKind::Boundary | EventKind::Answer) && !is_noise(other)
    };
    let before = own[..place].iter().rev().take_while(|other| {
        let other = events[**other];
        let ours = !other.kind.belongs_to_history() || other.kind == EventKind::Watch;
        // An answer ends the work for another host.
        let answered = other.kind == EventKind::Boundary && answers.contains(other.name.as_str());
        !answered
            && (ours || subject.is_in(other))
            && event.at_ns.saturating_sub(other.at_ns) <= limits::TIMELINE_BEFORE_NS_MAX
    });
    let before = before.take(limits::TIMELINE_STEPS_BEFORE_MAX).copied().filter(is_step);
    let after = own[place..].iter().skip(1).take_while(|other| {
        let other = events[**other];
        let follows = [site::FAILPOINT, site::NET].iter().any(|kind| other.name.starts_with(kind));
        follows && other.at_ns.saturating_sub(event.at_ns) <= limits::TIMELINE_AFTER_NS_MAX
    });
    before.chain(after.take(limits::TIMELINE_STEPS_AFTER_MAX).copied().filter(is_step)).collect()
}

/// Whether an event is a connect without an error.
fn is_noise(event: &TraceEvent) -> bool {
    site::is_connect(&event.name) && event.error().is_none()
}

/// The events that fit, by rank, and within a rank by their distance from the witness.
fn within_bounds(
    ranks: &BTreeMap<usize, Rank>,
    witness: &BTreeSet<usize>,
    events: &[&TraceEvent],
) -> BTreeSet<usize> {
    let anchor = witness.last().copied().unwrap_or(events.len());
    let mut order: Vec<(Rank, usize, usize)> = ranks
        .iter()
        .map(|(index, rank)| {
            let near = witness.iter().map(|w| w.abs_diff(*index)).min();
            (*rank, near.unwrap_or_else(|| anchor.abs_diff(*index)), *index)
        })
        .collect();
    order.sort_unstable();
    let mut rows = 0;
    let mut kept = BTreeSet::new();
    for (_, _, index) in order {
        // An answer is the end of a bar and needs no row.
        rows += usize::from(events[index].kind != EventKind::Answer);
        if rows > limits::TIMELINE_ROWS_MAX {
            break;
        }
        kept.insert(index);
    }
    kept
}
