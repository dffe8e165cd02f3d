//! Propagates upgrades to a provisioner. Each upgrade commits a row in its own transaction; runners pick rows under a
//! lease and carry them out, with retries on a schedule and a dead letter at its end.
//!
//! Three programs, each a function that runs until its host ends:
//!
//! | program | function | listens |
//! |---|---|---|
//! | producer of upgrades, with the operator's endpoint | [`run_api`] | yes |
//! | worker: job engine, job rescuer, runner, reconciler | [`run_worker`], [`run_worker_until`] | no |
//! | provisioner, stands for the outside world | [`run_provisioner`] | yes |
//!
//! At each start, a program migrates the schema, waits for a database that is not up yet, and resumes the work of an
//! earlier run.

pub mod api;
pub mod defects;
mod dispatch;
mod error;
pub mod failpoints;
mod jobs;
pub mod kinds;
pub mod provisioner;
mod reconciler;
pub mod release;
mod runner;
pub mod schedule;
mod scrub;
pub mod settings;
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
pub use release::Release;
pub use worker::{WorkerConfig, run_worker, run_worker_until};

/// Any error that ends a program.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
