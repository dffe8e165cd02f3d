//! The attempts of programs to write and to open, as they report them.

use std::collections::BTreeMap;

use chaosdrill::{Event, EventKind, History};
use serde_json::Value;

/// An attempt to write or to open, from start to end.
pub(crate) struct Attempt<'a> {
    pub(crate) began: &'a Event,
    pub(crate) ended: &'a Event,
}

impl Attempt<'_> {
    pub(crate) fn is_ok(&self) -> bool {
        self.ended.get("ok") == &Value::Bool(true)
    }

    pub(crate) fn lasts_over(&self, seq: u64) -> bool {
        (self.began.seq..self.ended.seq).contains(&seq)
    }
}

/// All attempts that came to an end.
pub(crate) fn attempts<'a>(history: &'a History<'_>) -> Vec<Attempt<'a>> {
    let mut began: BTreeMap<&str, &Event> =
        history.observed("engine.attempt").map(|event| (event.text("id"), event)).collect();
    let ended = history.observed("engine.attempted");
    ended
        .filter_map(|ended| Some(Attempt { began: began.remove(ended.text("id"))?, ended }))
        .collect()
}

/// The beginning of the first attempt that a host has in progress at an event.
pub(crate) fn first_attempt_in_hand(history: &History, at: &Event) -> Option<u64> {
    let mut in_hand: BTreeMap<&str, u64> = BTreeMap::new();
    for event in history.on_host(&at.host).iter().take_while(|event| event.seq < at.seq) {
        match (event.kind, event.name.as_str()) {
            (EventKind::Observe, "engine.attempt") => {
                in_hand.insert(event.text("id"), event.seq);
            }
            (EventKind::Observe, "engine.attempted") => drop(in_hand.remove(event.text("id"))),
            (EventKind::Host, _) if event.ends_a_life() => in_hand.clear(),
            _ => {}
        }
    }
    in_hand.into_values().min()
}
