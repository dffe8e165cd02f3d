//! The cluster: many graphs of the [engine](crate::engine), and one ledger that records the state of each.
//!
//! | program | function | what it does |
//! |---|---|---|
//! | applier | [`run_applier`] | carries out commands of operators: apply, refresh, import, force-unlock |
//! | approver | [`run_approver`] | records an operator's approval of a removal |
//! | server | [`run_server`] | serves the graphs that are ready, and quarantines the others |
//!
//! All three share only object storage; see [`Ask`] for the commands and [`sweep`] for recovery.

pub mod applier;
mod apply;
pub mod approvals;
pub mod approver;
mod ask;
pub mod command;
pub mod defects;
pub mod graph;
mod handle;
pub mod ledger;
pub mod lock;
pub mod model;
pub mod plan;
pub mod report;
mod run;
pub mod server;
pub mod settings;
pub mod sidecars;
mod stages;
mod survey;
pub mod sweep;

use crate::{files, ulid};

pub use applier::{ApplierConfig, run_applier};
pub use approver::{ApproverConfig, run_approver};
pub use ask::Ask;
pub use handle::Cluster;
pub use model::{Config, Embedding, GraphConfig};
pub use server::{ServerConfig, run_server};
