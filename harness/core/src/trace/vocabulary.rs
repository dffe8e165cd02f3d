//! The vocabulary of the trace: every event that the harness itself writes, as a type with one written form.
//!
//! Who writes an event makes a value of these types; who reads one asks the event ([`TraceEvent::host_change`] and the
//! others below). The names of events and members are nowhere else. What targets and scenarios observe is theirs: free
//! JSON under names of their own.
//!
//! A trace may be of a newer version. Reading never fails: an event under a name that is not known here is
//! `Other`, and [`unknown_members`] has what is not known of one that is, so that both can be shown.
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

/// An event of the harness in its written form.
pub trait Written {
    /// What kind of event it is.
    fn kind(&self) -> EventKind;

    /// Its name.
    fn name(&self) -> &str;

    /// Everything else.
    fn data(&self) -> Value;
}

impl TraceEvent {
    /// The phase that begins with this event.
    pub fn phase(&self) -> Option<Phase<'_>> {
        (self.kind == EventKind::Phase).then(|| Phase::of(&self.name))
    }

    /// How the state of the event's host changes with it.
    pub fn host_change(&self) -> Option<HostChange<'_>> {
        (self.kind == EventKind::Host).then(|| HostChange::of(self))
    }

    /// Whether a life of the event's host ends with it: the host goes down, or its software ends.
    pub fn ends_a_life(&self) -> bool {
        matches!(self.host_change(), Some(HostChange::Down(_) | HostChange::Ended { .. }))
    }

    /// The fault that strikes with this event, or ends.
    pub fn fault(&self) -> Option<FaultChange<'_>> {
        (self.kind == EventKind::Fault).then(|| FaultChange::of(self))
    }

    /// The site at which the fault of this event struck; empty where there is none.
    pub fn struck_site(&self) -> &str {
        match self.fault() {
            Some(FaultChange::Struck(strike)) => strike.site().unwrap_or_default(),
            _ => "",
        }
    }

    /// What went wrong, of an answer or of software that ended; `None` where nothing did.
    pub fn error(&self) -> Option<&str> {
        let error = self.get(member::ERROR);
        (!error.is_null()).then(|| error.as_str().unwrap_or_default())
    }

    /// The number of an operation, as its invocation and its end have it; null elsewhere.
    pub fn op(&self) -> &Value {
        self.get(member::OP)
    }

    /// What an operation was invoked with; null elsewhere.
    pub fn input(&self) -> &Value {
        self.get(member::INPUT)
    }

    /// What came of an operation; null elsewhere.
    pub fn output(&self) -> &Value {
        self.get(member::OUTPUT)
    }

    /// The key of a watched row: its first column; null elsewhere.
    pub fn key(&self) -> &Value {
        self.get(member::KEY)
    }

    /// A watched row as it is now; null where it is gone, and elsewhere.
    pub fn row(&self) -> &Value {
        self.get(member::ROW)
    }

    /// A watched object as JSON; null where it is gone or is none, and elsewhere.
    pub fn object(&self) -> &Value {
        &self.row()[member::JSON]
    }
}

/// The members of an event of the harness that this vocabulary does not know: a newer version wrote them. Of what
/// targets and scenarios observe, and of steps and operations, all members are shown anyway.
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
