//! Crash recovery by sidecar and compare-and-swap, on object storage.
//!
//! A program that is about to move something outside its ledger writes its intent aside first (a *sidecar*), moves it,
//! publishes the ledger by one compare-and-swap, and deletes the sidecar. Whoever comes next reads the sidecars that
//! were left behind, looks at what really happened, and rolls the ledger forward, or takes the intent back.
//!
//! | layer | module | what moves | what is published |
//! |---|---|---|---|
//! | cluster | [`cluster`] | graphs: created, changed, removed | one ledger of all graphs, `__cluster/state.json` |
//! | engine | [`engine`] | tables: their heads | one manifest of all tables, `__manifest.json` |

pub mod cluster;
pub mod defects;
pub mod engine;
pub mod failpoints;
pub mod files;
pub mod ulid;

pub use defects::DEFECTS;

/// Any error that ends a program.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
