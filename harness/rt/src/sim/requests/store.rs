//! Steps at an object store: every call travels to the store's machine and back.

use std::sync::Arc;

use chaosdrill_core::{
    ErrorKind,
    request::{
        Decision,
        store::{Answer, Call, Error, Operation, PutCondition},
    },
    trace::{EventKind, short_hash, vocabulary},
};
use object_store::memory::InMemory;
use serde_json::{Value, json};

use crate::sim::{
    boundary, handle,
    host::{Here, MachineId},
    injected_errors,
    simulation::with_world,
    stores::{self, operations},
    travel::travel,
};

/// One call, with its store.
struct Trip {
    here: Here,
    machine: MachineId,
    store: String,
    site: String,
    objects: Arc<InMemory>,
    asked: Value,
}

/// Finds the store of a URL.
pub(super) fn open(url: &str) -> Result<Answer, Error> {
    locate(url).map(|_| Answer::Done)
}

/// The machine that serves a store, and the store's name in the run.
fn locate(url: &str) -> Result<(MachineId, String), Error> {
    with_world(|world| world.locate_store(url)).map_err(|message| Error::Url { message })
}

/// Takes a step at an object store.
pub(super) async fn take(here: Here, call: Call) -> Result<Answer, Error> {
    let Call { url, site, operation } = call;
    let (machine, store) = locate(&url)?;
    let objects = stores::open(&store);
    let asked = asked(&operation);
    Trip { here, machine, store, site, objects, asked }.make(&operation).await
}

impl Trip {
    async fn make(&self, operation: &Operation) -> Result<Answer, Error> {
        let refusal = |kind| injected_errors::store(kind, path_of(operation), creates(operation));
        let decision = boundary::before(self.here, &self.site).await;
        if let Decision::Fail(kind) = decision {
            if kind == ErrorKind::Torn {
                self.tear(operation).await;
            }
            let error = refusal(kind);
            self.answered(|| Err(&error));
            return Err(error);
        }
        if travel(self.here, self.machine).await.is_err() {
            let error = refusal(ErrorKind::Reset);
            self.answered(|| Err(&error));
            return Err(error);
        }
        let result = operations::execute(&self.objects, operation);
        self.answered(|| result.as_ref().map(describe));
        if result.is_ok() {
            self.changed(operation);
        }
        boundary::after(self.here, &self.site, decision).await;
        if travel(self.here, self.machine).await.is_err() {
            return Err(refusal(ErrorKind::Reset));
        }
        match decision {
            Decision::LoseAck(kind) => Err(refusal(kind)),
            _ => result,
        }
    }

    /// Writes the first half of a put's bytes, regardless of its condition.
    async fn tear(&self, operation: &Operation) {
        let Operation::Put { path, bytes, .. } = operation else { return };
        if travel(self.here, self.machine).await.is_ok() {
            let half = Operation::Put {
                path: path.clone(),
                bytes: bytes[..bytes.len() / 2].to_vec(),
                condition: PutCondition::None,
                attributes: Vec::new(),
            };
            operations::execute(&self.objects, &half).expect("memory takes what it is given");
            self.changed(operation);
        }
    }

    /// Shows the watches the object that an operation changed.
    fn changed(&self, operation: &Operation) {
        if let Operation::Put { path, .. }
        | Operation::Delete { path }
        | Operation::Copy { to: path, .. } = operation
        {
            stores::changed(&self.store, path);
            with_world(|world| world.had_effect(self.here, &self.site));
        }
    }

    fn answered<'a>(&self, result: impl FnOnce() -> Result<Value, &'a Error>) {
        handle::record(EventKind::Answer, &self.site, || {
            let result = result().map_err(ToString::to_string);
            vocabulary::Answer { result, asked: self.asked.clone() }.into_data()
        });
    }
}

/// The path of the object that an operation is about.
fn path_of(operation: &Operation) -> &str {
    match operation {
        Operation::Put { path, .. }
        | Operation::Get { path, .. }
        | Operation::GetRanges { path, .. }
        | Operation::Delete { path }
        | Operation::Copy { to: path, .. } => path,
        Operation::List { prefix, .. } => prefix.as_deref().unwrap_or_default(),
    }
}

/// Whether an operation fails if its object is there already.
fn creates(operation: &Operation) -> bool {
    match operation {
        Operation::Put { condition, .. } => *condition == PutCondition::Absent,
        Operation::Copy { creates, .. } => *creates,
        _ => false,
    }
}

/// An operation, as the trace has it.
fn asked(operation: &Operation) -> Value {
    let mut asked = json!({ "key": path_of(operation) });
    match operation {
        Operation::Put { bytes, condition, .. } => {
            asked["bytes"] = json!(bytes.len());
            asked["hash"] = json!(short_hash(bytes));
            match condition {
                PutCondition::None => {}
                PutCondition::Absent => asked["if"] = json!("absent"),
                PutCondition::Version(version) => asked["if"] = json!(version.e_tag),
            }
        }
        Operation::Copy { from, .. } => asked["from"] = json!(from),
        _ => {}
    }
    asked
}

/// An answer, as the trace has it.
fn describe(answer: &Answer) -> Value {
    match answer {
        Answer::Done => Value::Null,
        Answer::Stored(version) => json!({ "e_tag": version.e_tag }),
        Answer::Object { meta, .. } => {
            json!({ "bytes": meta.bytes, "e_tag": meta.version.e_tag })
        }
        Answer::Ranges(ranges) => json!({ "ranges": ranges.len() }),
        Answer::Listing { objects, .. } => json!({ "objects": objects.len() }),
    }
}
