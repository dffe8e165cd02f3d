//! Notifications with retries and a dead-letter queue: they come in over HTTP, servers send them through notifiers of
//! six channels, try again on a schedule, and give up where an operator can see it.
//!
//! Three programs, each a function that runs until its host ends:
//!
//! | program | function | listens |
//! |---|---|---|
//! | API: create, requeue, read, list, dashboard | [`run_api`] | yes |
//! | server: the processor and the retry loop | [`run_server`] | yes, for its shutdown |
//! | notifier, the world outside | [`run_notifier`] | yes |
//!
//! Servers may be many: what one of them sends it has claimed before. Each start brings the schema up to date and waits
//! for a database that is not there yet; what an earlier life claimed and never settled is found by its lease.

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
mod sql;
mod start;
mod store;

pub use api::{ApiConfig, run_api};
pub use defects::DEFECTS;
pub use error::NotificationError;
pub use notification::{Channel, Notification};
pub use notifier::{Manner, NotifierConfig, Trouble, run_notifier};
pub use scheduler::LoopConfig;
pub use server::{ServerConfig, run_server};

/// Any error that ends a program.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
