//! The catalogue of failpoints: the crash windows that no statement and no message marks already.

/// A sweep has its list, and nothing of it is claimed.
pub const AFTER_LIST: &str = "sweep.after_list";
/// A notification is claimed, and nothing has been sent.
pub const AFTER_CLAIM: &str = "delivery.after_claim";
/// The notifier has answered, well or badly, and nothing of that is written down.
pub const AFTER_SEND: &str = "delivery.after_send";
/// A notification is settled, and the next of the sweep has not begun.
pub const AFTER_SETTLE: &str = "delivery.after_settle";
/// A notification is there, and whoever asked for it has not heard of it.
pub const BEFORE_ANSWER: &str = "api.before_answer";
/// The notifier has delivered, and the server has not heard of it.
pub const AFTER_ACCEPT: &str = "notifier.after_accept";

/// All of them.
pub const ALL: &[&str] =
    &[AFTER_LIST, AFTER_CLAIM, AFTER_SEND, AFTER_SETTLE, BEFORE_ANSWER, AFTER_ACCEPT];
