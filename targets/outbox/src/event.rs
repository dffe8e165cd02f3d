//! Events, and how they are stored.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

/// The codec of everything this release writes.
pub const JSON: &str = "json";

/// The version of this release's payloads.
pub const VERSION: i64 = 1;

/// What happened to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was opened.
    Opened {
        /// Whose it is.
        owner: String,
    },
    /// Somebody paid in.
    Deposited {
        /// How much.
        amount: i64,
    },
    /// Somebody paid out.
    Withdrawn {
        /// How much.
        amount: i64,
    },
    /// Somebody wrote a note.
    Annotated {
        /// What it says.
        note: String,
    },
}

/// An event as it stands in its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place in the stream, from 1.
    pub sequence: i64,
    /// Its name.
    pub event_type: String,
    /// The version of its payload.
    pub event_version: i64,
    /// How the payload is written.
    pub codec: String,
    /// The payload.
    pub payload: String,
    /// When it happened, in milliseconds.
    pub recorded_at: i64,
}

/// Why a stored event cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Nobody here knows events of this name.
    #[error("unknown event {0:?}")]
    UnknownEvent(String),
    /// It is written in a way that nobody here reads.
    #[error("unknown codec {0:?}")]
    UnknownCodec(String),
    /// It is not what its name promises.
    #[error("malformed payload of {event_type:?}")]
    Payload {
        /// The name of the event.
        event_type: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A column does not hold what it should.
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
    /// The name under which it is stored and published.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "account.opened",
            Self::Deposited { .. } => "account.deposited",
            Self::Withdrawn { .. } => "account.withdrawn",
            Self::Annotated { .. } => "account.annotated",
        }
    }

    /// The payload, as JSON.
    pub fn payload(&self) -> String {
        match self {
            Self::Opened { owner } => json!({ "owner": owner }),
            Self::Deposited { amount } | Self::Withdrawn { amount } => json!({ "amount": amount }),
            Self::Annotated { note } => json!({ "note": note }),
        }
        .to_string()
    }

    /// Reads an event by its name.
    ///
    /// # Errors
    ///
    /// [`DecodeError`], naming the event or the codec that is not known.
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

    /// The event in its place in a stream.
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

    /// By how much it changes the balance.
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
