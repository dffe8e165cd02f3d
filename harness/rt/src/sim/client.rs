//! The requests of code inside a host, one function each. In process, the simulation answers them with a function call.

use std::borrow::Cow;

use chaosdrill_core::{
    EventKind, Seed,
    request::{Answer, Decision, Question, Step, sql, store},
};
use serde_json::Value;

use crate::sim::{
    clock, context,
    host::Here,
    requests,
    simulation::{self, with_world},
};

fn ask(question: Question<'_>) -> Answer {
    requests::answer(context::here(), question)
}

/// Whether there is a simulation to ask.
fn is_inside() -> bool {
    clock::is_active() && simulation::try_with(|_| ()).is_some()
}

/// Records an event on the current host, and returns its number. The data is produced only if somebody reads it.
pub(crate) fn record(kind: EventKind, name: &str, data: impl FnOnce() -> Value) -> u64 {
    // The world is not borrowed while foreign code produces the data.
    let data = if with_world(|world| world.ledger.is_traced()) { data() } else { Value::Null };
    number(&ask(Question::Record { kind, name: name.into(), data }))
}

/// Draws the next 64 bits of randomness of the current host; `None` outside a simulation.
pub(crate) fn draw() -> Option<u64> {
    is_inside().then(|| number(&ask(Question::Draw)))
}

fn number(answer: &Answer) -> u64 {
    let Answer::Number(number) = answer else { unexpected(answer) };
    *number
}

/// The wall clock of the current host, in milliseconds since 1970; `None` outside a simulation.
pub(crate) fn unix_ms() -> Option<i64> {
    if !is_inside() {
        return None;
    }
    match ask(Question::Clock) {
        Answer::UnixMs(ms) => Some(ms),
        answer => unexpected(&answer),
    }
}

/// Whether the simulation enabled this defect; `false` outside a simulation.
pub(crate) fn is_defect_on(id: &str) -> bool {
    is_inside() && flag(&ask(Question::IsDefectOn { id: id.into() }))
}

/// The maximum number of steps of a workload; `None` if it is not capped.
pub(crate) fn workload_max() -> Option<u32> {
    match ask(Question::WorkloadMax) {
        Answer::Steps(max) => max,
        answer => unexpected(&answer),
    }
}

/// The seed of the run.
pub(crate) fn seed() -> Seed {
    match ask(Question::Seed) {
        Answer::Seed(seed) => seed,
        answer => unexpected(&answer),
    }
}

/// Finds the store of a URL.
pub(crate) fn open_store(url: &str) -> Result<(), store::Error> {
    match ask(Question::OpenStore { url: url.into() }) {
        Answer::Store(answer) => answer.map(drop),
        answer => unexpected(&answer),
    }
}

/// Whether a connection is open.
pub(crate) fn is_open(connection: sql::ConnectionId) -> bool {
    flag(&ask(Question::IsOpen(connection)))
}

/// Gives back a connection; whether it may be used again.
pub(crate) fn release(connection: sql::ConnectionId) -> bool {
    flag(&ask(Question::Release(connection)))
}

/// Closes a connection.
pub(crate) fn close(connection: sql::ConnectionId) {
    ask(Question::Close(connection));
}

fn flag(answer: &Answer) -> bool {
    let Answer::Flag(flag) = answer else { unexpected(answer) };
    *flag
}

/// Begins a step that the host itself takes. Does not return if the host crashes.
pub(crate) async fn pass(site: &str) -> Decision {
    let Some(here) = context::here() else { return Decision::Go };
    match requests::take(here, Step::Pass { site: Cow::Borrowed(site) }).await {
        Answer::Decision(decision) => decision,
        answer => unexpected(&answer),
    }
}

/// Ends a step that the host itself took. Does not return if the host crashes.
pub(crate) async fn end(site: &str, decision: Decision) {
    let Some(here) = context::here() else { return };
    requests::take(here, Step::End { site: Cow::Borrowed(site), decision }).await;
}

/// Takes a step at a database.
pub(crate) async fn sql(here: Here, call: sql::Call) -> Result<sql::Answer, sql::Error> {
    match requests::take(here, Step::Sql(call)).await {
        Answer::Sql(answer) => answer,
        answer => unexpected(&answer),
    }
}

/// Takes a step at an object store.
pub(crate) async fn store(here: Here, call: store::Call) -> Result<store::Answer, store::Error> {
    match requests::take(here, Step::Store(call)).await {
        Answer::Store(answer) => answer,
        answer => unexpected(&answer),
    }
}

fn unexpected(answer: &Answer) -> ! {
    unreachable!("no request of this kind is answered with {answer:?}")
}
