//! What the pipelines share: connecting and migrating with retries, statements by dialect, exponential backoff, and
//! the text of an error with its causes.
//!
//! It is production code like theirs: it takes the outside world from `chaosdrill_rt`, and names neither core nor
//! drill. It has no planted bugs, because `defect!` asks for the feature of the crate that it stands in: a target
//! plants its bugs around what it takes from here.

mod backoff;
mod error;
pub mod sql;
pub mod start;

pub use backoff::Backoff;
pub use error::{chain, chain_verbatim};
