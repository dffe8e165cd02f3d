//! The engine: one graph, many tables, one manifest.
//!
//! A write goes through phases: the sidecar is written (A), the head of each table moves (B), a merge confirms to which
//! versions it has led, the manifest is published over the expected versions (C), the sidecar goes (D). Whoever comes
//! later, another writer or an open, looks at what a sidecar intends and at what happened, and publishes it, takes it
//! back, or lets it wait.
//!
//! | program | function | listens |
//! |---|---|---|
//! | writer | [`run_writer`] | yes |
//! | reader | [`run_reader`] | yes |
//! | opener, an operator's job | [`run_opener`] | no |
//!
//! | object | what |
//! |---|---|
//! | `__manifest.json` | which version of which table is published |
//! | `tables/<table>/<version>.json` | one version of a table; the newest is its head |
//! | `__recovery/<operation>.json` | a sidecar |
//! | `_graph_commit_recoveries/<operation>.json` | what recovery did with an operation |
//! | `__schema/current.json`, `__schema/staging/<operation>.json` | the schema in force, and those to come |

mod audit;
pub mod classify;
pub mod config;
pub mod defects;
pub mod error;
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
