//! What a boundary does to the step that passes it, as plain data.

use chaosdrill_core::{Act, ErrorKind, fault::Restart};

use crate::sim::host::Here;

/// What a fault told a step to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Go on.
    Go,
    /// Do not take the step; answer with this error.
    Fail(ErrorKind),
    /// Take the step; answer with this error all the same.
    LoseAck(ErrorKind),
    /// Take the step, and crash.
    CrashAfter(Restart),
}

/// Where a boundary was announced, and what struck.
pub(crate) enum Announced {
    /// Outside every host: nothing can strike.
    Nowhere,
    /// On a host that is no more: nothing may leave it.
    Dead,
    /// On a host; the acts are mostly none.
    Struck(Here, Vec<Act>),
}

/// What struck at a failpoint.
pub struct Strike(pub(crate) Announced);
