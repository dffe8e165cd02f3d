//! Operators that behave as careful people do: they repeat a command until it is done, remove a dead holder's lock once
//! it is old, and do by hand what only people may do.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use chaosdrill::rt::{http, time};
use chaosdrill::{EventKind, Workload};
use chaosdrill_target_recovery::{
    cluster::{Config, Embedding, GraphConfig},
    digest::digest,
    files::{Files, PutError, StoreError},
    ulid,
};
use serde_json::{Value, json};

use super::stage::store_url;

/// How often an operator repeats a command before giving up without a result: every three seconds, for longer than any
/// chaos lasts, even if a dead host refuses connections at once.
const ASKS_MAX: u32 = 4_000;

/// How long an operator waits for an answer.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(60);

/// How long an operator pauses before asking again.
const REST: Duration = Duration::from_secs(3);

/// The schema sources that operators write; each version extends the previous one.
const SOURCES: [(&str, &str); 6] = [
    ("sources/people.1", "name"),
    ("sources/people.2", "name\nage"),
    ("sources/people.3", "name\nage\nmail"),
    ("sources/people.4", "name\nmail required"),
    ("sources/places.1", "x\ny"),
    ("sources/places.2", "x\ny\nz"),
];

/// The source of a schema, by its digest.
pub(crate) fn source_of(wanted: &str) -> Option<&'static str> {
    let texts = SOURCES.iter().map(|(_, text)| *text);
    texts.into_iter().find(|text| digest(text.as_bytes()) == wanted)
}

/// A configuration with these graphs, each with its schema version.
pub(crate) fn config(graphs: &[(&str, u32)]) -> Config {
    let graph = |(id, version): &(&str, u32)| {
        let text = format!("query all {id} {version}");
        let queries = BTreeMap::from([("all".to_owned(), text)]);
        let embedding = (*id == "places")
            .then(|| Embedding { provider: "local".into(), profile: "small".into() });
        let schema = format!("sources/{id}.{version}");
        ((*id).to_owned(), GraphConfig { schema, queries, embedding })
    };
    Config { graphs: graphs.iter().map(graph).collect() }
}

/// An operator.
pub(crate) struct Operator {
    workload: Workload,
    applier: String,
    /// Ids are drawn in sequence, so that an operator that restarts uses the same ids.
    drawn: AtomicU64,
}

/// The answer to one request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// `None` if no answer came.
    pub(crate) status: Option<u16>,
    body: Value,
}

impl Answer {
    fn said(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.body["diagnostics"].as_array().into_iter().flatten();
        all.map(|said| {
            (said["code"].as_str().unwrap_or_default(), said["about"].as_str().unwrap_or_default())
        })
    }

    /// Whether the command reported this code.
    pub(crate) fn says(&self, code: &str) -> bool {
        self.said().any(|(said, _)| said == code)
    }

    /// The id of the lock that blocked the command; empty if none did.
    pub(crate) fn lock_id(&self) -> &str {
        self.body["lock"]["lock_id"].as_str().unwrap_or_default()
    }

    /// The graphs about which the command reported this code.
    fn graphs(&self, code: &str) -> Vec<String> {
        let about = self.said().filter(|(said, _)| *said == code);
        about.map(|(_, about)| about.trim_start_matches("graph.").to_owned()).collect()
    }
}

impl Operator {
    /// An operator that uses this applier, and has written the sources of all schemas.
    pub(crate) async fn new(workload: &Workload, applier: &str) -> Self {
        let operator = Self {
            workload: workload.clone(),
            applier: format!("{applier}:80"),
            drawn: AtomicU64::new(0),
        };
        for (path, text) in SOURCES {
            operator.write(path, text).await;
        }
        operator
    }

    /// The same operator, with another applier.
    pub(crate) fn at(&self, applier: &str) -> Self {
        Self {
            workload: self.workload.clone(),
            applier: format!("{applier}:80"),
            drawn: AtomicU64::new(self.drawn.load(Ordering::Relaxed) + 1_000),
        }
    }

    /// The same operator, with ids that no other round uses.
    pub(crate) fn for_round(self, round: u64) -> Self {
        self.drawn.fetch_add(100 * round, Ordering::Relaxed);
        self
    }

    fn id(&self) -> String {
        let number = self.drawn.fetch_add(1, Ordering::Relaxed) + 1;
        let label = format!("id {} {number}", self.applier);
        ulid::of(number, u128::from(self.workload.stream(&label).between(0, u64::MAX - 1)))
    }

    /// Direct access to the store, as an operator has it.
    pub(crate) fn files(&self) -> Files {
        Files::open(&store_url()).expect("the store of the run")
    }

    /// Repeats a manual step until it succeeds.
    pub(crate) async fn by_hand<F, E>(&self, step: impl Fn(Files) -> F)
    where
        F: Future<Output = Result<(), E>>,
    {
        for _ in 0..ASKS_MAX {
            if step(self.files()).await.is_ok() {
                return;
            }
            time::sleep(REST).await;
        }
    }

    /// Writes a file by hand, and replaces an existing one.
    pub(crate) async fn write(&self, path: &str, text: &str) {
        self.by_hand(|files| async move {
            let found = files.get(path).await.map_err(PutError::Failed)?;
            match found {
                Some(found) if found.bytes == text.as_bytes() => Ok(()),
                Some(found) => files.put_over(path, text.as_bytes(), &found).await,
                None => files.put_new(path, text.as_bytes()).await,
            }
        })
        .await;
    }

    /// Breaks a file by mistake, and puts back what it held once `meanwhile` is over. `broken` makes of its text what
    /// it holds until then; `None` deletes it.
    pub(crate) async fn break_for_a_while(
        &self,
        path: &str,
        broken: impl FnOnce(&str) -> Option<String>,
        meanwhile: impl Future<Output = ()>,
    ) {
        let mut whole = None;
        for _ in 0..ASKS_MAX {
            match self.files().get(path).await {
                Ok(found) => {
                    whole = found.map(|found| String::from_utf8_lossy(&found.bytes).into_owned());
                    break;
                }
                Err(_) => time::sleep(REST).await,
            }
        }
        let Some(whole) = whole else { return };
        match broken(&whole) {
            Some(broken) => self.write(path, &broken).await,
            None => self.delete(path).await,
        }
        meanwhile.await;
        self.write(path, &whole).await;
    }

    /// Deletes a file by hand.
    pub(crate) async fn delete(&self, path: &str) {
        self.by_hand(|files| async move { files.delete(path).await }).await;
    }

    /// Removes the objects of a graph that an operation created only in part. The report may be late, and the graph may
    /// exist by now: a graph with a manifest is left alone, and so are the objects of other operations.
    async fn clear(&self, graph: &str, operation: &str) {
        let root = format!("graphs/{graph}.omni");
        self.by_hand(|files| {
            let root = root.clone();
            async move {
                if files.get(&format!("{root}/__manifest.json")).await?.is_some() {
                    return Ok(());
                }
                for path in files.list(&root).await? {
                    let found = files.get(&path).await?;
                    let object = found.map(|found| serde_json::from_slice::<Value>(&found.bytes));
                    if object.is_some_and(|it| it.is_ok_and(|it| it["operation"] == operation)) {
                        files.delete(&path).await?;
                    }
                }
                Ok::<_, StoreError>(())
            }
        })
        .await;
    }

    async fn post(&self, label: &str, address: &str, path: &str, body: &Value) -> Answer {
        let posted = http::post(label, address, path, body.to_string());
        match time::timeout(ANSWER_WAIT_MAX, posted).await {
            Ok(Ok(response)) => Answer {
                status: Some(response.status),
                body: serde_json::from_slice(&response.body).unwrap_or_default(),
            },
            _ => Answer { status: None, body: Value::Null },
        }
    }

    /// Removes the lock that blocked the command, if its holder must be dead.
    async fn unlock(&self, answer: &Answer) {
        let lock = &answer.body["lock"];
        if lock["may_be_forced"] == true {
            let body = json!({ "id": self.id(), "lock_id": lock["lock_id"] });
            self.post("unlock", &self.applier, "/force-unlock", &body).await;
        }
    }

    /// Removes the lock of this id, whatever became of it since the operator saw it.
    pub(crate) async fn force_unlock(&self, lock_id: &str) {
        let body = json!({ "id": self.id(), "lock_id": lock_id });
        let unlocking = self.post("unlock", &self.applier, "/force-unlock", &body);
        let end = |answer: &Answer| {
            let kind = match answer.status {
                Some(200) => EventKind::Ok,
                Some(_) => EventKind::Fail,
                None => EventKind::Info,
            };
            (kind, json!({ "status": answer.status, "error": answer.body["error"] }))
        };
        self.workload.op_with("unlock", &body, unlocking, end).await;
    }

    /// Repeats a command until it is done, or until `is_enough` accepts the answer.
    async fn ask(
        &self,
        name: &str,
        path: &str,
        body: &Value,
        is_enough: impl Fn(&Answer) -> bool,
    ) -> Answer {
        let asking = async {
            let mut answer = Answer { status: None, body: Value::Null };
            for _ in 0..ASKS_MAX {
                answer = self.post("command", &self.applier, path, body).await;
                if answer.status == Some(200) || is_enough(&answer) {
                    return answer;
                }
                if answer.status == Some(423) {
                    self.unlock(&answer).await;
                }
                self.help(&answer, body).await;
                time::sleep(REST).await;
            }
            answer
        };
        let end = |answer: &Answer| {
            let kind = match answer.status {
                Some(200) => EventKind::Ok,
                Some(409) if is_enough(answer) => EventKind::Fail,
                _ => EventKind::Info,
            };
            let said: Vec<_> = answer.said().collect();
            (kind, json!({ "status": answer.status, "said": said }))
        };
        self.workload.op_with(name, body, asking, end).await
    }

    /// Does what only people may do.
    async fn help(&self, answer: &Answer, body: &Value) {
        if answer.status != Some(409) && answer.status != Some(503) {
            return;
        }
        if answer.says("state_missing") {
            self.import(&[]).await;
        }
        for (code, about) in answer.said().filter(|(code, _)| *code == "graph_create_incomplete") {
            let graph =
                answer.body["diagnostics"].as_array().into_iter().flatten().find_map(|said| {
                    let is_it = said["code"] == code && said["about"] == about;
                    let words = said["message"].as_str().filter(|_| is_it)?;
                    Some(words.strip_prefix("graph ")?.split_once(':')?.0.to_owned())
                });
            if let Some(graph) = graph {
                self.clear(&graph, about).await;
            }
        }
        for graph in answer.graphs("graph_exists_unrecorded") {
            self.import(&[&graph]).await;
        }
        for graph in answer.graphs("approval_required") {
            self.approve(&graph, &body["config"]).await;
        }
    }

    /// Creates the ledger, and imports these graphs.
    pub(crate) async fn import(&self, graphs: &[&str]) {
        let body = json!({ "id": self.id(), "graphs": graphs });
        for _ in 0..ASKS_MAX {
            let answer = self.post("command", &self.applier, "/import", &body).await;
            match answer.status {
                Some(200 | 409) => return,
                Some(423) => self.unlock(&answer).await,
                _ => {}
            }
            time::sleep(REST).await;
        }
    }

    /// Refreshes the state of every graph.
    pub(crate) async fn refresh(&self) {
        let body = json!({ "id": self.id() });
        self.post("command", &self.applier, "/refresh", &body).await;
    }

    /// Approves the removal of a graph that this configuration no longer has.
    pub(crate) async fn approve(&self, graph: &str, config: &Value) {
        let body =
            json!({ "id": self.id(), "graph": graph, "config": config, "reason": "it is unused" });
        for _ in 0..ASKS_MAX {
            let answer = self.post("approve", "approver:80", "/approve", &body).await;
            if answer.status.is_some_and(|status| status != 503) {
                return;
            }
            time::sleep(REST).await;
        }
    }

    /// Applies a configuration until it is done.
    pub(crate) async fn apply(&self, config: &Config) {
        let body = json!({ "id": self.id(), "config": config });
        self.ask("apply", "/apply", &body, |_| false).await;
    }

    /// Applies a configuration until it is done or reported to need people, who do not act.
    pub(crate) async fn attempt(&self, config: &Config) -> Answer {
        let body = json!({ "id": self.id(), "config": config });
        self.ask("attempt", "/apply", &body, |answer| answer.status == Some(409)).await
    }

    /// Applies a configuration once, whatever the result.
    pub(crate) async fn attempt_once(&self, config: &Config) -> Answer {
        let body = json!({ "id": self.id(), "config": config });
        self.ask("attempt", "/apply", &body, |_| true).await
    }

    /// The life of a small cluster: graphs are created, changed, removed, created again and removed again.
    pub(crate) async fn story(&self) {
        self.import(&[]).await;
        for graphs in STORY.into_iter().take(self.workload.steps(STORY.len())) {
            self.apply(&config(graphs)).await;
        }
    }
}

/// The configurations that [`Operator::story`] applies, in order. The fifth repeats the removal of the third, from the
/// same state and under another approval.
pub(crate) const STORY: [&[(&str, u32)]; 6] = [
    &[("people", 1), ("places", 1)],
    &[("people", 2), ("places", 1)],
    &[("people", 2)],
    &[("people", 2), ("places", 1)],
    &[("people", 2)],
    &[("people", 3), ("places", 2)],
];
