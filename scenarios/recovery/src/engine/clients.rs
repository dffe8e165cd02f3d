//! Senders that behave as careful clients do: they repeat a request, to one writer after the other, until it is
//! answered.

use std::time::Duration;

use chaosdrill::rt::{http, time};
use chaosdrill::{BoxError, EventKind, Stream, Workload};
use chaosdrill_scenarios_common::sample::sample;
use chaosdrill_target_recovery::engine::{Change, Request};
use proptest::prelude::*;
use serde_json::{Value, json};

/// How often a sender repeats a request before it gives up without a result: for longer than any outage lasts.
const SENDS_MAX: u32 = 4_000;

/// How long a sender waits for an answer.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(10);

/// How long a sender pauses before it sends again, minimum and maximum.
const REST_MS: (u64, u64) = (200, 900);

/// The shares of the kinds of requests that a sender makes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mix {
    pub(crate) mutations: u32,
    pub(crate) deletes: u32,
    pub(crate) loads: u32,
    pub(crate) merges: u32,
    pub(crate) schemas: u32,
    pub(crate) indices: u32,
    pub(crate) optimizes: u32,
}

/// All kinds of writes.
pub(crate) const ALL_KINDS: Mix =
    Mix { mutations: 3, deletes: 1, loads: 2, merges: 3, schemas: 0, indices: 1, optimizes: 1 };

/// The requests of an administrator.
pub(crate) const ADMIN: Mix =
    Mix { mutations: 1, deletes: 0, loads: 0, merges: 0, schemas: 3, indices: 1, optimizes: 1 };

/// Requests that write rows only.
pub(crate) const ROWS: Mix =
    Mix { mutations: 3, deletes: 0, loads: 1, merges: 0, schemas: 0, indices: 0, optimizes: 0 };

/// The drawn part of one request.
#[derive(Clone, Debug)]
enum Wish {
    Mutation(i64),
    Delete(usize),
    Load(Vec<i64>),
    Merge { values: Vec<i64>, changed: usize, deleted: usize, diverged: bool },
    Schema,
    Indices(Option<&'static str>),
    Optimize(Option<&'static str>),
}

fn wishes(mix: Mix) -> impl Strategy<Value = Wish> {
    let value = || 1_i64..1_000;
    let table = || proptest::sample::select(&[None, Some("knows"), Some("person")][..]);
    let merge = (proptest::collection::vec(value(), 1..4), 0_usize..3, 0_usize..2, any::<bool>());
    prop_oneof![
        mix.mutations => value().prop_map(Wish::Mutation),
        mix.deletes => (1_usize..4).prop_map(Wish::Delete),
        mix.loads => proptest::collection::vec(value(), 2..5).prop_map(Wish::Load),
        mix.merges => merge.prop_map(|(values, changed, deleted, diverged)| Wish::Merge {
            values,
            changed,
            deleted,
            diverged,
        }),
        mix.schemas => Just(Wish::Schema),
        mix.indices => table().prop_map(Wish::Indices),
        mix.optimizes => table().prop_map(Wish::Optimize),
    ]
}

/// A sender, and what it knows about its own rows.
pub(crate) struct Sender {
    workload: Workload,
    name: String,
    writers: Vec<String>,
    /// The stream of its requests. It is separate, so that a sender that restarts makes the same requests.
    wishes: Stream,
    stream: Stream,
    /// Its acknowledged rows, without receipts.
    rows: Vec<String>,
    schema: u64,
    sent: usize,
}

impl Sender {
    /// A sender that uses these writers.
    pub(crate) fn new(workload: Workload, name: &str, writers: &[&str]) -> Self {
        let (wishes, stream) = (workload.stream("wishes"), workload.stream("rests"));
        let writers = writers.iter().map(|writer| format!("{writer}:80")).collect();
        let name = name.to_owned();
        Self { workload, name, writers, wishes, stream, rows: Vec::new(), schema: 0, sent: 0 }
    }

    /// Sends `count` requests one after the other, and reads after every third.
    pub(crate) async fn work(&mut self, mix: Mix, count: usize) {
        for number in 0..self.workload.steps(count) {
            let wish = sample(&mut self.wishes, &wishes(mix));
            self.send_wish(wish).await;
            if number % 3 == 2 {
                self.read().await;
            }
            let rest = self.stream.between(0, 400);
            time::sleep(Duration::from_millis(rest)).await;
        }
    }

    async fn send_wish(&mut self, wish: Wish) {
        self.sent += 1;
        let id = format!("{}-{}", self.name, self.sent);
        let own = |count: usize| (1..=count).map(|number| format!("{id}.{number}"));
        let mut rows = self.rows.clone();
        let request = match wish {
            Wish::Mutation(value) => Request::Mutation { id, value },
            Wish::Delete(count) => {
                let deleted = rows.drain(..count.min(rows.len())).collect();
                Request::Delete { id, rows: deleted }
            }
            Wish::Load(values) => {
                rows.extend(own(values.len() - 1));
                Request::Load { id, values }
            }
            Wish::Merge { values, changed, deleted, diverged } => {
                let deleted: Vec<String> = rows.drain(..deleted.min(rows.len())).collect();
                let of = |id: &String| Change { id: id.clone(), value: values[0] };
                let changed = rows.iter().rev().take(changed).map(of).collect();
                rows.extend(own(values.len()));
                let source = format!("branch-of-{id}");
                Request::BranchMerge { id, source, diverged, values, changed, deleted }
            }
            Wish::Schema => {
                self.schema += 1;
                Request::SchemaApply { id, version: self.schema, source: source_of(self.schema) }
            }
            Wish::Indices(table) => Request::EnsureIndices { id, table: table.map(str::to_owned) },
            Wish::Optimize(table) => Request::Optimize { id, table: table.map(str::to_owned) },
        };
        if self.send(&request).await {
            self.rows = rows;
        }
    }

    /// Repeats a request until it is answered, and returns whether it is done.
    pub(crate) async fn send(&mut self, request: &Request) -> bool {
        let body = json!(request).to_string();
        let workload = self.workload.clone();
        let first = self.stream.below(self.writers.len() as u64) as usize;
        let sending = async {
            let mut answers: Vec<Value> = Vec::new();
            for tried in 0..SENDS_MAX as usize {
                let writer = &self.writers[(first + tried) % self.writers.len()];
                let answer = once(writer, "/write", &body).await;
                let is_final = matches!(answer["status"].as_u64(), Some(200 | 422));
                answers.push(answer);
                if is_final {
                    break;
                }
                let rest = self.stream.between(REST_MS.0, REST_MS.1);
                time::sleep(Duration::from_millis(rest)).await;
            }
            answers
        };
        let end = |answers: &Vec<Value>| {
            let status = answers.last().and_then(|last| last["status"].as_u64());
            let kind = match status {
                Some(200) => EventKind::Ok,
                Some(422) => EventKind::Fail,
                _ => EventKind::Info,
            };
            (kind, json!({ "answers": answers }))
        };
        let answers = workload.op_with("write", request, sending, end).await;
        answers.last().is_some_and(|last| last["status"] == 200)
    }

    /// Reads the ids of all rows.
    pub(crate) async fn read(&self) {
        let reading = once("reader:80", "/read", "");
        let end = |answer: &Value| {
            let kind = if answer["status"] == 200 { EventKind::Ok } else { EventKind::Fail };
            (kind, answer["body"].clone())
        };
        self.workload.op_with("read", json!({ "by": self.name }), reading, end).await;
    }
}

/// Sends a request once, and returns the answer.
async fn once(address: &str, path: &str, body: &str) -> Value {
    let posted = http::post("request", address, path, body.to_owned());
    match time::timeout(ANSWER_WAIT_MAX, posted).await {
        Ok(Ok(response)) => {
            let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
            json!({ "status": response.status, "from": address, "body": body })
        }
        _ => json!({ "status": null, "from": address }),
    }
}

/// The source of a version of the schema: the same, whoever asks for it.
pub(crate) fn source_of(version: u64) -> String {
    format!("schema {version}")
}

/// A client that sends these requests one after the other, so that there is something to strike.
pub(crate) async fn first(
    workload: Workload,
    writers: &'static [&'static str],
    requests: Vec<Request>,
) -> Result<(), BoxError> {
    let mut sender = Sender::new(workload, "first", writers);
    for request in requests {
        sender.send(&request).await;
    }
    Ok(())
}

/// The first requests of a scenario of merges: rows, and two merges of them, into unchanged and into changed tables.
pub(crate) fn first_merges() -> Vec<Request> {
    let merge = |number: usize, diverged| {
        let id = format!("first-{number}");
        let source = format!("branch-of-{id}");
        let (changed, deleted) = (Vec::new(), vec![format!("first-1.{number}")]);
        Request::BranchMerge { id, source, diverged, values: vec![5, 6], changed, deleted }
    };
    let load = Request::Load { id: "first-1".into(), values: vec![1, 2, 3, 4] };
    vec![load, merge(2, false), merge(3, true)]
}

/// A first mutation.
pub(crate) fn first_mutation() -> Vec<Request> {
    vec![Request::Mutation { id: "first-1".into(), value: 1 }]
}

/// A client that sends `count` requests of a mix.
pub(crate) async fn client(
    workload: Workload,
    name: &'static str,
    writers: &'static [&'static str],
    mix: Mix,
    count: usize,
) -> Result<(), BoxError> {
    Sender::new(workload, name, writers).work(mix, count).await;
    Ok(())
}
