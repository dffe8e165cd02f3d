//! A message as it travels: from the outbox to the broker, and from there to the consumer.

use serde::{Deserialize, Serialize};

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Its name, the same however often it is published.
    pub message_id: String,
    /// What happened.
    pub event_type: String,
    /// The event, as it was stored.
    pub payload: String,
    /// How the payload is written.
    pub codec: String,
    /// The version of the payload.
    pub codec_version: i64,
    /// Where to.
    pub destination: String,
    /// What else the sender wants to say, as JSON.
    pub metadata: String,
    /// The type of the stream it comes from.
    pub source_type: String,
    /// The id of the stream it comes from.
    pub source_id: String,
    /// Its place there.
    pub source_sequence: i64,
    /// The command that led to it, as its sender named it.
    pub correlation_id: String,
    /// What led to it directly.
    pub causation_id: String,
    /// Which attempt to publish it this is.
    pub attempt: i64,
}
