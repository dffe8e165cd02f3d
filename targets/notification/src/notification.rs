//! Notifications and the channels that deliver them.

use serde::{Deserialize, Serialize};

use crate::error::{NotificationError, invalid};

/// Longest id, in bytes.
const ID_BYTES_MAX: usize = 128;

/// Longest message, in bytes.
const MESSAGE_BYTES_MAX: usize = 16 << 10;

/// The channel through which a notification is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A mail.
    Email,
    /// A request to a webhook of the recipient.
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
    /// All channels.
    pub const ALL: [Self; 6] =
        [Self::Email, Self::Webhook, Self::Slack, Self::Teams, Self::PagerDuty, Self::OpsGenie];

    /// The name under which the channel is stored.
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

/// One notification. A request with a known id is for the same notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notification {
    /// The id, chosen by the client.
    pub id: String,
    /// The type, such as `certificate.expiring`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The channel.
    pub channel: Channel,
    /// The recipient.
    pub recipient: String,
    /// The text.
    pub message: String,
}

impl Notification {
    /// Rejects a notification that cannot be stored, addressed or named.
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

/// A delivery that a server requests from a notifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The idempotency key: the notification and the attempt.
    pub key: String,
    /// The id of the notification.
    pub notification: String,
    /// The number of the attempt.
    pub attempt: i64,
    /// The channel.
    pub channel: Channel,
    /// The type of the notification.
    pub kind: String,
    /// The recipient.
    pub recipient: String,
    /// The text.
    pub message: String,
}
