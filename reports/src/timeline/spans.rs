//! Finds what lasts in a trace: stalls, outages, active faults, leases, steps and transactions.

use std::collections::{BTreeMap, VecDeque};

use chaosdrill_core::{
    EventKind, TraceEvent,
    duration::WALL_START_MS,
    run::DATABASE_HOST,
    trace::vocabulary::{FaultChange, HostChange, Phase, Strike, site},
};
use serde_json::Value;

use super::{Span, SpanKind, subject::Subject};
use crate::{escape, limits};

/// A span between two events of a trace; if `to` is `None`, it lasts to the end of the run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lasting {
    pub(crate) host: String,
    pub(crate) from: usize,
    pub(crate) to: Option<usize>,
    pub(crate) kind: SpanKind,
    pub(crate) label: String,
}

/// Stalls, outages and ends of hosts, and active faults.
pub(crate) fn of_hosts(events: &[&TraceEvent]) -> Vec<Lasting> {
    let mut done = Vec::new();
    let mut open: Vec<(Lasting, Vec<String>)> = Vec::new();
    let mut close =
        |open: &mut Vec<(Lasting, Vec<String>)>, at, is: &dyn Fn(&Lasting, &[String]) -> bool| {
            open.retain_mut(|(span, names)| {
                let ends = is(span, names);
                if ends {
                    done.push(Lasting { to: Some(at), ..span.clone() });
                }
                !ends
            });
        };
    for (index, event) in events.iter().enumerate() {
        let is_band = |span: &Lasting, _: &[String]| span.kind == SpanKind::Band;
        if let Some(change) = event.host_change() {
            let of_host = |span: &Lasting, _: &[String]| {
                span.host == event.host && span.kind != SpanKind::Band
            };
            if !matches!(change, HostChange::Skewed { .. }) {
                close(&mut open, index, &of_host);
            }
            let (host, label) = (event.host.clone(), event.name.clone());
            let span =
                of_change(change).map(|kind| Lasting { host, from: index, to: None, kind, label });
            open.extend(span.map(|span| (span, Vec::new())));
        }
        if event.phase() == Some(Phase::Heal) {
            close(&mut open, index, &is_band);
        }
        match event.fault() {
            Some(FaultChange::Ended { end, between }) => {
                let names = sorted(between);
                let same = |span: &Lasting, of: &[String]| {
                    span.kind == SpanKind::Band && span.label == end.family() && of == names
                };
                close(&mut open, index, &same);
            }
            Some(FaultChange::Struck(strike)) => {
                let names = hosts_of(&strike);
                for host in &names {
                    let (host, kind, label) = (host.clone(), SpanKind::Band, event.name.clone());
                    let span = Lasting { host, from: index, to: None, kind, label };
                    open.push((span, names.clone()));
                }
            }
            None => {}
        }
    }
    done.extend(open.into_iter().map(|(span, _)| span));
    done
}

/// The span that begins with a change of a host.
fn of_change(change: HostChange<'_>) -> Option<SpanKind> {
    match change {
        HostChange::Stalled { .. } => Some(SpanKind::Stalled),
        HostChange::Down(_) => Some(SpanKind::Down),
        HostChange::Ended { .. } => Some(SpanKind::Ended),
        HostChange::Up { .. }
        | HostChange::Resumed
        | HostChange::Skewed { .. }
        | HostChange::Other(_) => None,
    }
}

/// The hosts that a lasting fault affects, sorted by name.
fn hosts_of(strike: &Strike<'_>) -> Vec<String> {
    match strike.family() {
        Strike::DATABASE_DOWN => vec![DATABASE_HOST.to_owned()],
        _ => sorted(strike.in_force_on()),
    }
}

fn sorted(names: Vec<&str>) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.sort();
    names
}

/// A lease on the watched row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lease {
    pub(super) host: String,
    pub(super) from: usize,
    /// The change of the row that ended the lease.
    pub(super) to: Option<usize>,
    /// The time at which the lease expired, if it did.
    pub(super) lapsed_ns: Option<u64>,
    pub(super) until_ns: u64,
}

/// The leases on the subject of the timeline.
pub(super) fn leases(events: &[&TraceEvent], subject: &Subject) -> Vec<Lease> {
    let changes: Vec<usize> =
        (0..events.len()).filter(|index| subject.is_row(events[*index])).collect();
    let end_ns = events.last().map_or(0, |event| event.at_ns);
    let mut leases: Vec<Lease> = Vec::new();
    for (nth, index) in changes.iter().enumerate() {
        let Some((host, until_ns)) = holder(events[*index].row()) else { continue };
        let next = changes.get(nth + 1).copied();
        let next_ns = next.map_or(end_ns, |next| events[next].at_ns);
        let lapsed_ns = (until_ns < next_ns).then_some(until_ns);
        match leases.last_mut() {
            // The row changed, but its lease did not.
            Some(last)
                if last.to == Some(*index) && last.host == host && last.until_ns == until_ns =>
            {
                (last.to, last.lapsed_ns) = (next, lapsed_ns);
            }
            _ => leases.push(Lease { host, from: *index, to: next, lapsed_ns, until_ns }),
        }
    }
    leases
}

/// The holder of a row and the end of its lease, guessed from the names of the members.
fn holder(row: &Value) -> Option<(String, u64)> {
    let members = row.as_object()?;
    let is_holder = |name: &str| {
        name.ends_with("_by") || matches!(name, "holder" | "owner" | "worker" | "locked" | "lessee")
    };
    let is_until = |name: &str| name.ends_with("_until") || name.contains("expires");
    let holder = members
        .iter()
        .find_map(|(name, value)| value.as_str().filter(|_| is_holder(name)).map(str::to_owned))?;
    let until_ms =
        members.iter().find_map(|(name, value)| value.as_i64().filter(|_| is_until(name)))?;
    let since_start = until_ms.checked_sub(WALL_START_MS)?;
    Some((holder, u64::try_from(since_start).ok()?.checked_mul(1_000_000)?))
}

/// A step or a transaction, as indices in the trace.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) transaction: bool,
}

/// A host and a site, or a transaction.
type Place<'a> = (&'a str, &'a str);

/// The index of a step's request, and that of the beginning of the transaction that the step ends.
type Asked = (usize, Option<usize>);

/// All steps with an answer, and all transactions with an end.
///
/// A trace does not have the connection of a step, so two transactions of the same name on the same host are
/// distinguished by their order only. A transaction is open from the answer to its beginning to the request for its
/// end. SQLite allows one writer at a time, so no other transaction of the host is open in between, however many wait
/// to begin. A transaction that is dropped is rolled back without an event and stays open here: an end belongs to the
/// newest open transaction.
pub(crate) fn steps(events: &[&TraceEvent]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut asked: BTreeMap<Place<'_>, VecDeque<Asked>> = BTreeMap::new();
    let mut begun: BTreeMap<Place<'_>, Vec<usize>> = BTreeMap::new();
    for (index, event) in events.iter().enumerate() {
        let (host, at) = (event.host.as_str(), event.name.as_str());
        match event.kind {
            // A crash ends all steps and transactions of the host.
            EventKind::Host if begins_or_loses_a_life(event) => {
                asked.retain(|(of, _), _| *of != host);
                begun.retain(|(of, _), _| *of != host);
            }
            EventKind::Boundary => {
                let ends = transaction(at, &[site::COMMIT, site::ROLLBACK]);
                let ended = ends.and_then(|name| begun.get_mut(&(host, name))?.pop());
                asked.entry((host, at)).or_default().push_back((index, ended));
            }
            EventKind::Answer => {
                let answered = asked.get_mut(&(host, at)).and_then(VecDeque::pop_front);
                let Some((from, ended)) = answered else { continue };
                steps.push(Step { from, to: index, transaction: false });
                steps.extend(ended.map(|from| Step { from, to: index, transaction: true }));
                let name = transaction(at, &[site::BEGIN]).filter(|_| event.error().is_none());
                if let Some(name) = name {
                    begun.entry((host, name)).or_default().push(from);
                }
            }
            _ => {}
        }
    }
    steps
}

/// Whether a host goes down, or comes up: what it had asked for is lost.
fn begins_or_loses_a_life(event: &TraceEvent) -> bool {
    matches!(event.host_change(), Some(HostChange::Down(_) | HostChange::Up { .. }))
}

/// The name of the transaction if the site is one of these steps of it.
fn transaction<'a>(at: &'a str, steps: &[&str]) -> Option<&'a str> {
    let (name, step) = site::as_transaction_step(at)?;
    steps.contains(&step).then_some(name)
}

impl Lasting {
    /// The span on a lane, between two positions in rows.
    pub(super) fn on(self, lane: usize, from: f32, to: f32) -> Span {
        let label = escape::line_within(&self.label, limits::TIMELINE_LABEL_CHARS_MAX);
        Span { lane, from, to, kind: self.kind, label }
    }
}
