//! The catalogue of failpoints: the crash windows that no statement and no message marks already.

/// The upgrade is committed, and its sender has not heard of it.
pub const BEFORE_ANSWER: &str = "api.before_answer";
/// Rows are picked and leased, and none has been dispatched.
pub const AFTER_PICK: &str = "runner.after_pick";
/// The provisioner did its part of a row, and the row does not know.
pub const AFTER_DISPATCH: &str = "runner.after_dispatch";
/// A row is settled, and the next of the batch has not begun.
pub const AFTER_SETTLE: &str = "runner.after_settle";
/// The provisioner applied a grade, and nobody has heard of it.
pub const AFTER_APPLY: &str = "provisioner.after_apply";
/// A job is claimed, and has done nothing.
pub const AFTER_CLAIM: &str = "worker.after_claim";

/// All of them.
pub const ALL: &[&str] =
    &[BEFORE_ANSWER, AFTER_PICK, AFTER_DISPATCH, AFTER_SETTLE, AFTER_APPLY, AFTER_CLAIM];
