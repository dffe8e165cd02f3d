//! Checks that an answer means something: what was acknowledged is stored by then, with its content.

use chaosdrill::{Check, Operation, Outcome, RowChange};
use chaosdrill_scenarios_common::checks::fault_free::where_only_hurt_at;
use serde_json::{Value, json};

use crate::checks::rows::{EVENTS, OUTBOX, int, text};

/// When a command is answered with success, its events and messages are stored, with the content that was asked for,
/// up to the version of the answer. When it is refused, none of them is.
pub(crate) fn answers_tell_what_is_stored() -> Check {
    Check::new("answers_tell_what_is_stored", |history| {
        let (events, messages) = (history.rows(EVENTS), history.rows(OUTBOX));
        for op in history.operations("command") {
            let Some(end) = op.end.filter(|_| op.is_ok() || op.is_fail()) else { continue };
            let stored = Stored::before(&events, &messages, op.input(), end.seq);
            if let Some(why) = stored.contradicts(&op) {
                let why = format!("#{} {why}", end.seq);
                return Outcome::invalid(why, [op.invoke.seq, end.seq]);
            }
        }
        Outcome::valid()
    })
}

/// Every command succeeds in the end; judged if nothing but a slow commit hindered it.
pub(crate) fn every_contender_succeeds() -> Check {
    let check = Check::new("every_contender_succeeds", |history| {
        let refused = history.operations("command").find(|op| !op.is_ok());
        Outcome::unless(refused.map(|op| {
            let (id, begin) = (text(op.input(), "id"), op.invoke.seq);
            let why = format!("#{begin} command {id} did not succeed; {}", op.output());
            Outcome::invalid(why, [begin].into_iter().chain(op.end.map(|end| end.seq)))
        }))
    });
    where_only_hurt_at(check, &["sql:commit.begin", "sql:commit.commit"])
}

/// What was stored of a command, in the stream of its account, when its answer arrived.
struct Stored<'a> {
    events: Vec<&'a Value>,
    messages: usize,
}

impl<'a> Stored<'a> {
    fn before(
        events: &'a [RowChange<'_>],
        messages: &'a [RowChange<'_>],
        command: &Value,
        seq: u64,
    ) -> Self {
        let (id, account) = (text(command, "id"), text(command, "account"));
        let of = |rows: &'a [RowChange<'_>], stream: &str| -> Vec<&'a Value> {
            let new = rows.iter().filter(|row| row.event.seq < seq && row.before.is_none());
            let rows = new.filter_map(|row| row.after);
            let is_of_it =
                |row: &&Value| text(row, "correlation_id") == id && text(row, stream) == account;
            rows.filter(is_of_it).collect()
        };
        let mut events = of(events, "aggregate_id");
        events.sort_by_key(|row| int(row, "sequence"));
        Self { events, messages: of(messages, "source_id").len() }
    }

    fn contradicts(&self, op: &Operation<'_>) -> Option<String> {
        let command = op.input();
        let id = text(command, "id");
        let (events, messages) = (self.events.len(), self.messages);
        if op.is_fail() {
            let is_nothing = events == 0 && messages == 0;
            return (!is_nothing).then(|| {
                format!("command {id} was refused, and has {events} events and {messages} messages")
            });
        }
        let asked = asked(&command["action"]);
        if events != asked.len() || messages != asked.len() {
            return Some(format!(
                "command {id} was done, and has {events} events and {messages} messages; it asked for {}",
                asked.len()
            ));
        }
        let odd = self.events.iter().zip(&asked).find(|(event, (event_type, payload))| {
            let stored: Value = serde_json::from_str(text(event, "payload")).unwrap_or_default();
            text(event, "event_type") != event_type
                || (stored != *payload && event["payload"] != *payload)
        });
        if let Some((event, (event_type, payload))) = odd {
            return Some(format!(
                "command {id} asked for {event_type} with {payload}; stored is {event}"
            ));
        }
        let last = self.events.last().map(|event| int(event, "sequence"));
        let answered = op.output()["version"].as_i64();
        (last.is_some() && last != answered).then(|| {
            format!(
                "command {id} was answered with version {answered:?}, and is stored up to {last:?}"
            )
        })
    }
}

/// The events that an action asks for: type, and payload. A payload that is imported is text, word for word.
fn asked(action: &Value) -> Vec<(String, Value)> {
    let Some((name, fields)) = action.as_object().and_then(|action| action.iter().next()) else {
        return Vec::new();
    };
    let one = |event_type: &str, payload| vec![(event_type.to_owned(), payload)];
    match name.as_str() {
        "open" => one("account.opened", json!({ "owner": fields["owner"] })),
        "deposit" => one("account.deposited", json!({ "amount": fields["amount"] })),
        "withdraw" => one("account.withdrawn", json!({ "amount": fields["amount"] })),
        "annotate" => one("account.annotated", json!({ "note": fields["note"] })),
        _ => {
            let events = fields["events"].as_array().map(Vec::as_slice).unwrap_or_default();
            let event = |raw: &Value| (text(raw, "event_type").to_owned(), raw["payload"].clone());
            events.iter().map(event).collect()
        }
    }
}
