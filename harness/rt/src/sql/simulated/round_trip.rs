//! One operation at a database, as a boundary: the way there, the operation, the way back.

use std::{future::pending, time::Duration};

use chaosdrill_core::{
    limits::BUSY_RETRY_MAX,
    run::DatabaseKind,
    trace::{EventKind, vocabulary::Answer},
};
use serde_json::Value;
use sqlx::Error;

use super::shared::Shared;
use crate::sim::{
    boundary::{self, Decision},
    database::{self, Database, Handle},
    handle, injected_errors, sqlite,
    travel::{Lost, travel},
};

/// Travels to the database host, or back.
async fn to_database(shared: &Shared) -> Result<(), Error> {
    travel(shared.here, shared.database.machine).await.map_err(|Lost| shared.reset())
}

/// Runs one operation at the database host as a boundary. If its answer is lost, `connection` is closed.
pub(super) async fn round_trip<T>(
    shared: &Shared,
    site: &str,
    question: Value,
    connection: Option<Handle>,
    mut operation: impl FnMut() -> Result<T, Error>,
    describe: impl Fn(&T) -> Value,
) -> Result<T, Error> {
    if !handle::is_alive(shared.here) {
        return pending().await;
    }
    let decision = boundary::before(site).await;
    let disconnect = || {
        if let Some(handle) = connection {
            database::close(handle);
        }
    };
    if let Decision::Fail(kind) = decision {
        let error = injected_errors::sql(shared.database.kind, kind);
        if matches!(error, Error::Io(_)) {
            disconnect();
        }
        answered(site, &question, || Err(&error));
        return Err(error);
    }
    if let Err(error) = to_database(shared).await {
        disconnect();
        answered(site, &question, || Err(&error));
        return Err(error);
    }
    let result = patiently(&shared.database, &mut operation).await;
    answered(site, &question, || result.as_ref().map(&describe));
    boundary::after(decision, site).await;
    let back = to_database(shared).await;
    if let Err(error) = back {
        disconnect();
        return Err(error);
    }
    if let Decision::LoseAck(kind) = decision {
        disconnect();
        return Err(injected_errors::sql(shared.database.kind, kind));
    }
    result
}

/// The progress of an operation at a database.
enum Progress<T> {
    /// It was answered.
    Answered(Result<T, Error>),
    /// Another connection holds a lock that it needs. The error is returned if the wait takes too long.
    Blocked(Error),
}

impl<T> Progress<T> {
    fn of(kind: DatabaseKind, result: Result<T, Error>) -> Self {
        let is_blocked = |error: &Error| match kind {
            DatabaseKind::Sqlite => sqlite::is_blocked(error),
        };
        match result {
            Err(error) if is_blocked(&error) => Self::Blocked(error),
            result => Self::Answered(result),
        }
    }
}

/// Runs an operation and, while it is blocked, retries it after a pause of virtual time, up to a limit.
async fn patiently<T>(
    database: &Database,
    operation: &mut impl FnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    let key = &database.key;
    let mut waited = Duration::ZERO;
    loop {
        match Progress::of(database.kind, operation()) {
            Progress::Answered(result) => {
                database::had_a_turn(key);
                return result;
            }
            Progress::Blocked(error) if waited >= BUSY_RETRY_MAX => return Err(error),
            Progress::Blocked(_) => {}
        }
        // Until another connection had a turn, a retry would only be refused again.
        let turns = database::turns(key);
        while database::turns(key) == turns && waited < BUSY_RETRY_MAX {
            let pause = Duration::from_millis(1 + crate::rng::below(20));
            crate::time::sleep(pause).await;
            waited += pause;
        }
    }
}

fn answered<'a>(site: &str, question: &Value, result: impl FnOnce() -> Result<Value, &'a Error>) {
    handle::record(EventKind::Answer, site, || {
        let result = result().map_err(ToString::to_string);
        Answer { result, asked: question.clone() }.into_data()
    });
}
