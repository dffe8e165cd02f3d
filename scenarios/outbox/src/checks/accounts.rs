//! Checks loaded accounts against a reference model, and the order of their commits.

use std::collections::BTreeMap;

use chaosdrill::{Check, Event, EventKind, Outcome, Priority};

use crate::checks::rows::{EVENTS, SNAPSHOTS, State, fold, int, meaning, text};

fn number(event: &Event, key: &str) -> i64 {
    event.int(key).unwrap_or_default()
}

/// A hydration folds every event up to its version, or fails.
pub(crate) fn hydration_folds_every_event_or_fails() -> Check {
    Check::new("hydration_folds_every_event_or_fails", |history| {
        let rows = history.last_rows(EVENTS);
        for event in history.observed("store.hydrated") {
            let (account, version) = (event.text("account"), number(event, "version"));
            let unknown = rows.iter().find(|row| {
                text(row, "aggregate_id") == account
                    && int(row, "sequence") <= version
                    && meaning(row).is_none()
            });
            if let Some(row) = unknown {
                let why = format!(
                    "#{} account {account} was loaded at version {version}, over an event {:?} of an unknown type",
                    event.seq,
                    text(row, "event_type")
                );
                return Outcome::invalid(why, [event.seq]);
            }
        }
        Outcome::valid()
    })
}

/// With or without a snapshot, a loaded account is the fold of its events.
pub(crate) fn snapshots_are_transparent() -> Check {
    Check::new("snapshots_are_transparent", |history| {
        for event in history.observed("store.hydrated").filter(|event| number(event, "version") > 0)
        {
            let (account, version) = (event.text("account"), number(event, "version"));
            let Some(right) = fold(history, account, version) else { continue };
            let found = State::told(&event.data);
            if found != right {
                let why = format!(
                    "#{} account {account} at version {version} was loaded from the snapshot at {} as {found:?}; its events make {right:?}",
                    event.seq,
                    number(event, "snapshot"),
                );
                return Outcome::invalid(why, [event.seq]);
            }
        }
        Outcome::valid()
    })
}

/// A snapshot is saved with the commit at which it comes due: so many events after the last one.
pub(crate) fn snapshots_are_taken_in_time() -> Check {
    Check::new("snapshots_are_taken_in_time", |history| {
        let snapshots = history.rows(SNAPSHOTS);
        for event in history.observed("store.committed") {
            let (account, version) = (event.text("account"), number(event, "version"));
            // A stream that cannot be read has no snapshot.
            if fold(history, account, version).is_none() {
                continue;
            }
            let earlier = snapshots.iter().take_while(|change| change.event.seq < event.seq);
            let of_account = earlier.filter(|change| change.key.as_str() == Some(account));
            let saved = of_account.last().and_then(|change| change.after);
            let saved = saved.map_or(0, |row| int(row, "version"));
            let frequency = number(event, "frequency");
            if version - saved >= frequency {
                let why = format!(
                    "#{} account {account} is at version {version}, and its snapshot at {saved}; one is due every {frequency} events",
                    event.seq
                );
                return Outcome::invalid(why, [event.seq]);
            }
        }
        Outcome::valid()
    })
    .priority(Priority::Low)
}

/// A reloaded account equals the one that was in memory when it was committed.
pub(crate) fn reload_equals_memory() -> Check {
    Check::new("reload_equals_memory", |history| {
        let state = |event: &Event| State::told(&event.data);
        let mut committed: BTreeMap<(&str, i64), &Event> = BTreeMap::new();
        for event in history.observed("store.committed") {
            committed.insert((event.text("account"), number(event, "version")), event);
        }
        for event in history.observed("store.hydrated") {
            let place = (event.text("account"), number(event, "version"));
            let Some(memory) = committed.get(&place) else { continue };
            if state(memory) != state(event) {
                let why = format!(
                    "#{} account {} at version {} was loaded as {:?}; when it was committed it was {:?}",
                    event.seq,
                    place.0,
                    place.1,
                    state(event),
                    state(memory)
                );
                return Outcome::invalid(why, [memory.seq, event.seq]);
            }
        }
        Outcome::valid()
    })
}

/// Within a process, the commands of one account run one after the other, and commit in the order of their turns.
pub(crate) fn commits_follow_lock_grants() -> Check {
    Check::new("commits_follow_lock_grants", |history| {
        let mut running: BTreeMap<(&str, &str), &Event> = BTreeMap::new();
        let mut committed: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        for event in history.events() {
            let host = event.host.as_str();
            let queue = (host, event.text("account"));
            match (event.kind, event.name.as_str()) {
                // A crash ends every turn of the process.
                (EventKind::Host, _) if event.ends_a_life() => {
                    running.retain(|(of, _), _| *of != host);
                }
                (EventKind::Observe, "queue.granted") => {
                    if let Some(holder) = running.insert(queue, event) {
                        let why = format!(
                            "#{} {} got its turn at account {} before the turn #{} of {} ended",
                            event.seq,
                            event.text("command"),
                            queue.1,
                            holder.seq,
                            holder.text("command")
                        );
                        return Outcome::invalid(why, [holder.seq, event.seq]);
                    }
                }
                (EventKind::Observe, "queue.released") => {
                    running.remove(&queue);
                    let Some(version) = event.int("committed") else { continue };
                    let before = committed.insert(queue, version).unwrap_or_default();
                    if before >= version {
                        let why = format!(
                            "#{} a later turn committed version {version} of account {} after version {before}",
                            event.seq, queue.1
                        );
                        return Outcome::invalid(why, [event.seq]);
                    }
                }
                _ => {}
            }
        }
        Outcome::valid()
    })
}
