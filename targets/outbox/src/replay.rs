//! Hydration: replays a snapshot and the events after it into an account. Pure.

use chaosdrill_rt::defect;

use crate::{
    account::Account,
    error::RepositoryError,
    event::{Event, StoredEvent},
};

/// The state of an account at a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The sequence of the last event in it.
    pub version: i64,
    /// The state.
    pub account: Account,
}

/// An account with its position in its stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hydrated {
    /// The state.
    pub account: Account,
    /// The sequence of the last event.
    pub version: i64,
    /// The version of the snapshot it was built from; 0 if there was none.
    pub snapshot_version: i64,
    /// The number of events applied on top of the snapshot.
    pub folded: i64,
}

/// Whether the snapshot belongs to the stream of `events`, which were read from the snapshot's version on: the event at
/// that version must be there.
pub fn is_anchored(snapshot: &Snapshot, events: &[StoredEvent]) -> bool {
    events.first().is_some_and(|event| event.sequence == snapshot.version)
}

/// Replays the events of a stream, read from the snapshot's version on or from the beginning.
///
/// # Errors
///
/// [`RepositoryError::Replay`] names the event that cannot be replayed, [`RepositoryError::Gap`] the missing position.
pub fn replay(
    id: &str,
    snapshot: Option<Snapshot>,
    events: &[StoredEvent],
) -> Result<Hydrated, RepositoryError> {
    let start = snapshot.map_or_else(Hydrated::default, |snapshot| Hydrated {
        account: snapshot.account,
        version: snapshot.version,
        snapshot_version: snapshot.version,
        folded: 0,
    });
    let first = start.snapshot_version.max(1);
    for (expected, event) in (first..).zip(events) {
        if event.sequence != expected {
            return Err(RepositoryError::Gap {
                id: id.to_owned(),
                expected,
                found: event.sequence,
            });
        }
    }
    let known = defect!("O12", start.snapshot_version - 1, start.snapshot_version);
    let mut news = events.iter().filter(|event| event.sequence > known);
    news.try_fold(start, |hydrated, event| fold(id, hydrated, event))
}

/// Applies events that follow a known state.
///
/// # Errors
///
/// [`RepositoryError::Replay`].
pub fn follow(
    id: &str,
    hydrated: &Hydrated,
    events: &[StoredEvent],
) -> Result<Hydrated, RepositoryError> {
    events.iter().try_fold(hydrated.clone(), |hydrated, event| fold(id, hydrated, event))
}

fn fold(
    id: &str,
    mut hydrated: Hydrated,
    stored: &StoredEvent,
) -> Result<Hydrated, RepositoryError> {
    hydrated.version = stored.sequence;
    let event = match Event::decode(&stored.event_type, &stored.codec, &stored.payload) {
        Ok(event) => event,
        #[cfg(feature = "defects")]
        Err(crate::event::DecodeError::UnknownEvent(_)) if defect!("O10", true, false) => {
            return Ok(hydrated);
        }
        Err(source) => {
            return Err(RepositoryError::Replay {
                id: id.to_owned(),
                sequence: stored.sequence,
                event: stored.event_type.clone(),
                source,
            });
        }
    };
    hydrated.account.apply(&event, stored.recorded_at);
    hydrated.folded += 1;
    Ok(hydrated)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::command::Action;

    fn action() -> impl Strategy<Value = Action> {
        prop_oneof![
            (1..1000_i64).prop_map(|amount| Action::Deposit { amount }),
            (1..1000_i64).prop_map(|amount| Action::Withdraw { amount }),
            "[a-z]{1,8}".prop_map(|note| Action::Annotate { note }),
        ]
    }

    /// The stream that these actions produce, and the state in memory at its end.
    fn stream(actions: &[Action]) -> (Vec<StoredEvent>, Hydrated) {
        let open = Action::Open { owner: "ada".into() };
        let mut events = Vec::new();
        let mut memory = Hydrated::default();
        for (now, action) in (1..).zip([&open].into_iter().chain(actions)) {
            // The account refuses some actions; a refusal adds no event.
            let Ok(new) = memory.account.decide(memory.version, action, now) else { continue };
            memory = follow("a", &memory, &new).expect("what was decided can be folded");
            events.extend(new);
        }
        (events, memory)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_reload_is_what_was_in_memory(actions in prop::collection::vec(action(), 0..40)) {
            let (events, memory) = stream(&actions);
            let reloaded = replay("a", None, &events).expect("a whole stream");
            prop_assert_eq!(reloaded.account, memory.account);
            prop_assert_eq!(reloaded.version, memory.version);
        }

        #[test]
        fn a_snapshot_changes_nothing(
            actions in prop::collection::vec(action(), 0..40),
            at in 1..8_usize,
        ) {
            let (events, memory) = stream(&actions);
            for version in (at..=events.len()).step_by(at) {
                let account = replay("a", None, &events[..version]).expect("a prefix").account;
                let snapshot = Snapshot { version: version as i64, account };
                let from = &events[version - 1..];
                prop_assert!(is_anchored(&snapshot, from));
                let hydrated = replay("a", Some(snapshot), from).expect("the rest of the stream");
                prop_assert_eq!(&hydrated.account, &memory.account);
                prop_assert_eq!(hydrated.snapshot_version + hydrated.folded, hydrated.version);
            }
        }
    }

    #[test]
    fn a_foreign_event_and_a_gap_end_the_replay() {
        let (mut events, _) =
            stream(&[Action::Deposit { amount: 3 }, Action::Deposit { amount: 4 }]);
        events[1].event_type = "account.frozen".into();
        let error = replay("a", None, &events).expect_err("nobody knows it");
        assert_eq!(
            error.to_string(),
            "event 2 of account a, \"account.frozen\", cannot be replayed"
        );
        events.remove(1);
        let error = replay("a", None, &events).expect_err("one is missing");
        assert_eq!(error.to_string(), "event 2 of account a is not there, event 3 is");
    }

    #[test]
    fn a_snapshot_ahead_of_its_stream_is_not_anchored() {
        let (events, memory) = stream(&[Action::Deposit { amount: 3 }]);
        let ahead = Snapshot { version: 3, account: memory.account };
        assert!(!is_anchored(&ahead, &[]));
        assert!(!is_anchored(&ahead, &events[1..]));
    }
}
