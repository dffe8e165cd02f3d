//! The event store: loads accounts from their snapshots and events.

use chaosdrill_rt::{defect, observe, sql::Pool};
use sqlx::{Row, any::AnyRow};

use crate::{
    BoxError,
    account::{Account, TYPE},
    error::{RepositoryError, storage},
    event::{JSON, StoredEvent},
    on_commit::Hints,
    replay::{Hydrated, Snapshot, is_anchored, replay},
    sql::{self, Sql},
};

/// A store of events, with the outbox and the read model that are written with them.
#[derive(Clone, Debug)]
pub struct EventStore {
    pub(crate) pool: Pool,
    pub(crate) sql: &'static Sql,
    /// A snapshot is taken once this many events have come since the last.
    pub(crate) snapshot_frequency: i64,
    /// The destination of the messages that announce its events.
    pub(crate) destination: String,
    /// When a commit compares versions.
    pub(crate) version_check: VersionCheck,
    /// Where the messages of each commit are handed over; `None` if they wait for a dispatcher.
    pub(crate) hints: Option<Hints>,
}

/// When a commit compares the version that it expects with that of the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VersionCheck {
    /// Under the write lock: no other writer can come in between.
    #[default]
    Locked,
    /// Before the transaction, so that it holds the lock for less time. Another writer may come in between; then the
    /// unique key of the events decides, as in a database that takes no lock to read.
    Unlocked,
}

impl EventStore {
    /// Creates a store on a database whose schema is up to date.
    ///
    /// # Errors
    ///
    /// If this release has no statements for the database.
    pub fn new(
        pool: Pool,
        snapshot_frequency: u32,
        destination: impl Into<String>,
    ) -> Result<Self, BoxError> {
        let sql = sql::of(&pool)?;
        let snapshot_frequency = i64::from(snapshot_frequency.max(1));
        let destination = destination.into();
        let version_check = VersionCheck::default();
        Ok(Self { pool, sql, snapshot_frequency, destination, version_check, hints: None })
    }

    /// Sets when a commit compares versions.
    #[must_use]
    pub fn version_check(mut self, version_check: VersionCheck) -> Self {
        self.version_check = version_check;
        self
    }

    /// Sets where the messages of each commit are handed over.
    #[must_use]
    pub(crate) fn hints(mut self, hints: Option<Hints>) -> Self {
        self.hints = hints;
        self
    }

    /// Loads the account; at version 0 if the store has no such account.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::Replay`] or [`RepositoryError::Gap`] if the stream cannot be replayed, and
    /// [`RepositoryError::Storage`].
    pub async fn load(&self, id: &str) -> Result<Hydrated, RepositoryError> {
        let snapshot = self.snapshot(id).await?;
        let from = snapshot.as_ref().map_or(0, |snapshot| snapshot.version);
        let events = self.events(id, from).await?;
        let hydrated = match snapshot {
            Some(snapshot) if !is_anchored(&snapshot, &events) => {
                replay(id, None, &self.events(id, 0).await?)?
            }
            snapshot => replay(id, snapshot, &events)?,
        };
        observe!(
            "store.hydrated",
            account = id,
            version = hydrated.version,
            snapshot = hydrated.snapshot_version,
            folded = hydrated.folded,
            owner = hydrated.account.owner,
            balance = hydrated.account.balance,
            notes = hydrated.account.notes,
            last_activity = hydrated.account.last_activity
        );
        Ok(hydrated)
    }

    /// Loads the snapshot of an account. An unreadable snapshot counts as none, because it only saves time.
    async fn snapshot(&self, id: &str) -> Result<Option<Snapshot>, RepositoryError> {
        let row = sqlx::query(self.sql.snapshots_load)
            .bind(TYPE)
            .bind(id.to_owned())
            .fetch_optional(&self.pool)
            .await
            .map_err(storage("load the snapshot"))?;
        Ok(row.as_ref().and_then(read_snapshot))
    }

    /// Loads the events of an account from a sequence on.
    async fn events(&self, id: &str, from: i64) -> Result<Vec<StoredEvent>, RepositoryError> {
        let failed = storage("load the events");
        let rows = sqlx::query(self.sql.events_load)
            .bind(TYPE)
            .bind(id.to_owned())
            .bind(from)
            .fetch_all(&self.pool)
            .await
            .map_err(&failed)?;
        rows.iter().map(read_event).collect::<Result<_, _>>().map_err(&failed)
    }
}

fn read_snapshot(row: &AnyRow) -> Option<Snapshot> {
    let codec: String = row.try_get("codec").ok()?;
    let state: String = row.try_get("state").ok()?;
    let version: i64 = row.try_get("version").ok()?;
    if codec != JSON || version < 1 {
        return None;
    }
    let account: Account = serde_json::from_str(&state).ok()?;
    let account = defect!("O56", Account { owner: None, ..account }, account);
    Some(Snapshot { version, account })
}

fn read_event(row: &AnyRow) -> Result<StoredEvent, sqlx::Error> {
    Ok(StoredEvent {
        sequence: row.try_get("sequence")?,
        event_type: row.try_get("event_type")?,
        event_version: row.try_get("event_version")?,
        codec: row.try_get("codec")?,
        payload: row.try_get("payload")?,
        recorded_at: row.try_get("recorded_at")?,
    })
}
