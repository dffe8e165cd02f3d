//! A queue of mails in a database, and workers that send them.
//!
//! A worker claims a job for the length of a lease, sends its mail, and settles the job under the number of its
//! claim. A worker that is too late finds that the number is no longer the current one, and its settling is
//! refused. The mailer knows each job by its id and sends no mail twice.
//!
//! This is production code: it takes time, tasks, network and connections from `chaosdrill-rt`, which without the
//! feature `sim` is tokio and sqlx with nothing added.

mod error;
mod mailer;
mod queue;
mod worker;

pub use error::Error;
pub use queue::{Claim, Queue};
pub use worker::{Settings, work};

/// Named places in the code at which a drill may strike.
pub mod failpoints {
    /// The job is this worker's, and nothing has been done about it.
    pub const AFTER_CLAIM: &str = "own.after_claim";
    /// The mail is sent, and nobody has written that down.
    pub const AFTER_SEND: &str = "own.after_send";
    /// All of them.
    pub const ALL: &[&str] = &[AFTER_CLAIM, AFTER_SEND];
}
