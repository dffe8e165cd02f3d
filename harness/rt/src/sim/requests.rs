//! Answers the requests of hosts. The list of them is in `core/request`.

use std::future::pending;

use chaosdrill_core::{
    defect::Defect,
    request::{Answer, Question, Step},
};

use crate::sim::{
    boundary, clock, database, handle,
    host::Here,
    measure::{measure_pass, measured_site},
    simulation::{now, with_world},
};

mod round_trip;
mod sql;
mod store;
mod watching;

/// Answers a question of a host, or of code outside every host.
pub(crate) fn answer(here: Option<Here>, question: Question<'_>) -> Answer {
    match question {
        Question::Record { kind, name, data } => {
            let host = here.map(|here| here.host);
            Answer::Number(with_world(|world| world.record(now(), host, kind, &name, || data)))
        }
        Question::Draw => Answer::Number(with_world(|world| world.draw(here))),
        Question::Clock => {
            Answer::UnixMs(i64::try_from(clock::wall_ns() / 1_000_000).unwrap_or(i64::MAX))
        }
        Question::IsDefectOn { id } => {
            let is_it = |enabled: &str| Defect::ids(enabled).any(|enabled| enabled == id);
            Answer::Flag(with_world(|world| world.defect.as_deref().is_some_and(is_it)))
        }
        Question::WorkloadMax => Answer::Steps(with_world(|world| world.workload_max)),
        Question::Seed => Answer::Seed(with_world(|world| world.seed)),
        Question::OpenStore { url } => Answer::Store(store::open(&url)),
        Question::IsOpen(connection) => Answer::Flag(database::is_open(connection)),
        Question::Release(connection) => Answer::Flag(database::release(connection)),
        Question::Close(connection) => {
            database::close(connection);
            Answer::Done
        }
    }
}

/// Takes a step of a host. Does not return if the host crashes.
pub(crate) async fn take(here: Here, step: Step<'_>) -> Answer {
    if !handle::is_alive(here) {
        return pending().await;
    }
    match step {
        Step::Pass { site } => Answer::Decision(boundary::before(here, &site).await),
        Step::End { site, decision } => {
            boundary::after(here, &site, decision).await;
            Answer::Done
        }
        Step::Sql(call) => {
            let site = measured_site(sql::site(&call));
            Answer::Sql(measure_pass(site, sql::take(here, call)).await)
        }
        Step::Store(call) => {
            let site = measured_site(&call.site);
            Answer::Store(measure_pass(site, store::take(here, call)).await)
        }
    }
}
