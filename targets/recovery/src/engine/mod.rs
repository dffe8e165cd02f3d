//! The engine: one graph, many tables, one manifest.
//!
//! A write has five phases: write the sidecar (A), move the head of each table (B), for a merge, confirm the versions
//! that it reached, publish the manifest over the expected versions (C), delete the sidecar (D). A later writer or open
//! compares the intent of a sidecar with what happened, and publishes the operation, rolls it back, or defers it.
//!
//! A graph has a store for itself, or a root in the store of a [cluster](crate::cluster); all paths are below it.
//!
//! | program | function | listens |
//! |---|---|---|
//! | writer | [`run_writer`] | yes |
//! | reader | [`run_reader`] | yes |
//! | opener, an operator's job | [`run_opener`] | no |
//!
//! | object | contents |
//! |---|---|
//! | `__manifest.json` | the published version of each table |
//! | `tables/<table>/<version>.json` | one version of a table; the newest is its head |
//! | `__recovery/<operation>.json` | a sidecar |
//! | `_graph_commit_recoveries/<operation>.json` | the audit of an operation's recovery |
//! | `__schema/current.json`, `__schema/staging/<operation>.json` | the schema in force, and staged ones |

mod audit;
pub mod classify;
pub mod config;
pub mod defects;
pub mod error;
mod first;
pub mod graph;
mod keys;
pub mod manifest;
pub mod model;
pub mod objects;
mod plan;
pub mod programs;
pub mod recover;
pub mod schema;
pub mod sidecars;
pub mod table;
pub mod wire;
mod write;

pub use config::EngineConfig;
pub use programs::{run_opener, run_reader, run_writer};
pub use wire::{Answer, Change, Request};
