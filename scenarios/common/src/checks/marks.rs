//! Marks that any pipeline can use: what must have happened at least once.

use chaosdrill::{
    EventKind, Mark,
    vocabulary::{HostChange, Strike},
};

/// A host crashed.
pub fn a_host_went_down() -> Mark {
    Mark::new("a host went down", |history| {
        history.of_kind(EventKind::Host, HostChange::DOWN).count() as u64
    })
}

/// A link was cut.
pub fn a_link_was_cut() -> Mark {
    Mark::new("a link was cut", |history| {
        history.of_kind(EventKind::Fault, Strike::PARTITION).count() as u64
    })
}
