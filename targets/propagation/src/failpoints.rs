//! The catalogue of failpoints: crash windows that are not already marked by a statement or a message.

/// The upgrade is committed, but its sender has no answer yet.
pub const BEFORE_ANSWER: &str = "api.before_answer";
/// Rows are picked and leased, but none is dispatched yet.
pub const AFTER_PICK: &str = "runner.after_pick";
/// The provisioner has done its part of a row, but the row does not record it yet.
pub const AFTER_DISPATCH: &str = "runner.after_dispatch";
/// A row is settled, and the next one of the batch has not begun.
pub const AFTER_SETTLE: &str = "runner.after_settle";
/// The provisioner applied a grade, but its caller has no answer yet.
pub const AFTER_APPLY: &str = "provisioner.after_apply";
/// A job is claimed, but has done nothing yet.
pub const AFTER_CLAIM: &str = "worker.after_claim";

/// All failpoints.
pub const ALL: &[&str] =
    &[BEFORE_ANSWER, AFTER_PICK, AFTER_DISPATCH, AFTER_SETTLE, AFTER_APPLY, AFTER_CLAIM];
