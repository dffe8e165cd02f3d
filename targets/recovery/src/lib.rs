//! Crash recovery by sidecar and compare-and-swap, on object storage.
//!
//! Before a program moves something outside its ledger, it writes its intent aside (a *sidecar*). Then it moves it,
//! publishes the ledger by one compare-and-swap, and deletes the sidecar. The next program reads the sidecars that are
//! left, checks what really happened, and rolls the ledger forward or the operation back.
//!
//! | layer | module | what moves | what is published |
//! |---|---|---|---|
//! | cluster | [`cluster`] | graphs: created, changed, removed | one ledger of all graphs, `__cluster/state.json` |
//! | engine | [`engine`] | tables: their heads | one manifest of all tables, `__manifest.json` |
//!
//! The cluster runs on the engine: each of its graphs is one of the engine's, below a root of its own.

pub mod cluster;
pub mod defects;
pub mod digest;
pub mod engine;
pub mod failpoints;
pub mod files;
pub mod ulid;

pub use defects::DEFECTS;

/// Any error that ends a program.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
