//! The catalogue of failpoints: crash windows that are not already marked by a statement or a message.

/// The commit is durable, but the caller has no answer yet.
pub const BEFORE_ANSWER: &str = "ingress.before_answer";
/// A message is claimed, but not published yet.
pub const AFTER_CLAIM: &str = "outbox.after_claim";
/// The broker has the message, but the outbox has not recorded it yet.
pub const AFTER_PUBLISH: &str = "outbox.after_publish";
/// The broker did not accept the message, and the outbox has not recorded that yet.
pub const AFTER_REFUSAL: &str = "outbox.after_refusal";
/// A message is settled, and the next one of the batch has not begun.
pub const AFTER_SETTLE: &str = "outbox.after_settle";
/// The broker owes a delivery, but the publisher does not know yet that the message was accepted.
pub const AFTER_ACCEPT: &str = "broker.after_accept";
/// The consumer's effect is done, but neither the effect nor the receipt is committed.
pub const AFTER_EFFECT: &str = "consumer.after_effect";

/// All failpoints.
pub const ALL: &[&str] = &[
    BEFORE_ANSWER,
    AFTER_CLAIM,
    AFTER_PUBLISH,
    AFTER_REFUSAL,
    AFTER_SETTLE,
    AFTER_ACCEPT,
    AFTER_EFFECT,
];
