//! An event store with a transactional outbox. Commands come in over HTTP; events are committed together with the
//! messages that announce them; dispatchers publish the messages to a broker; a consumer applies each message once.
//!
//! Four programs, each a function that runs until its host ends:
//!
//! | program | function | listens |
//! |---|---|---|
//! | ingress of commands | [`run_ingress`] | yes |
//! | dispatcher | [`run_dispatcher`] | no |
//! | broker, stands for the outside world | [`run_broker`] | yes |
//! | consumer | [`run_consumer`] | yes |
//!
//! At each start, a program migrates the schema, waits for a database that is not up yet, and resumes the work of an
//! earlier run: a restarted worker is the same program.

pub mod account;
pub mod broker;
mod chunk;
mod classify;
pub mod command;
mod commit;
pub mod consumer;
pub mod defects;
pub mod dispatcher;
pub mod error;
pub mod event;
pub mod execute;
pub mod failpoints;
pub mod ingress;
mod on_commit;
pub mod outbox;
pub mod queued;
pub mod replay;
mod sql;
mod start;
pub mod store;
mod turns;
pub mod wire;

pub use broker::{BrokerConfig, Refusal, run_broker};
pub use chaosdrill_kit::Backoff;
pub use command::{Action, Command, RawEvent};
pub use consumer::{ConsumerConfig, run_consumer};
pub use defects::DEFECTS;
pub use dispatcher::{DispatcherConfig, run_dispatcher};
pub use error::{RepositoryError, RetryClass};
pub use ingress::{IngressConfig, run_ingress};
pub use store::VersionCheck;

/// Any error that ends a program.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
