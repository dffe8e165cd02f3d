//! What must hold of the cluster: asked of the objects in the store, and of what the engine did.

pub(crate) mod approvals;
pub(crate) mod graphs;
pub(crate) mod ledger;
pub(crate) mod marks;
pub(crate) mod reports;
pub(crate) mod serving;
pub(crate) mod world;
