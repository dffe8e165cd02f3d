//! What must hold of the engine, judged from the objects in the store and from what senders were told.

pub(crate) mod audits;
pub(crate) mod graph;
pub(crate) mod marks;
pub(crate) mod sidecars;
pub(crate) mod writes;
