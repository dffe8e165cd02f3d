//! Describes events in words: a short form for the picture, and sentences for a list.

use chaosdrill_core::{
    Act, EventKind, TraceEvent, duration,
    trace::vocabulary::{
        Cause, FaultChange, HostChange,
        member::{ASKED, HIT, OP},
        unknown_members,
    },
};
use serde_json::Value;

use super::subject::Subject;
use crate::{escape, limits, numbers};

/// Members of a row that hold its state, the most specific first.
const STATE_MEMBERS: [&str; 5] = ["status", "state", "outcome", "phase", "stage"];

/// A short text for a lane.
pub(super) fn label(event: &TraceEvent, subject: &Subject) -> String {
    match event.kind {
        EventKind::Fault => fault(event),
        EventKind::Host => host(event),
        EventKind::Watch => {
            let state = STATE_MEMBERS.iter().find_map(|name| scalar(&event.row()[*name]));
            match state {
                Some(state) => format!("{} is {state}", event.name),
                None if event.row().is_null() => format!("{} row deleted", event.name),
                None => format!("{} row written", event.name),
            }
        }
        EventKind::Ok => format!("{} done{}", event.name, asides(event, subject)),
        EventKind::Fail => format!("{} failed{}", event.name, asides(event, subject)),
        EventKind::Info => format!("{}: result unknown{}", event.name, asides(event, subject)),
        EventKind::Invoke => format!("requests {}{}", event.name, asides(event, subject)),
        _ => format!("{}{}", event.name, asides(event, subject)),
    }
}

/// The act of a fault, from its event.
fn fault(event: &TraceEvent) -> String {
    match event.fault() {
        Some(FaultChange::Struck(strike)) => match strike.act() {
            Some(act) => act_in_words(&act),
            None => event.name.clone(),
        },
        Some(FaultChange::Ended { between, .. }) => match between[..] {
            [a, b] => format!("{}: {a} and {b}", event.name),
            _ => event.name.clone(),
        },
        None => event.name.clone(),
    }
}

/// An act without its site.
pub(super) fn act_in_words(act: &Act) -> String {
    let lasting = |lasts: &Option<std::time::Duration>| {
        lasts.map(|lasts| format!(", {}", duration::format(lasts))).unwrap_or_default()
    };
    match act {
        Act::Crash { .. } => act.family().replace('-', " ") + " the step",
        Act::Error(kind) => format!("error {kind}"),
        Act::LostAck(kind) => format!("answer lost ({kind})"),
        Act::Stall(lasts) => format!("stall {}", duration::format(*lasts)),
        Act::Delay(lasts) => format!("delay {}", duration::format(*lasts)),
        Act::Partition { between: [a, b], lasts } => {
            format!("partition {a} from {b}{}", lasting(lasts))
        }
        Act::Clog { between: [a, b], lasts } => format!("clog {a} and {b}{}", lasting(lasts)),
        Act::Kill { host, .. } => format!("kill {host}"),
        Act::Skew { host, lasts, .. } => format!("skew the clock of {host}{}", lasting(lasts)),
        Act::DatabaseDown { machine, lasts } => {
            let machine = machine.as_ref().map_or(String::new(), |name| format!(" on {name}"));
            format!("database down{machine}{}", lasting(lasts))
        }
    }
}

fn host(event: &TraceEvent) -> String {
    match event.host_change() {
        Some(HostChange::Stalled { ns: Some(ns) }) => {
            format!("stalls for {}", numbers::span(ns))
        }
        Some(HostChange::Stalled { ns: None }) => "stalls".to_owned(),
        Some(HostChange::Resumed) => "resumes".to_owned(),
        Some(HostChange::Up { .. }) => "is up again".to_owned(),
        Some(HostChange::Down(Some(Cause::Panic(message)))) => format!("panicked: {message}"),
        Some(HostChange::Down(_)) => "is down".to_owned(),
        Some(HostChange::Ended { error: Some(error) }) => format!("ended: {error}"),
        Some(HostChange::Ended { error: None }) => "its software ended".to_owned(),
        Some(HostChange::Skewed { .. } | HostChange::Other(_)) | None => event.name.clone(),
    }
}

/// Up to two short values that distinguish this event from similar ones.
fn asides(event: &TraceEvent, subject: &Subject) -> String {
    let Some(members) = event.data.as_object() else { return String::new() };
    let told = |(name, value): (&String, &Value)| match value {
        Value::Number(number) if name != HIT => Some(format!("{name} {number}")),
        Value::String(word) if word.len() <= limits::TIMELINE_ASIDE_BYTES_MAX => {
            let known = *word == event.host || subject.words.contains(word) || name == ASKED;
            (!known && name != OP).then(|| word.clone())
        }
        _ => None,
    };
    let short = |aside: &String| aside.len() <= limits::TIMELINE_ASIDE_BYTES_MAX;
    let told: Vec<String> =
        members.iter().filter_map(told).filter(short).take(limits::TIMELINE_ASIDES_MAX).collect();
    if told.is_empty() { String::new() } else { format!(" · {}", told.join(", ")) }
}

/// The state of a row, and other members that changed.
pub(super) fn state(row: &Value, before: Option<&Value>) -> String {
    let Some(members) = row.as_object() else { return "gone".to_owned() };
    let named = STATE_MEMBERS.iter().find(|name| scalar(&row[**name]).is_some());
    let is_new = |name: &str| before.is_none_or(|before| before[name] != row[name]);
    let mut said: Vec<String> = named.and_then(|name| scalar(&row[*name])).into_iter().collect();
    let changed = members
        .iter()
        .filter(|(name, _)| Some(&name.as_str()) != named && before.is_some() && is_new(name));
    for (name, value) in changed {
        let instant = name.ends_with("_at");
        match value {
            Value::Null => {}
            // The expiry of a lease is drawn.
            _ if name.ends_with("_until") => {}
            Value::String(who) if name.ends_with("_by") => said.push(who.clone()),
            _ if instant => said.push(format!("{name} anew")),
            value => said.extend(scalar(value).map(|value| format!("{name} {value}"))),
        }
    }
    if said.is_empty() { "written".to_owned() } else { said.join(", ") }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn text(value: &Value) -> String {
    scalar(value).unwrap_or_else(|| value.to_string())
}

/// One event as an escaped sentence: `d1 says outbox.claimed: attempt 1, message deposit-3/0001`.
pub(crate) fn event_in_words(event: &TraceEvent) -> String {
    let host = if event.host.is_empty() { "the harness" } else { &event.host };
    let name = &event.name;
    let said = match event.kind {
        EventKind::Boundary => format!("{host} is at {name}"),
        EventKind::Answer => format!("{host} gets the answer of {name}"),
        EventKind::Invoke => format!("{host} requests {name}"),
        EventKind::Ok => format!("{host}: {name} is done"),
        EventKind::Fail => format!("{host}: {name} failed"),
        EventKind::Info => format!("{host}: whether {name} was done is not known"),
        EventKind::Observe => format!("{host} says {name}"),
        EventKind::Watch => format!("{host} wrote {name} {}", text(event.key())),
        EventKind::Fault if event.host.is_empty() => format!("fault: {}", fault(event)),
        EventKind::Fault => format!("fault on {host}: {}", fault(event)),
        EventKind::Host => format!("{host} {}", self::host(event)),
        EventKind::Phase => format!("phase: {name}"),
        EventKind::Log => format!("{host} logs {name}"),
        _ => format!("{host}: {name}"),
    };
    let data = match event.kind {
        EventKind::Host | EventKind::Phase => String::new(),
        EventKind::Watch => members(event.row()),
        EventKind::Fault => event.struck_site().to_owned(),
        _ => members(&event.data),
    };
    let unknown = unknown_members(event).map(|(name, value)| format!("{name} {}", text(value)));
    let data = [data].into_iter().filter(|data| !data.is_empty()).chain(unknown);
    let data = data.collect::<Vec<_>>().join(", ");
    let said = if data.is_empty() { said } else { format!("{said}: {data}") };
    escape::line_within(&said, limits::EVENT_CHARS_MAX)
}

/// The same, but a change of a watched row has only the members that changed.
pub(crate) fn change_in_words(event: &TraceEvent, events: &[TraceEvent]) -> String {
    if event.kind != EventKind::Watch {
        return event_in_words(event);
    }
    let is_row = |other: &&TraceEvent| {
        other.kind == event.kind && other.name == event.name && other.key() == event.key()
    };
    let earlier = events.iter().take_while(|other| other.seq < event.seq);
    let before = earlier.filter(is_row).last().map(|other| other.row());
    let Some(before) = before else { return event_in_words(event) };
    let (was, is) = (state(before, Some(before)), state(event.row(), Some(before)));
    let row = format!("{} wrote {} {}", event.host, event.name, text(event.key()));
    escape::line_within(&format!("{row}: {is} (was {was})"), limits::EVENT_CHARS_MAX)
}

/// A value's members in one line, without those that are null.
fn members(data: &Value) -> String {
    match data {
        Value::Null => String::new(),
        Value::Object(members) => {
            let told = members.iter().filter(|(_, value)| !value.is_null());
            told.map(|(name, value)| format!("{name} {}", text(value)))
                .collect::<Vec<_>>()
                .join(", ")
        }
        other => text(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(kind: EventKind, name: &str, data: Value) -> String {
        let host = "d1".to_owned();
        event_in_words(&TraceEvent { seq: 1, at_ns: 0, host, kind, name: name.to_owned(), data })
    }

    #[test]
    fn what_a_newer_version_wrote_is_shown() {
        let stalled = json!({ "for_ns": 2_000_000_000_u64, "core": 3 });
        let partition = json!({ "at": "sql:x", "do": { "partition": ["a", "b"], "loss": "half" } });
        let told = [
            said(EventKind::Host, "stalled", stalled),
            said(EventKind::Host, "frozen", json!({ "depth": 3 })),
            said(EventKind::Fault, "partition", partition),
            said(EventKind::Other, "felt", json!({ "by": 7 })),
        ];
        insta::assert_snapshot!(told.join("\n"), @r#"
        d1 stalls for 2 s: core 3
        d1 frozen: depth 3
        fault on d1: partition: sql:x, do {"loss":"half","partition":["a","b"]}
        d1: felt: by 7
        "#);
    }
}
