//! The vocabulary of the trace: every event that the harness itself writes, as a type with one written form.
//!
//! Writers of an event make a value of these types; readers call methods of the event ([`TraceEvent::host_change`] and
//! the others below). The names of events and members are defined only here. Targets and scenarios are free to observe
//! any JSON under names of their own.
//!
//! A trace may be of a newer version. Reading never fails: an event with an unknown name is `Other`, and
//! [`unknown_members`] returns the unknown members of a known event, so that both can be shown.
//!
//! ```
//! use std::time::Duration;
//!
//! use chaosdrill_core::{
//!     Trace,
//!     trace::vocabulary::{HostChange, Written},
//! };
//!
//! let stalled = HostChange::Stalled { ns: Some(90) };
//! let mut trace = Trace::default();
//! trace.push(Duration::ZERO, "d1", stalled.kind(), stalled.name(), stalled.data());
//! assert_eq!(trace.events()[0].host_change(), Some(stalled));
//! ```

use serde_json::{Map, Value};

use crate::trace::{EventKind, TraceEvent};

mod fault;
mod host;
pub mod member;
mod phase;
pub mod site;
mod steps;
#[cfg(test)]
mod tests;

pub use fault::{FaultChange, LinkEnd, Strike};
pub use host::{Cause, HostChange};
pub use phase::Phase;
pub use steps::{Answer, BoundaryHit, Ending, Invocation, ObjectSeen, RowSeen};

/// An event of the harness that has a written form.
pub trait Written {
    /// The kind of the event.
    fn kind(&self) -> EventKind;

    /// The name.
    fn name(&self) -> &str;

    /// Everything else.
    fn data(&self) -> Value;
}

impl TraceEvent {
    /// The phase that begins with this event.
    pub fn phase(&self) -> Option<Phase<'_>> {
        (self.kind == EventKind::Phase).then(|| Phase::of(&self.name))
    }

    /// The change of the state of the event's host.
    pub fn host_change(&self) -> Option<HostChange<'_>> {
        (self.kind == EventKind::Host).then(|| HostChange::of(self))
    }

    /// Whether the event ends a life of its host: the host goes down, or its software ends.
    pub fn ends_a_life(&self) -> bool {
        matches!(self.host_change(), Some(HostChange::Down(_) | HostChange::Ended { .. }))
    }

    /// The fault that strikes or ends with this event.
    pub fn fault(&self) -> Option<FaultChange<'_>> {
        (self.kind == EventKind::Fault).then(|| FaultChange::of(self))
    }

    /// The site at which the fault of this event struck; empty if there is none.
    pub fn struck_site(&self) -> &str {
        match self.fault() {
            Some(FaultChange::Struck(strike)) => strike.site().unwrap_or_default(),
            _ => "",
        }
    }

    /// The error of an answer, or of software that ended; `None` if there was no error.
    pub fn error(&self) -> Option<&str> {
        let error = self.get(member::ERROR);
        (!error.is_null()).then(|| error.as_str().unwrap_or_default())
    }

    /// The number of an operation, in its invocation and its end; null in other events.
    pub fn op(&self) -> &Value {
        self.get(member::OP)
    }

    /// The input of an operation; null in other events.
    pub fn input(&self) -> &Value {
        self.get(member::INPUT)
    }

    /// The output of an operation; null in other events.
    pub fn output(&self) -> &Value {
        self.get(member::OUTPUT)
    }

    /// The key of a watched row, its first column; null in other events.
    pub fn key(&self) -> &Value {
        self.get(member::KEY)
    }

    /// A watched row after the change; null if it was deleted, and in other events.
    pub fn row(&self) -> &Value {
        self.get(member::ROW)
    }

    /// A watched object as JSON; null if it was deleted or is not JSON, and in other events.
    pub fn object(&self) -> &Value {
        &self.row()[member::JSON]
    }
}

/// The members of an event of the harness that this vocabulary does not know, because a newer version wrote them.
/// Observations, steps and operations have none, because all their members are shown anyway.
pub fn unknown_members(event: &TraceEvent) -> impl Iterator<Item = (&String, &Value)> {
    let known: Option<&[&str]> = match event.kind {
        EventKind::Phase => Some(&[]),
        EventKind::Host => Some(HostChange::members(&event.name)),
        EventKind::Fault => FaultChange::members(event),
        EventKind::Watch => Some(&[member::KEY, member::ROW]),
        _ => None,
    };
    let members = known.and_then(|known| Some((known, event.data.as_object()?)));
    let members = members.into_iter().flat_map(|(known, all): (&[&str], &Map<String, Value>)| {
        all.iter().filter(|(name, _)| !known.contains(&name.as_str()))
    });
    members.filter(|(_, value)| !value.is_null())
}
