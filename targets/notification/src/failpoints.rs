//! The catalogue of failpoints: crash windows that are not already marked by a statement or a message.

/// A sweep has its list, and has claimed nothing yet.
pub const AFTER_LIST: &str = "sweep.after_list";
/// A notification is claimed, and not sent yet.
pub const AFTER_CLAIM: &str = "delivery.after_claim";
/// The notifier has answered, with success or failure, and the outcome is not recorded yet.
pub const AFTER_SEND: &str = "delivery.after_send";
/// A notification is settled, and the sweep has not begun the next.
pub const AFTER_SETTLE: &str = "delivery.after_settle";
/// A notification is stored, and the client has no answer yet.
pub const BEFORE_ANSWER: &str = "api.before_answer";
/// The notifier has delivered, and the server has no answer yet.
pub const AFTER_ACCEPT: &str = "notifier.after_accept";

/// All failpoints.
pub const ALL: &[&str] =
    &[AFTER_LIST, AFTER_CLAIM, AFTER_SEND, AFTER_SETTLE, BEFORE_ANSWER, AFTER_ACCEPT];
