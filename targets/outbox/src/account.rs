//! The aggregate: an account. Pure: what it decides depends on its events and the command alone.

use chaosdrill_rt::defect;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Action, RawEvent},
    event::{Event, StoredEvent, VERSION},
};

/// The type of the streams of accounts.
pub const TYPE: &str = "account";

/// An account, as its events made it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Whose it is; nobody's before it is opened.
    pub owner: Option<String>,
    /// What is in it.
    pub balance: i64,
    /// How many notes were written.
    pub notes: i64,
    /// When something last happened to it, in milliseconds.
    pub last_activity: i64,
}

/// Why an account refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// It was opened before.
    #[error("the account is open already")]
    AlreadyOpen,
    /// Nobody moves nothing, or less.
    #[error("an amount of {0} cannot be moved")]
    InvalidAmount(i64),
    /// There is less in it than was asked for.
    #[error("{asked} were asked for, {balance} are there")]
    InsufficientFunds {
        /// What was asked for.
        asked: i64,
        /// What is there.
        balance: i64,
    },
}

impl Account {
    /// What happens if this is done, as it will stand in the stream after `version`.
    ///
    /// # Errors
    ///
    /// [`ModelError`], and nothing happens.
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
        Ok(vec![event.stored(version + 1, now_ms)])
    }

    /// Makes an event's difference.
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

/// The events stand in the stream as they came; whether this release can read them shows when it must.
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
