//! Provisioning in two phases: a row is created as pending, the backend creates the object, and the resource becomes
//! active only when it can be addressed, opened and deleted again. Any failure on the way is rolled back.
//!
//! Seven programs, each a function that runs until its host ends:
//!
//! | program | function | listens |
//! |---|---|---|
//! | handlers of requests | [`run_handler`] | yes |
//! | backend, stands for the outside world | [`run_backend`] | yes |
//! | reconciler of rows that were left pending | [`run_reconciler`] | no |
//! | sweep of objects that belong to no resource | [`run_sweep`] | no |
//! | reaper of ended resources | [`run_reaper`] | no |
//! | forwarder of audits to customers | [`run_forwarder`] | no |
//! | mailer, stands for the outside world | [`run_mailer`] | yes |
//!
//! Each start waits for the database, migrates the schema, and continues the work of an earlier process: a worker is
//! the same program started again.

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
pub mod forwarder;
mod guidance;
pub mod handler;
mod handlers;
mod host;
pub mod mailer;
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
pub use forwarder::{ForwarderConfig, run_forwarder};
pub use handler::run_handler;
pub use host::HandlerConfig;
pub use mailer::{MailerConfig, run_mailer};
pub use reaper::{ReaperConfig, run_reaper};
pub use reconciler::{ReconcilerConfig, run_reconciler};
pub use resource::{ResourceType, Status};
pub use sweep::{SweepConfig, run_sweep};
pub use wire::{Ask, Hold, Twin, Which};

/// Any error that ends a program.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
