//! One operation at a database, as a boundary: the way there, the operation, the way back.

use std::time::Duration;

use chaosdrill_core::{
    ErrorKind,
    limits::BUSY_RETRY_MAX,
    request::{
        Decision,
        sql::{ConnectionId, Error},
    },
    run::DatabaseKind,
    trace::{EventKind, vocabulary},
};
use serde_json::Value;

use crate::sim::{
    boundary,
    database::{self, Database},
    handle,
    host::Here,
    injected_errors, sqlite,
    travel::{Lost, travel},
};

/// Who takes a step, and where.
pub(super) struct Trip<'a> {
    pub(super) here: Here,
    pub(super) database: &'a Database,
    pub(super) site: &'a str,
    /// The connection, which is closed if an answer is lost; `None` if the step opens one.
    pub(super) connection: Option<ConnectionId>,
}

impl Trip<'_> {
    /// Travels to the database's machine, or back.
    async fn travel(&self) -> Result<(), Error> {
        let travelled = travel(self.here, self.database.machine).await;
        travelled.map_err(|Lost| self.error(ErrorKind::Reset))
    }

    fn error(&self, kind: ErrorKind) -> Error {
        injected_errors::sql(self.database.kind, kind)
    }

    fn disconnect(&self) {
        if let Some(connection) = self.connection {
            database::close(connection);
        }
    }

    fn answered<'a>(&self, asked: &Value, result: impl FnOnce() -> Result<Value, &'a Error>) {
        handle::record(EventKind::Answer, self.site, || {
            let result = result().map_err(ToString::to_string);
            vocabulary::Answer { result, asked: asked.clone() }.into_data()
        });
    }

    /// Runs one operation at the database's machine as a boundary.
    pub(super) async fn make<T>(
        &self,
        asked: Value,
        mut operation: impl FnMut() -> Result<T, Error>,
        describe: impl Fn(&T) -> Value,
    ) -> Result<T, Error> {
        let decision = boundary::before(self.here, self.site).await;
        if let Decision::Fail(kind) = decision {
            let error = self.error(kind);
            if matches!(error, Error::Connection(_)) {
                self.disconnect();
            }
            self.answered(&asked, || Err(&error));
            return Err(error);
        }
        if let Err(error) = self.travel().await {
            self.disconnect();
            self.answered(&asked, || Err(&error));
            return Err(error);
        }
        let result = patiently(self.database, &mut operation).await;
        self.answered(&asked, || result.as_ref().map(&describe));
        boundary::after(self.here, self.site, decision).await;
        if let Err(error) = self.travel().await {
            self.disconnect();
            return Err(error);
        }
        if let Decision::LoseAck(kind) = decision {
            self.disconnect();
            return Err(self.error(kind));
        }
        result
    }
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
