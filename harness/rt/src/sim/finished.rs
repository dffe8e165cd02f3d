//! The results of a run.

use std::ops::Deref;

use chaosdrill_core::{
    request::sql::{ConnectionId, Statement},
    run,
};

#[cfg(doc)]
use crate::sim::config::Config;
use crate::sim::objects::StoredObject;

/// The results of a run: what is judged, and what only an engine in process has.
pub struct Finished {
    /// The part that every engine has.
    pub run: run::Finished,
    /// The number of events, traced or not.
    pub(crate) events: u64,
    /// The number of executed simulator steps; skipped idle time is not counted.
    pub steps: u64,
    /// Every statement in the order of execution; empty without [`Config::record_statements`].
    pub statements: Vec<Executed>,
    /// Every object in object storage at the end of the run.
    pub objects: Vec<StoredObject>,
}

impl Deref for Finished {
    type Target = run::Finished;

    fn deref(&self) -> &run::Finished {
        &self.run
    }
}

/// One executed statement, so that a benchmark can execute the same one without a simulation.
pub struct Executed {
    /// The connection.
    pub connection: ConnectionId,
    /// The database.
    pub database: String,
    /// The statement.
    pub statement: Statement,
}

impl Executed {
    /// The arguments of the statement, for sqlx.
    pub fn arguments(&self) -> Option<sqlx::any::AnyArguments> {
        self.statement.arguments.as_deref().map(crate::sql::to_arguments)
    }
}
