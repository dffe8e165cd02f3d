//! Checks the answers of a server to its clients.

use std::collections::BTreeSet;

use chaosdrill::{Check, Event, EventKind, History, Operation, Outcome};
use chaosdrill_scenarios_common::checks::fault_free::is_calm;
use serde_json::Value;

/// What a server knew from an event on; nothing while it starts.
struct Known<'a> {
    since: u64,
    look: Option<&'a Event>,
}

impl Known<'_> {
    /// The status of the answer to a question, and the graphs in it if it is a list.
    fn answer(&self, graph: Option<&str>) -> (u64, BTreeSet<&str>) {
        let Some(look) = self.look.filter(|look| look.get("fatal").is_null()) else {
            return (503, BTreeSet::new());
        };
        let ready = look.get("ready").as_array().into_iter().flatten();
        let ready: BTreeSet<&str> = ready.filter_map(Value::as_str).collect();
        match graph {
            None => (200, ready),
            Some(graph) if ready.contains(graph) => (200, BTreeSet::new()),
            Some(_) => (404, BTreeSet::new()),
        }
    }
}

/// What a server knew, from the beginning of each of its lives on.
fn knowledge<'a>(history: &'a History<'_>, server: &str) -> Vec<Known<'a>> {
    let mut known = vec![Known { since: 0, look: None }];
    for event in history.on_host(server) {
        if event.kind == EventKind::Observe && event.name == "server.looked" {
            known.push(Known { since: event.seq, look: Some(event) });
        }
        if event.ends_a_life() {
            known.push(Known { since: event.seq, look: None });
        }
    }
    known
}

/// A server answers what it saw last: 200 with the graphs that are ready, 200 or 404 for one of them, and 503 if it
/// serves none. It may have looked again while it answered.
pub(crate) fn servers_answer_what_they_saw() -> Check {
    Check::new("servers_answer_what_they_saw", |history| {
        let wrong = history.operations("question").find_map(|op| wrong_answer(history, &op));
        Outcome::unless(wrong)
    })
}

fn wrong_answer(history: &History<'_>, op: &Operation<'_>) -> Option<Outcome> {
    let (end, input) = (op.end?, op.input());
    let said = &op.output()["status"];
    let Some(status) = said.as_u64() else {
        let why = format!("#{} was not answered, although nothing was wrong", op.invoke.seq);
        return is_calm(history).then(|| Outcome::invalid(why, [op.invoke.seq]));
    };
    let known = knowledge(history, input["server"].as_str().unwrap_or_default());
    let first = known.iter().rposition(|known| known.since < op.invoke.seq).unwrap_or(0);
    let mut known = known[first..].iter().take_while(|known| known.since < end.seq);
    let graphs = op.output()["graphs"].as_array().into_iter().flatten();
    let answer = (status, graphs.filter_map(Value::as_str).collect::<BTreeSet<&str>>());
    let asked = input["graph"].as_str();
    let is_right = known.any(|known| known.answer(asked) == answer);
    (!is_right).then(|| {
        let asked = asked.unwrap_or("all graphs");
        let why = format!(
            "#{} {} answered {} to the question for {asked}, which is not what it saw",
            end.seq,
            input["server"].as_str().unwrap_or_default(),
            op.output()
        );
        Outcome::invalid(why, [op.invoke.seq, end.seq])
    })
}
