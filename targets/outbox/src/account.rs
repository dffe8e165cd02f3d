//! The account aggregate. Pure: a decision depends only on the account's events and the command.

use chaosdrill_rt::defect;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Action, RawEvent},
    event::{Event, StoredEvent, VERSION},
};

/// The type of the streams of accounts.
pub const TYPE: &str = "account";

/// An account in the state that its events lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The owner; `None` before the account is opened.
    pub owner: Option<String>,
    /// The balance.
    pub balance: i64,
    /// The number of notes.
    pub notes: i64,
    /// The time of the last event, in milliseconds.
    pub last_activity: i64,
}

/// Why an account refuses a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The account is already open.
    #[error("the account is open already")]
    AlreadyOpen,
    /// The amount is zero or negative.
    #[error("an amount of {0} cannot be moved")]
    InvalidAmount(i64),
    /// The amount is larger than the balance.
    #[error("{asked} were asked for, {balance} are there")]
    InsufficientFunds {
        /// The requested amount.
        asked: i64,
        /// The balance.
        balance: i64,
    },
}

impl Account {
    /// Returns the events that `action` leads to. They follow the event at `version`.
    ///
    /// # Errors
    ///
    /// [`ModelError`] if the account refuses the action.
    pub fn decide(
        &self,
        version: i64,
        action: &Action,
        now_ms: i64,
    ) -> Result<Vec<StoredEvent>, ModelError> {
        let event = match action {
            Action::Import { events } if version == 0 => return Ok(import(events, now_ms)),
            Action::Open { owner } if version == 0 => Event::Opened { owner: owner.clone() },
            Action::Open { .. } | Action::Import { .. } => return Err(ModelError::AlreadyOpen),
            Action::Deposit { amount } => Event::Deposited { amount: positive(*amount)? },
            Action::Withdraw { amount } => {
                let asked = positive(*amount)?;
                if asked > self.balance {
                    let balance = self.balance;
                    return Err(ModelError::InsufficientFunds { asked, balance });
                }
                Event::Withdrawn { amount: asked }
            }
            Action::Annotate { note } => Event::Annotated { note: note.clone() },
        };
        let sequence = version + defect!("O64", 1 + version.min(1), 1);
        Ok(vec![event.stored(sequence, now_ms)])
    }

    /// Applies an event to the state.
    pub fn apply(&mut self, event: &Event, recorded_at: i64) {
        self.balance = self.balance.saturating_add(event.movement());
        match event {
            Event::Opened { owner } => self.owner = Some(owner.clone()),
            Event::Annotated { .. } => self.notes += 1,
            Event::Deposited { .. } | Event::Withdrawn { .. } => {}
        }
        self.last_activity = defect!("O13", chaosdrill_rt::time::unix_ms(), recorded_at);
    }
}

fn positive(amount: i64) -> Result<i64, ModelError> {
    if amount > 0 { Ok(amount) } else { Err(ModelError::InvalidAmount(amount)) }
}

/// Stores the events unchanged. Whether this release can decode them shows when they are read.
fn import(events: &[RawEvent], recorded_at: i64) -> Vec<StoredEvent> {
    let stored = |(sequence, event): (i64, &RawEvent)| StoredEvent {
        sequence,
        event_type: event.event_type.clone(),
        event_version: VERSION,
        codec: event.codec.clone(),
        payload: event.payload.clone(),
        recorded_at,
    };
    (1..).zip(events).map(stored).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_refuses_what_it_cannot_do() {
        let account = Account { owner: Some("ada".into()), balance: 10, ..Account::default() };
        let refusal = |action| account.decide(3, &action, 0).expect_err("it is refused");
        assert_eq!(refusal(Action::Open { owner: "bob".into() }), ModelError::AlreadyOpen);
        assert_eq!(refusal(Action::Import { events: vec![] }), ModelError::AlreadyOpen);
        assert_eq!(refusal(Action::Deposit { amount: 0 }), ModelError::InvalidAmount(0));
        assert_eq!(refusal(Action::Withdraw { amount: -1 }), ModelError::InvalidAmount(-1));
        assert_eq!(
            refusal(Action::Withdraw { amount: 11 }),
            ModelError::InsufficientFunds { asked: 11, balance: 10 }
        );
        let done = account.decide(3, &Action::Withdraw { amount: 10 }, 7).expect("there is enough");
        assert_eq!(done, [Event::Withdrawn { amount: 10 }.stored(4, 7)]);
    }
}
