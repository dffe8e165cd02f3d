//! The faults that strike at a boundary, as plain data.

use chaosdrill_core::Act;

use crate::sim::host::Here;

/// The host of a boundary, and the faults that struck there.
pub(crate) enum Announced {
    /// Outside every host: no fault can strike.
    Nowhere,
    /// On a host that is no longer alive: nothing may leave it.
    Dead,
    /// On a host; usually without acts.
    Struck(Here, Vec<Act>),
}

/// The faults that struck at a failpoint.
pub struct Strike(pub(crate) Announced);
