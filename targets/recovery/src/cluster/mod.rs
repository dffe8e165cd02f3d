//! The cluster: many graphs, and one ledger that says what each is.
//!
//! | program | function | what it does |
//! |---|---|---|
//! | applier | [`run_applier`] | takes commands of operators: apply, refresh, import, force-unlock |
//! | approver | [`run_approver`] | writes somebody's approval of a removal down |
//! | server | [`run_server`] | serves the graphs that are ready, and puts aside those that are not |
//!
//! All three meet in object storage only; see [`Ask`] for what may be asked for and [`sweep`] for recovery.

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
