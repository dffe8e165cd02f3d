//! The decisions of a boundary for the step that passes it, as plain data.

use chaosdrill_core::{Act, ErrorKind, fault::Restart};

use crate::sim::host::Here;

/// What a step must do after faults struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Continue.
    Go,
    /// Skip the step and return this error.
    Fail(ErrorKind),
    /// Take the step, but return this error.
    LoseAck(ErrorKind),
    /// Take the step, then crash.
    CrashAfter(Restart),
}

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
