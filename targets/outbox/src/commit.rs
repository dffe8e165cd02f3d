//! Commits events, messages, read model, snapshot and the record of the command in one transaction.

use chaosdrill_rt::{defect, sql::Connection};
use serde_json::json;

use crate::{
    account::TYPE,
    chunk::{Bind, insert_rows},
    command::Command,
    error::{RepositoryError, storage},
    event::{Event, JSON, StoredEvent},
    replay::Hydrated,
    store::{EventStore, VersionCheck},
};

/// Everything that is committed together.
pub(crate) struct Commit<'a> {
    pub(crate) command: &'a Command,
    /// The id under which the command is recorded, so that a repeated command is found.
    pub(crate) remembered_as: String,
    /// The account as it was loaded.
    pub(crate) before: Hydrated,
    /// The new events; never empty.
    pub(crate) events: Vec<StoredEvent>,
    /// The account after the events; `None` if this release cannot replay them.
    pub(crate) after: Option<Hydrated>,
    pub(crate) now_ms: i64,
}

impl Commit<'_> {
    /// The version after the commit.
    pub(crate) fn version(&self) -> i64 {
        self.events.last().map_or(self.before.version, |event| event.sequence)
    }

    /// The ids of the messages that announce the events.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.announced().map(|(_, message)| message).collect()
    }

    fn account(&self) -> &str {
        &self.command.account
    }

    fn conflict(&self, actual: i64) -> RepositoryError {
        let (id, expected) = (self.account().to_owned(), self.before.version);
        defect!(
            "O29",
            crate::account::ModelError::AlreadyOpen.into(),
            defect!(
                "O68",
                RepositoryError::Lock { id, source: crate::error::LockError::Busy },
                RepositoryError::ConcurrentWrite { id, expected, actual }
            )
        )
    }

    /// The events with the ids of the messages that announce them. The ids derive from the command, so that two
    /// executions of one command cannot both be announced.
    fn announced(&self) -> impl Iterator<Item = (&StoredEvent, String)> {
        let name = |number: usize| format!("{}/{number:04}", self.remembered_as);
        self.events.iter().zip((1..).map(name))
    }

    /// The changes of the balance: (message, position in the stream, amount).
    fn movements(&self) -> Vec<(String, i64, i64)> {
        let movement = |(stored, message): (&StoredEvent, String)| {
            let event = Event::decode(&stored.event_type, &stored.codec, &stored.payload).ok()?;
            Some((message, stored.sequence, event.movement()))
        };
        self.announced().filter_map(movement).filter(|(.., amount)| *amount != 0).collect()
    }
}

impl EventStore {
    /// Commits in one transaction.
    ///
    /// # Errors
    ///
    /// [`RepositoryError::ConcurrentWrite`] if another writer was first, [`RepositoryError::DuplicateCommand`] if the
    /// id of the command is already recorded, and [`RepositoryError::Storage`].
    pub(crate) async fn commit(&self, commit: &Commit<'_>) -> Result<(), RepositoryError> {
        let begin = || self.pool.begin("commit");
        let connect = || self.pool.acquire();
        if self.version_check == VersionCheck::Unlocked {
            let mut connection = connect().await.map_err(storage("connect for the version"))?;
            self.check_version(&mut connection, commit).await?;
        }
        let mut tx = begin().await.map_err(storage("begin the commit"))?;
        if self.version_check == VersionCheck::Locked {
            self.check_version(&mut tx, commit).await?;
        }
        if let Err(error) = self.append_events(&mut tx, commit).await {
            if defect!("O31", true, !is_unique_violation(&error)) {
                return Err(storage("append the events")(error));
            }
            // Another writer passed the check as well. This transaction may be unusable.
            drop(tx);
            let mut connection = connect().await.map_err(storage("connect for the version"))?;
            let actual = self.version(&mut connection, commit.account()).await?;
            return Err(commit.conflict(defect!("O31b", commit.before.version, actual)));
        }
        self.enqueue_messages(&mut tx, commit).await.map_err(storage("enqueue the messages"))?;
        let mut tx = defect!(
            "O8",
            {
                tx.commit().await.map_err(storage("commit the events"))?;
                begin().await.map_err(storage("begin the read model"))?
            },
            tx
        );
        self.save_read_model(&mut tx, commit).await.map_err(storage("save the read model"))?;
        self.remember_command(&mut tx, commit).await?;
        let mut tx = defect!(
            "O61",
            {
                tx.commit().await.map_err(storage("commit the command"))?;
                begin().await.map_err(storage("begin the snapshot"))?
            },
            tx
        );
        self.save_snapshot(&mut tx, commit).await.map_err(storage("save the snapshot"))?;
        let committed = tx.commit().await;
        defect!("O38", committed.or(Ok(())), committed).map_err(storage("commit"))
    }

    /// Compares the version of the stream with the one that was loaded, which may be stale by now.
    async fn check_version(
        &self,
        connection: &mut Connection,
        commit: &Commit<'_>,
    ) -> Result<(), RepositoryError> {
        let expected = commit.before.version;
        let actual = defect!("O1", expected, self.version(connection, commit.account()).await?);
        let is_checked = defect!("O30", expected > 0, true);
        if is_checked && actual != expected { Err(commit.conflict(actual)) } else { Ok(()) }
    }

    async fn version(&self, connection: &mut Connection, id: &str) -> Result<i64, RepositoryError> {
        sqlx::query_scalar(self.sql.events_version)
            .bind(TYPE)
            .bind(id.to_owned())
            .fetch_one(connection)
            .await
            .map_err(storage("read the version"))
    }

    async fn append_events(
        &self,
        connection: &mut Connection,
        commit: &Commit<'_>,
    ) -> Result<(), sqlx::Error> {
        let row = |event| event_row(commit, event);
        let rows: Vec<_> = commit.events.iter().map(row).collect();
        let tail =
            defect!("O1", wrong_tail(0), defect!("O30", wrong_tail(commit.before.version), ""));
        insert_rows(connection, self.sql.events_append, tail, &rows).await
    }

    /// One message for each event.
    async fn enqueue_messages(
        &self,
        connection: &mut Connection,
        commit: &Commit<'_>,
    ) -> Result<(), sqlx::Error> {
        let metadata = json!({ "command": commit.command.id }).to_string();
        let announced: Vec<_> = commit.announced().collect();
        let rows: Vec<_> = announced
            .iter()
            .map(|(event, id)| message_row(self, commit, event, id, &metadata))
            .collect();
        insert_rows(connection, self.sql.outbox_enqueue, "", &rows).await
    }

    /// Saves the balance first, then the movements that led to it.
    async fn save_read_model(
        &self,
        connection: &mut Connection,
        commit: &Commit<'_>,
    ) -> Result<(), sqlx::Error> {
        // An account whose events cannot be read has no read model.
        let Some(after) = &commit.after else { return Ok(()) };
        sqlx::query(self.sql.accounts_save)
            .bind(commit.account().to_owned())
            .bind(after.account.owner.clone().unwrap_or_default())
            .bind(defect!("O54", commit.before.account.balance, after.account.balance))
            .bind(after.version)
            .bind(commit.now_ms)
            .execute(&mut *connection)
            .await?;
        let movements = commit.movements();
        let rows: Vec<_> = movements
            .iter()
            .map(|(message, sequence, amount)| {
                let account = Bind::Text(commit.account());
                let amount = defect!("O57", amount.saturating_abs(), *amount);
                [Bind::Text(message), account, Bind::Int(*sequence), Bind::Int(amount)]
            })
            .collect();
        insert_rows(connection, self.sql.entries_append, "", &rows).await
    }

    async fn save_snapshot(
        &self,
        connection: &mut Connection,
        commit: &Commit<'_>,
    ) -> Result<(), sqlx::Error> {
        let Some(after) = &commit.after else { return Ok(()) };
        let is_due = after.version - commit.before.snapshot_version >= self.snapshot_frequency;
        if !defect!("O36", after.version % self.snapshot_frequency == 0, is_due) {
            return Ok(());
        }
        let version = defect!("O12b", commit.before.version, after.version);
        let state = serde_json::to_string(&after.account)
            .map_err(|error| sqlx::Error::Encode(error.into()))?;
        sqlx::query(self.sql.snapshots_save)
            .bind(TYPE)
            .bind(commit.account().to_owned())
            .bind(version)
            .bind(JSON)
            .bind(state)
            .bind(commit.now_ms)
            .execute(connection)
            .await
            .map(drop)
    }

    async fn remember_command(
        &self,
        connection: &mut Connection,
        commit: &Commit<'_>,
    ) -> Result<(), RepositoryError> {
        let remembered = sqlx::query(self.sql.commands_record)
            .bind(commit.remembered_as.clone())
            .bind(TYPE)
            .bind(commit.account().to_owned())
            .bind(commit.version())
            .bind(commit.now_ms)
            .execute(connection)
            .await;
        match remembered {
            Ok(_) => Ok(()),
            Err(error) if is_unique_violation(&error) => {
                defect!("O41", return Err(commit.conflict(commit.before.version)), ());
                Err(RepositoryError::DuplicateCommand { id: commit.command.id.clone() })
            }
            Err(error) => Err(storage("remember the command")(error)),
        }
    }
}

fn event_row<'a>(commit: &'a Commit<'a>, event: &'a StoredEvent) -> [Bind<'a>; 10] {
    [
        Bind::Text(TYPE),
        Bind::Text(commit.account()),
        Bind::Int(event.sequence),
        Bind::Text(&event.event_type),
        Bind::Int(event.event_version),
        Bind::Text(&event.codec),
        Bind::Text(&event.payload),
        Bind::Text(&commit.remembered_as),
        Bind::Text(&commit.command.id),
        Bind::Int(event.recorded_at),
    ]
}

fn message_row<'a>(
    store: &'a EventStore,
    commit: &'a Commit<'a>,
    event: &'a StoredEvent,
    id: &'a str,
    metadata: &'a str,
) -> [Bind<'a>; 15] {
    [
        Bind::Text(id),
        Bind::Text(&event.event_type),
        Bind::Text(defect!("O37", "{}", &event.payload)),
        Bind::Text(&event.codec),
        Bind::Int(event.event_version),
        Bind::Text(defect!("O53", "", &store.destination)),
        Bind::Text(metadata),
        Bind::Text("pending"),
        Bind::Int(commit.now_ms),
        Bind::Int(commit.now_ms),
        Bind::Text(TYPE),
        Bind::Text(&commit.command.account),
        Bind::Int(event.sequence),
        Bind::Text(&commit.command.id),
        Bind::Text(&commit.remembered_as),
    ]
}

fn is_unique_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation())
}

/// Lets a second writer pass that expects this version: only planted bugs append so.
#[cfg(feature = "defects")]
fn wrong_tail(expected: i64) -> &'static str {
    if expected == 0 { " ON CONFLICT DO NOTHING" } else { "" }
}
