//! Finds the subject of a timeline: the row, message or key that the witness names.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill_core::{EventKind, TraceEvent, trace::vocabulary::member::KEY};
use serde_json::Value;

use crate::limits;

/// The subject of a witness, as words that other events contain, too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Subject {
    /// The watch and the key, if the subject is a watched row.
    pub(super) row: Option<(String, String)>,
    /// The words of the subject.
    pub(super) words: BTreeSet<String>,
}

impl Subject {
    /// The subject of these events.
    pub(super) fn of(witness: &[&TraceEvent], events: &[&TraceEvent]) -> Self {
        let hosts: BTreeSet<&str> = events.iter().map(|event| event.host.as_str()).collect();
        let counts = counts(events);
        let common = common(events);
        let mut subject = Self::default();
        for event in witness.iter().take(limits::TIMELINE_WITNESSES_MAX) {
            let mut texts = BTreeSet::new();
            collect(&event.data, &mut texts);
            texts.retain(|text| !hosts.contains(text.as_str()) && !common.contains(text));
            let key = key(event);
            let often = |text: &String| counts.get(text).copied().unwrap_or(0);
            let main = key.clone().or_else(|| {
                // The rarest word that occurs again is the name of a thing; the others name its kind.
                texts.iter().filter(|text| often(text) > 1).min_by_key(|text| often(text)).cloned()
            });
            let Some(main) = main else { continue };
            let bound = often(&main).max(2);
            let near = |text: &&String| {
                text.len() >= limits::TIMELINE_WORD_BYTES_MIN && (2..=bound).contains(&often(text))
            };
            subject.words.extend(texts.iter().filter(near).cloned());
            if event.kind == EventKind::Watch && subject.row.is_none() {
                subject.row = Some((event.name.clone(), main.clone()));
            }
            subject.words.insert(main);
        }
        if subject.row.is_none() {
            subject.row = row_named(&subject.words, events);
        }
        subject
    }

    /// Whether an event has the same subject.
    pub(super) fn is_in(&self, event: &TraceEvent) -> bool {
        if self.words.is_empty() {
            return false;
        }
        let mut texts = BTreeSet::new();
        collect(&event.data, &mut texts);
        texts.iter().any(|text| self.words.contains(text))
    }

    /// Whether an event is a change of the subject's row.
    pub(super) fn is_row(&self, event: &TraceEvent) -> bool {
        event.kind == EventKind::Watch
            && self.row.as_ref().is_some_and(|(watch, wanted)| {
                event.name == *watch && key(event).is_some_and(|key| key == *wanted)
            })
    }
}

/// The key of a watched row.
pub(super) fn key(event: &TraceEvent) -> Option<String> {
    match event.key() {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The first row whose key is one of the words.
fn row_named(words: &BTreeSet<String>, events: &[&TraceEvent]) -> Option<(String, String)> {
    let watches = events.iter().filter(|event| event.kind == EventKind::Watch);
    let mut named = watches.filter_map(|event| Some((event.name.clone(), key(event)?)));
    named.find(|(_, key)| words.contains(key))
}

/// The number of events that contain each word.
fn counts(events: &[&TraceEvent]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for event in events {
        let mut texts = BTreeSet::new();
        collect(&event.data, &mut texts);
        texts.extend(key(event));
        for text in texts {
            *counts.entry(text).or_default() += 1;
        }
    }
    counts
}

/// Words that many rows of one watch contain: they describe a state, and do not name a row.
fn common(events: &[&TraceEvent]) -> BTreeSet<String> {
    let mut rows: BTreeMap<(String, &str), BTreeSet<String>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.kind == EventKind::Watch) {
        let Some(key) = key(event) else { continue };
        let mut texts = BTreeSet::new();
        collect(event.row(), &mut texts);
        for text in texts {
            rows.entry((text, &event.name)).or_default().insert(key.clone());
        }
    }
    let many = rows.into_iter().filter(|(_, keys)| keys.len() > limits::TIMELINE_ROWS_NAMED_MAX);
    many.map(|((text, _), _)| text).collect()
}

/// The words in an event's data. A number is a word only if its member is an id.
fn collect(data: &Value, texts: &mut BTreeSet<String>) {
    match data {
        Value::String(text) => {
            texts.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::Number(number) if names(name) => {
                        texts.insert(number.to_string());
                    }
                    value => collect(value, texts),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether a member's number is an id rather than a count.
fn names(member: &str) -> bool {
    matches!(member, KEY | "id" | "message" | "job" | "item" | "row") || member.ends_with("_id")
}
