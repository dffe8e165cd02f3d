//! Shared code of the target pipelines: connecting and migrating with retries, SQL statements by dialect, exponential
//! backoff, intervals of settings, and error texts with their causes.
//!
//! Like the pipelines, this is production code: it takes the outside world from `chaosdrill_rt`, and names neither core
//! nor drill. It has no planted bugs, because `defect!` checks the feature of the crate that uses it: a target plants
//! its bugs around what it uses from here.

mod backoff;
mod error;
mod interval;
mod program;
pub mod sql;
pub mod start;

pub use backoff::Backoff;
pub use error::{chain, chain_verbatim};
pub use interval::interval;
pub use program::Program;
