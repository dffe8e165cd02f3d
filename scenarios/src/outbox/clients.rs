//! Senders of commands, as a careful one would be written: the same command again until the answer is final.

use std::time::Duration;

use chaosdrill::rt::{http, time};
use chaosdrill::{EventKind, Stream, Workload};
use chaosdrill_target_outbox::{Action, Command, RawEvent};
use serde_json::{Value, json};

/// How often a sender sends one command before it gives up without knowing.
const SENDS_MAX: u32 = 600;

/// How long a sender waits for an answer.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(15);

/// How long a sender rests before it sends again.
const REST: Duration = Duration::from_secs(2);

/// A command with an id of its own.
pub(crate) fn command(id: impl Into<String>, account: &str, action: Action) -> Command {
    Command { id: id.into(), account: account.to_owned(), action }
}

/// An account is opened.
pub(crate) fn open(account: &str) -> Command {
    command(format!("open-{account}"), account, Action::Open { owner: "ada".to_owned() })
}

/// Something is paid in.
pub(crate) fn deposit(id: impl Into<String>, account: &str, amount: i64) -> Command {
    command(id, account, Action::Deposit { amount })
}

/// A history from elsewhere is taken over.
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

/// What came back of one sending.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Nothing where no answer came.
    pub(crate) status: Option<u16>,
    /// The body, where it was JSON.
    pub(crate) body: Value,
}

impl Answer {
    fn is_final(&self) -> bool {
        self.status.is_some_and(|status| status != 503)
    }

    fn record(&self) -> Value {
        json!({ "status": self.status, "cause": self.body["cause"], "kind": self.body["kind"] })
    }
}

/// Sends a command once.
async fn once(label: &str, address: &str, path: &str, body: &Value) -> Answer {
    let posted = http::post(label, address, path, body.to_string());
    match time::timeout(ANSWER_WAIT_MAX, posted).await {
        Ok(Ok(response)) => Answer {
            status: Some(response.status),
            body: serde_json::from_slice(&response.body).unwrap_or_default(),
        },
        _ => Answer { status: None, body: Value::Null },
    }
}

/// Sends a command until its answer is final, and writes it down as one operation.
pub(crate) async fn send(workload: &Workload, address: &str, command: &Command) -> Answer {
    let body = json!(command);
    let sending = async {
        let mut answers = Vec::new();
        loop {
            let answer = once("command", address, "/commands", &body).await;
            let enough = answer.is_final() || answers.len() as u32 + 1 >= SENDS_MAX;
            answers.push(answer);
            if enough {
                return answers;
            }
            time::sleep(REST).await;
        }
    };
    let end = |answers: &Vec<Answer>| {
        let last = answers.last().expect("it was sent at least once");
        let kind = match last.status {
            Some(200) => EventKind::Ok,
            Some(503) | None => EventKind::Info,
            Some(_) => EventKind::Fail,
        };
        let said: Vec<Value> = answers.iter().map(Answer::record).collect();
        (
            kind,
            json!({ "version": last.body["version"], "error": last.body["error"], "answers": said }),
        )
    };
    let input = json!({ "id": command.id, "account": command.account, "action": command.action });
    let answers = workload.op_with("command", input, sending, end).await;
    answers.into_iter().next_back().expect("it was sent at least once")
}

/// Asks for an account until the answer is final, and writes it down as one operation.
pub(crate) async fn show(workload: &Workload, address: &str, account: &str) -> Answer {
    let body = json!({ "account": account });
    let asking = async {
        for _ in 1..SENDS_MAX {
            let answer = once("show", address, "/accounts", &body).await;
            if answer.is_final() {
                return answer;
            }
            time::sleep(REST).await;
        }
        once("show", address, "/accounts", &body).await
    };
    let end = |answer: &Answer| {
        let kind = if answer.status == Some(200) { EventKind::Ok } else { EventKind::Fail };
        (kind, json!({ "answers": [answer.record()], "body": answer.body }))
    };
    workload.op_with("show", &body, asking, end).await
}

/// A short rest of a length that the seed decides.
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
    for number in accounts.len()..count {
        let account = stream.pick(accounts).copied().unwrap_or("a");
        let amount = stream.between(1, 100) as i64;
        send(workload, address, &deposit(format!("deposit-{number}"), account, amount)).await;
        rest(&mut stream, 40).await;
    }
}
