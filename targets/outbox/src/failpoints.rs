//! The catalogue of failpoints: the crash windows that no statement and no message marks already.

/// The commit is durable, and the caller has not heard of it.
pub const BEFORE_ANSWER: &str = "ingress.before_answer";
/// A message is claimed, and nothing has been published.
pub const AFTER_CLAIM: &str = "outbox.after_claim";
/// The broker has the message, and the outbox does not know.
pub const AFTER_PUBLISH: &str = "outbox.after_publish";
/// A message is settled, and the next of the batch has not begun.
pub const AFTER_SETTLE: &str = "outbox.after_settle";
/// The broker owes a delivery, and the publisher has not heard that it was accepted.
pub const AFTER_ACCEPT: &str = "broker.after_accept";
/// The consumer's effect is done, and neither it nor the receipt is committed.
pub const AFTER_EFFECT: &str = "consumer.after_effect";

/// All of them.
pub const ALL: &[&str] =
    &[BEFORE_ANSWER, AFTER_CLAIM, AFTER_PUBLISH, AFTER_SETTLE, AFTER_ACCEPT, AFTER_EFFECT];
