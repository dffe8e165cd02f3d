//! Events of accounts, and their stored form.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

/// The codec of every payload that this release writes.
pub const JSON: &str = "json";

/// The version of every payload that this release writes.
pub const VERSION: i64 = 1;

/// An event of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The account was opened.
    Opened {
        /// The owner.
        owner: String,
    },
    /// An amount was paid in.
    Deposited {
        /// The amount.
        amount: i64,
    },
    /// An amount was paid out.
    Withdrawn {
        /// The amount.
        amount: i64,
    },
    /// A note was written.
    Annotated {
        /// The text.
        note: String,
    },
}

/// An event in its stored form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its position in the stream, from 1.
    pub sequence: i64,
    /// Its type, such as `account.opened`.
    pub event_type: String,
    /// The version of its payload.
    pub event_version: i64,
    /// The encoding of the payload.
    pub codec: String,
    /// The payload.
    pub payload: String,
    /// When the event was recorded, in milliseconds.
    pub recorded_at: i64,
}

/// Why a stored event cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// This release has no event of this type.
    #[error("unknown event {0:?}")]
    UnknownEvent(String),
    /// This release does not support the codec.
    #[error("unknown codec {0:?}")]
    UnknownCodec(String),
    /// The payload does not fit the type of the event.
    #[error("malformed payload of {event_type:?}")]
    Payload {
        /// The type of the event.
        event_type: String,
        /// The error of the JSON decoder.
        source: serde_json::Error,
    },
    /// A column cannot be read.
    #[error("unreadable column")]
    Column(#[source] sqlx::Error),
}

#[derive(Deserialize)]
struct Opened {
    owner: String,
}

#[derive(Deserialize)]
struct Moved {
    amount: i64,
}

#[derive(Deserialize)]
struct Annotated {
    note: String,
}

impl Event {
    /// The type under which the event is stored and published.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "account.opened",
            Self::Deposited { .. } => "account.deposited",
            Self::Withdrawn { .. } => "account.withdrawn",
            Self::Annotated { .. } => "account.annotated",
        }
    }

    /// The payload, encoded as JSON.
    pub fn payload(&self) -> String {
        match self {
            Self::Opened { owner } => json!({ "owner": owner }),
            Self::Deposited { amount } | Self::Withdrawn { amount } => json!({ "amount": amount }),
            Self::Annotated { note } => json!({ "note": note }),
        }
        .to_string()
    }

    /// Decodes an event of the given type.
    ///
    /// # Errors
    ///
    /// [`DecodeError`], which names the unknown type or codec.
    pub fn decode(event_type: &str, codec: &str, payload: &str) -> Result<Self, DecodeError> {
        if codec != JSON {
            return Err(DecodeError::UnknownCodec(codec.to_owned()));
        }
        match event_type {
            "account.opened" => {
                read(event_type, payload).map(|Opened { owner }| Self::Opened { owner })
            }
            "account.deposited" => {
                read(event_type, payload).map(|Moved { amount }| Self::Deposited { amount })
            }
            "account.withdrawn" => {
                read(event_type, payload).map(|Moved { amount }| Self::Withdrawn { amount })
            }
            "account.annotated" => {
                read(event_type, payload).map(|Annotated { note }| Self::Annotated { note })
            }
            unknown => Err(DecodeError::UnknownEvent(unknown.to_owned())),
        }
    }

    /// The stored form of the event, at a position in a stream.
    pub fn stored(&self, sequence: i64, recorded_at: i64) -> StoredEvent {
        StoredEvent {
            sequence,
            event_type: self.name().to_owned(),
            event_version: VERSION,
            codec: JSON.to_owned(),
            payload: self.payload(),
            recorded_at,
        }
    }

    /// How much the event changes the balance.
    pub fn movement(&self) -> i64 {
        match self {
            Self::Deposited { amount } => *amount,
            Self::Withdrawn { amount } => amount.saturating_neg(),
            Self::Opened { .. } | Self::Annotated { .. } => 0,
        }
    }
}

fn read<T: DeserializeOwned>(event_type: &str, payload: &str) -> Result<T, DecodeError> {
    serde_json::from_str(payload)
        .map_err(|source| DecodeError::Payload { event_type: event_type.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_can_be_read() {
        let events = [
            Event::Opened { owner: "ada".into() },
            Event::Deposited { amount: 5 },
            Event::Withdrawn { amount: 3 },
            Event::Annotated { note: "\"quoted\"".into() },
        ];
        for event in events {
            let stored = event.stored(1, 2);
            let read = Event::decode(&stored.event_type, &stored.codec, &stored.payload);
            assert_eq!(read.expect("it was just written"), event);
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let why = |name, codec, payload| {
            Event::decode(name, codec, payload).expect_err("it is no event").to_string()
        };
        assert_eq!(why("account.frozen", "json", "{}"), "unknown event \"account.frozen\"");
        assert_eq!(why("account.opened", "cbor", "{}"), "unknown codec \"cbor\"");
        assert_eq!(why("account.opened", "json", "{"), "malformed payload of \"account.opened\"");
    }
}
