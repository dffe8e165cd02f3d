//! The checks of the cluster, which read the objects in the store and the engine's actions.

pub(crate) mod acknowledged;
pub(crate) mod approvals;
pub(crate) mod graphs;
pub(crate) mod intents;
pub(crate) mod ledger;
pub(crate) mod marks;
pub(crate) mod questions;
pub(crate) mod records;
pub(crate) mod reports;
pub(crate) mod serving;
pub(crate) mod settings;
pub(crate) mod unlocks;
pub(crate) mod world;
