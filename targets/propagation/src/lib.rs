//! Upgrades on their way to a provisioner: a row for each upgrade, in the upgrade's own transaction; runners that
//! pick rows under a lease and carry them out, with retries on a schedule and a dead letter at its end.
//!
//! Three programs, each a function that runs until its host ends:
//!
//! | program | function | listens |
//! |---|---|---|
//! | producer of upgrades, with the operator's door | [`run_api`] | yes |
//! | worker: job engine, job rescuer, runner, reconciler | [`run_worker`], [`run_worker_until`] | no |
//! | provisioner, the world outside | [`run_provisioner`] | yes |
//!
//! Each start brings the schema up to date, waits for a database that is not there yet, and takes up what an
//! earlier life left behind.

pub mod api;
pub mod defects;
mod dispatch;
mod error;
pub mod failpoints;
mod jobs;
pub mod kinds;
pub mod provisioner;
mod reconciler;
mod runner;
pub mod schedule;
mod scrub;
mod settle;
pub mod skips;
mod sql;
mod start;
mod stop;
mod store;
pub mod wire;
pub mod worker;

pub use api::{ApiConfig, run_api};
pub use defects::DEFECTS;
pub use provisioner::{Answer, ProvisionerConfig, Script, run_provisioner};
pub use worker::{WorkerConfig, run_worker, run_worker_until};

/// Any error that ends a program.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
