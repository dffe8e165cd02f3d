//! The checks of the engine, which read the objects in the store and the answers to senders.

pub(crate) mod acknowledged;
mod attempts;
pub(crate) mod audits;
pub(crate) mod graph;
pub(crate) mod invariants;
pub(crate) mod marks;
pub(crate) mod reads;
pub(crate) mod receipts;
mod requests;
pub(crate) mod schemas;
pub(crate) mod sidecars;
pub(crate) mod writes;
