//! Checks event streams, and what is committed with them.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill::{Check, Event, EventKind, History, Outcome};
use serde_json::Value;

use crate::checks::rows::{ACCOUNTS, ENTRIES, EVENTS, OUTBOX, SNAPSHOTS, int, meaning, text};

/// Sequences run 1, 2, 3 without a gap, and no event ever changes.
pub(crate) fn streams_are_gap_free() -> Check {
    Check::new("streams_are_gap_free", |history| {
        for change in history.rows(EVENTS) {
            if change.before.is_some() {
                let seq = change.event.seq;
                return Outcome::invalid(format!("#{seq} event {} was changed", change.key), [seq]);
            }
        }
        let mut streams: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for row in history.last_rows(EVENTS) {
            streams.entry(text(row, "aggregate_id")).or_default().push(int(row, "sequence"));
        }
        for (stream, mut sequences) in streams {
            sequences.sort_unstable();
            let missing = (1..).zip(&sequences).find(|(expected, found)| expected != *found);
            if let Some((expected, found)) = missing {
                return Outcome::invalid(
                    format!("stream {stream} has {found} where {expected} belongs"),
                    [],
                );
            }
        }
        Outcome::valid()
    })
}

/// Of the writers of one version of a stream, exactly one commits; the others get a conflict.
pub(crate) fn exactly_one_of_the_racers_commits() -> Check {
    Check::new("exactly_one_of_the_racers_commits", |history| {
        let mut winners: BTreeMap<(&str, i64), (&str, u64)> = BTreeMap::new();
        for event in history.observed("store.committed") {
            let place = (event.text("account"), event.int("version").unwrap_or_default());
            if let Some((winner, seq)) = winners.insert(place, (event.text("command"), event.seq)) {
                let (account, version) = place;
                let why = format!(
                    "#{seq} {winner} and #{} {} both committed version {version} of account {account}",
                    event.seq,
                    event.text("command")
                );
                return Outcome::invalid(why, [seq, event.seq]);
            }
        }
        Outcome::valid()
    })
}

/// Positions in streams, by the kind of row that exists there.
#[derive(Default)]
struct Places {
    events: BTreeSet<(String, i64)>,
    messages: BTreeSet<(String, i64)>,
    entries: BTreeSet<(String, i64)>,
    movements: BTreeSet<(String, i64)>,
    versions: BTreeMap<String, i64>,
    /// Streams that cannot be read, and therefore have no read model.
    unreadable: BTreeSet<String>,
    /// The events, and the snapshots by their versions, of the commit that is being read.
    new_events: BTreeSet<(String, i64)>,
    new_snapshots: Vec<(String, i64)>,
}

impl Places {
    fn take(&mut self, watch: &str, row: &Value) {
        let place = |id: &str| (text(row, id).to_owned(), int(row, "sequence"));
        match watch {
            EVENTS => {
                let place = place("aggregate_id");
                match meaning(row) {
                    Some(meaning) if meaning.movement != 0 => {
                        self.movements.insert(place.clone());
                    }
                    Some(_) => {}
                    None => {
                        self.unreadable.insert(place.0.clone());
                    }
                }
                self.new_events.insert(place.clone());
                self.events.insert(place);
            }
            SNAPSHOTS => {
                self.new_snapshots
                    .push((text(row, "aggregate_id").to_owned(), int(row, "version")));
            }
            OUTBOX => {
                self.messages
                    .insert((text(row, "source_id").to_owned(), int(row, "source_sequence")));
            }
            ENTRIES => {
                self.entries.insert(place("account_id"));
            }
            ACCOUNTS => {
                self.versions.insert(text(row, "account_id").to_owned(), int(row, "version"));
            }
            _ => {}
        }
    }

    /// Ends the commit that is being read, and returns the part of it that exists without the rest, if any.
    fn end_of_commit(&mut self) -> Option<String> {
        let (events, snapshots) =
            (std::mem::take(&mut self.new_events), std::mem::take(&mut self.new_snapshots));
        let stray = snapshots.into_iter().find(|place| !events.contains(place));
        let stray = stray.map(|(stream, version)| {
            format!("{stream} has a snapshot of version {version} that was not committed with it")
        });
        stray.or_else(|| self.half())
    }

    /// What exists without the rest; `None` if every commit is complete.
    fn half(&self) -> Option<String> {
        let show = |(stream, sequence): &(String, i64)| format!("{stream}/{sequence}");
        if let Some(place) = self.events.symmetric_difference(&self.messages).next() {
            let has = if self.events.contains(place) {
                "an event but no message"
            } else {
                "a message but no event"
            };
            return Some(format!("{} has {has}", show(place)));
        }
        let readable = |place: &&(String, i64)| !self.unreadable.contains(&place.0);
        let differing = self.movements.symmetric_difference(&self.entries);
        if let Some(place) = differing.into_iter().find(readable) {
            let has = if self.entries.contains(place) {
                "an entry but no event"
            } else {
                "an event but no entry"
            };
            return Some(format!("{} has {has} in the read model", show(place)));
        }
        let mut last: BTreeMap<&str, i64> = BTreeMap::new();
        for (stream, sequence) in self.events.iter().filter(readable) {
            last.insert(stream, *sequence);
        }
        let lagging =
            last.into_iter().find(|(stream, version)| self.versions.get(*stream) != Some(version));
        lagging.map(|(stream, version)| {
            let shown = self.versions.get(stream).copied().unwrap_or_default();
            format!("{stream} is at version {version}, and its read model at {shown}")
        })
    }
}

/// After every commit, events, messages, read model and snapshot agree: a commit exists completely, or not at all.
pub(crate) fn commits_are_all_or_nothing() -> Check {
    Check::new("commits_are_all_or_nothing", |history| {
        let mut places = Places::default();
        let mut last: Option<&Event> = None;
        for event in history.events() {
            let is_row = event.kind == EventKind::Watch;
            // The rows of one commit arrive together, so any other event must find the commit complete, and so must
            // the rows of a later instant.
            if let Some(row) = last.filter(|row| !is_row || row.at() != event.at())
                && let Some(half) = places.end_of_commit()
            {
                return Outcome::invalid(format!("#{} {half}", row.seq), [row.seq]);
            }
            last = is_row.then_some(event);
            if is_row {
                places.take(&event.name, event.row());
            }
        }
        let half = places.end_of_commit();
        Outcome::unless(half.map(|half| Outcome::invalid(half, last.map(|row| row.seq))))
    })
}

/// However often a command is sent, it has at most one effect; and a command that was acknowledged has one.
pub(crate) fn one_command_one_effect() -> Check {
    Check::new("one_command_one_effect", |history| {
        let effects = effects(history);
        for op in history.operations("command") {
            let command = op.input();
            let id = text(command, "id");
            let expected = match command["action"]["import"]["events"].as_array() {
                Some(events) => events.len(),
                None => 1,
            };
            let found = effects.get(id).copied().unwrap_or_default();
            let is_right =
                if op.is_ok() { found == expected } else { found == 0 || found == expected };
            if !is_right {
                let end = op
                    .end
                    .map_or("had no end", |_| if op.is_ok() { "was done" } else { "was not done" });
                let why = format!(
                    "command {id} {end} and has {found} events, but one execution makes {expected}"
                );
                return Outcome::invalid(
                    why,
                    [op.invoke.seq].into_iter().chain(op.end.map(|end| end.seq)),
                );
            }
        }
        Outcome::valid()
    })
}

/// The number of events by the id that the sender gave the command.
fn effects(history: &History) -> BTreeMap<String, usize> {
    let mut effects = BTreeMap::new();
    for row in history.last_rows(EVENTS) {
        *effects.entry(text(row, "correlation_id").to_owned()).or_default() += 1;
    }
    effects
}
