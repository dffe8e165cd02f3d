//! A notification, and the ways it may take.

use serde::{Deserialize, Serialize};

use crate::error::{NotificationError, invalid};

/// Longest id, in bytes.
const ID_BYTES_MAX: usize = 128;

/// Longest message, in bytes.
const MESSAGE_BYTES_MAX: usize = 16 << 10;

/// How a notification reaches people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A mail.
    Email,
    /// A request to an address of the recipient's.
    Webhook,
    /// A message in Slack.
    Slack,
    /// A message in Teams.
    Teams,
    /// An alert in PagerDuty.
    PagerDuty,
    /// An alert in OpsGenie.
    OpsGenie,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Email, Self::Webhook, Self::Slack, Self::Teams, Self::PagerDuty, Self::OpsGenie];

    /// Its name, as it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::PagerDuty => "pagerduty",
            Self::OpsGenie => "opsgenie",
        }
    }

    /// The channel of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

/// What somebody wants to be told. Asked for again under the same id it is the same notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notification {
    /// Given by whoever asks for it.
    pub id: String,
    /// What it is about, such as `certificate.expiring`.
    #[serde(rename = "type")]
    pub kind: String,
    /// How it goes out.
    pub channel: Channel,
    /// To whom.
    pub recipient: String,
    /// What it says.
    pub message: String,
}

impl Notification {
    /// Refuses what cannot be stored, addressed or named.
    ///
    /// # Errors
    ///
    /// [`NotificationError::Invalid`].
    pub fn validate(&self) -> Result<(), NotificationError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
        if self.id.is_empty() || self.id.len() > ID_BYTES_MAX || !self.id.chars().all(is_plain) {
            return Err(invalid(format!("{:?} names nothing", self.id)));
        }
        if self.recipient.is_empty() || self.kind.is_empty() {
            return Err(invalid("a notification has a type and a recipient"));
        }
        if self.message.len() > MESSAGE_BYTES_MAX {
            return Err(invalid(format!("a message has at most {MESSAGE_BYTES_MAX} bytes")));
        }
        Ok(())
    }
}

/// What a server asks a notifier to deliver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The same key is the same delivery: the notification and the attempt.
    pub key: String,
    /// Which notification.
    pub notification: String,
    /// By which attempt.
    pub attempt: i64,
    /// Through which channel.
    pub channel: Channel,
    /// What it is about.
    pub kind: String,
    /// To whom.
    pub recipient: String,
    /// What it says.
    pub message: String,
}
