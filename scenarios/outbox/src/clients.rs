//! Senders of commands that behave as careful clients do: they repeat a command until its answer is final.

use std::time::Duration;

use chaosdrill::rt::{http, observe, time};
use chaosdrill::{EventKind, Stream, Workload};
use chaosdrill_target_outbox::{Action, Command, RawEvent};
use serde_json::{Value, json};

/// Enough commands to take every host through every step; more would only make a run longer.
pub(crate) const ORDERS: usize = 8;

/// How often a sender repeats a command before it gives up without a result.
const SENDS_MAX: u32 = 600;

/// How long a sender waits for an answer.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(15);

/// How long a sender pauses before it sends again.
const REST: Duration = Duration::from_secs(2);

/// A command with its own id.
pub(crate) fn command(id: impl Into<String>, account: &str, action: Action) -> Command {
    Command { id: id.into(), account: account.to_owned(), action }
}

/// Opens an account.
pub(crate) fn open(account: &str) -> Command {
    command(format!("open-{account}"), account, Action::Open { owner: "ada".to_owned() })
}

/// Deposits an amount.
pub(crate) fn deposit(id: impl Into<String>, account: &str, amount: i64) -> Command {
    command(id, account, Action::Deposit { amount })
}

/// Imports a history from elsewhere.
pub(crate) fn import(account: &str, events: &[(&str, &str)]) -> Command {
    let event = |(event_type, payload): &(&str, &str)| RawEvent {
        event_type: (*event_type).to_owned(),
        codec: "json".to_owned(),
        payload: (*payload).to_owned(),
    };
    command(
        format!("import-{account}"),
        account,
        Action::Import { events: events.iter().map(event).collect() },
    )
}

/// The answer to one sending.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// `None` if no answer came.
    pub(crate) status: Option<u16>,
    /// The body, if it was JSON.
    pub(crate) body: Value,
}

impl Answer {
    fn is_final(&self) -> bool {
        self.status.is_some_and(|status| status != 503)
    }

    /// Reports the answer at once, because the operation of a sender without a final answer has no end.
    fn say(&self, sent: &Value, sending: u32) {
        let cause = self.body["cause"].as_str().unwrap_or_default();
        observe!(
            "sender.answered",
            command = sent["id"],
            sending = sending,
            status = self.status,
            cause = cause,
            expected = self.body["expected"],
            actual = self.body["actual"]
        );
    }
}

/// Repeats a request until its answer is final, and returns the last answer.
async fn until_final(label: &str, address: &str, path: &str, body: &Value) -> Answer {
    let mut sending = 1;
    loop {
        let posted = http::post(label, address, path, body.to_string());
        let answer = match time::timeout(ANSWER_WAIT_MAX, posted).await {
            Ok(Ok(response)) => Answer {
                status: Some(response.status),
                body: serde_json::from_slice(&response.body).unwrap_or_default(),
            },
            _ => Answer { status: None, body: Value::Null },
        };
        answer.say(body, sending);
        if answer.is_final() || sending >= SENDS_MAX {
            return answer;
        }
        sending += 1;
        time::sleep(REST).await;
    }
}

/// Sends a command until its answer is final, and records it as one operation.
pub(crate) async fn send(workload: &Workload, address: &str, command: &Command) -> Answer {
    let end = |last: &Answer| {
        let kind = match last.status {
            Some(200) => EventKind::Ok,
            Some(status) if status < 500 => EventKind::Fail,
            // Whether a server error had an effect is unknown.
            _ => EventKind::Info,
        };
        (kind, json!({ "version": last.body["version"], "error": last.body["error"] }))
    };
    let input = json!({ "id": command.id, "account": command.account, "action": command.action });
    let body = json!(command);
    let sending = until_final("command", address, "/commands", &body);
    workload.op_with("command", input, sending, end).await
}

/// Sends bodies that are no command and no question, each until its answer is final.
pub(crate) async fn send_malformed(workload: &Workload, address: &str) {
    let body = json!({ "id": "malformed" });
    for path in ["/commands", "/accounts"] {
        let end = |answer: &Answer| (EventKind::Fail, json!({ "body": answer.body }));
        let sending = until_final("command", address, path, &body);
        workload.op_with("malformed", &body, sending, end).await;
    }
}

/// Queries an account until the answer is final, and records it as one operation.
pub(crate) async fn show(workload: &Workload, address: &str, account: &str) -> Answer {
    let body = json!({ "account": account });
    let end = |answer: &Answer| {
        let kind = if answer.status == Some(200) { EventKind::Ok } else { EventKind::Fail };
        (kind, json!({ "body": answer.body }))
    };
    let asking = until_final("show", address, "/accounts", &body);
    workload.op_with("show", &body, asking, end).await
}

/// Sleeps for a short time drawn from the seed.
pub(crate) async fn rest(stream: &mut Stream, ms_max: u64) {
    time::sleep(Duration::from_millis(stream.between(0, ms_max))).await;
}

/// Opens accounts, and commits deposits to them one after the other until `count` commands are done.
pub(crate) async fn commit_orders(
    workload: &Workload,
    address: &str,
    accounts: &[&str],
    count: usize,
) {
    let mut stream = workload.stream("orders");
    for account in accounts {
        send(workload, address, &open(account)).await;
    }
    for number in accounts.len()..workload.steps(count) {
        let account = stream.pick(accounts).copied().unwrap_or("a");
        let amount = stream.between(1, 100) as i64;
        send(workload, address, &deposit(format!("deposit-{number}"), account, amount)).await;
        rest(&mut stream, 40).await;
    }
}
