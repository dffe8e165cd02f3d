//! Provisioning in two phases: a row is born pending, the world outside makes the object, and only what can be
//! addressed, opened and taken down again becomes active. Whatever fails on the way is undone.
//!
//! Five programs, each a function that runs until its host ends:
//!
//! | program | function | listens |
//! |---|---|---|
//! | handlers of requests | [`run_handler`] | yes |
//! | backend, the world outside | [`run_backend`] | yes |
//! | reconciler of rows that nobody finishes | [`run_reconciler`] | no |
//! | sweep of objects that nobody knows | [`run_sweep`] | no |
//! | reaper of what has ended | [`run_reaper`] | no |
//!
//! Each start brings the schema up to date, waits for a database that is not there yet, and takes up what an
//! earlier life left behind: a worker is the same program started again.

mod answer;
mod audit;
pub mod backend;
mod cipher;
mod circuit;
mod client;
pub mod defects;
pub mod error;
pub mod failpoints;
mod finalize;
mod guidance;
pub mod handler;
mod handlers;
mod host;
pub mod reaper;
pub mod reconciler;
mod resource;
mod rollback;
mod sql;
mod start;
mod store;
pub mod sweep;
pub mod wire;

pub use backend::{BackendConfig, Operation, Script, Scripted, run_backend};
pub use chaosdrill_kit::Backoff;
pub use defects::DEFECTS;
pub use handler::run_handler;
pub use host::HandlerConfig;
pub use reaper::{ReaperConfig, run_reaper};
pub use reconciler::{ReconcilerConfig, run_reconciler};
pub use resource::{ResourceType, Status};
pub use sweep::{SweepConfig, run_sweep};
pub use wire::{Ask, Hold, Which};

/// Any error that ends a program.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
