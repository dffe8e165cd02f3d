//! A queue of mails in a database, and the workers that send them.
//!
//! A worker claims a job for the length of a lease, sends its mail, and settles the job under the number of its claim.
//! If the worker is too late, that number is no longer the current one, and the settle is refused. The mailer knows
//! each job by its id and sends no mail twice.
//!
//! This is production code: it takes time, tasks, network and connections from `chaosdrill-rt`, which is plain tokio
//! and sqlx without the feature `sim`.

mod error;
mod mailer;
mod queue;
mod worker;

pub use error::Error;
pub use queue::{Claim, Queue};
pub use worker::{Settings, work};

/// Failpoints: named places in the code at which a drill may strike.
pub mod failpoints {
    /// The worker has claimed the job, and done nothing else yet.
    pub const AFTER_CLAIM: &str = "own.after_claim";
    /// The mail is sent, but not recorded yet.
    pub const AFTER_SEND: &str = "own.after_send";
    /// All failpoints.
    pub const ALL: &[&str] = &[AFTER_CLAIM, AFTER_SEND];
}
