//! Notifications with retries and a dead-letter queue: clients create them over HTTP, servers send them through
//! notifiers for six channels, retry them on a schedule, and mark them dead for an operator to see.
//!
//! Three programs, each a function that runs until its host ends:
//!
//! | program | function | listens |
//! |---|---|---|
//! | API: create, requeue, read, list, dashboard, metrics | [`run_api`] | yes |
//! | server: the processor and the retry loop | [`run_server`] | yes, for its shutdown |
//! | notifier, stands for the outside world | [`run_notifier`] | yes |
//!
//! There may be many servers: each claims a notification before it sends it. Each start waits for the database and
//! migrates the schema; a claim that an earlier process never settled is found by its expired lease.

pub mod api;
mod claims;
pub mod defects;
mod delivery;
pub mod error;
pub mod failpoints;
mod listing;
pub mod notification;
pub mod notifier;
pub mod schedule;
pub mod scheduler;
pub mod schema;
pub mod server;
pub mod settings;
mod sql;
mod start;
mod statistics;
mod store;

pub use api::{ApiConfig, run_api};
pub use defects::DEFECTS;
pub use error::NotificationError;
pub use listing::sweep_statements;
pub use notification::{Channel, Notification};
pub use notifier::{Manner, NotifierConfig, Trouble, run_notifier};
pub use scheduler::LoopConfig;
pub use server::{ServerConfig, run_server};

/// Any error that ends a program.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
