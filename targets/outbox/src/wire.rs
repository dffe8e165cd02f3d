//! The message format between outbox, broker and consumer.

use serde::{Deserialize, Serialize};

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The id, the same for every publish.
    pub message_id: String,
    /// The type of the event.
    pub event_type: String,
    /// The payload of the event, as it was stored.
    pub payload: String,
    /// The encoding of the payload.
    pub codec: String,
    /// The version of the payload.
    pub codec_version: i64,
    /// The destination.
    pub destination: String,
    /// Further data from the sender, as JSON.
    pub metadata: String,
    /// The type of the source stream.
    pub source_type: String,
    /// The id of the source stream.
    pub source_id: String,
    /// The position of the event in the source stream.
    pub source_sequence: i64,
    /// The id of the command, as its sender chose it.
    pub correlation_id: String,
    /// The id of the direct cause.
    pub causation_id: String,
    /// The number of the attempt to publish the message.
    pub attempt: i64,
}
