//! Executes a command: looks for an earlier execution, decides, and commits the new events.

use chaosdrill_rt::{defect, observe, time};
use sqlx::Row;

use crate::{
    account::TYPE,
    command::Command,
    commit::Commit,
    error::{RepositoryError, storage},
    replay::follow,
    store::EventStore,
};

/// The result of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// The version of the account after the command.
    pub version: i64,
    /// Whether the command was executed before.
    pub repeated: bool,
}

impl EventStore {
    /// Executes a command once, however often it is sent.
    ///
    /// # Errors
    ///
    /// [`RepositoryError`]. After a retryable error, it is unknown whether the command was executed; the same command,
    /// sent again, finds out.
    pub async fn execute(&self, command: &Command) -> Result<Done, RepositoryError> {
        if let Some(id) = command.invalid_id() {
            return Err(RepositoryError::InvalidStreamIdentity { id: id.to_owned() });
        }
        let remembered_as = defect!("O22", wrong_name(command), command.id.clone());
        if let Some(done) = self.find(&remembered_as, &command.account).await? {
            return Ok(done);
        }
        let before = self.load(&command.account).await?;
        let now_ms = time::unix_ms();
        if before.version == 0 && !command.action.begins_a_stream() {
            return Err(RepositoryError::NotFound { id: command.account.clone() });
        }
        let events = before.account.decide(before.version, &command.action, now_ms)?;
        if events.is_empty() {
            return Ok(Done { version: before.version, repeated: false });
        }
        // Only an imported history may hold events that this release cannot read; later readers report them.
        let after = follow(&command.account, &before, &events).ok();
        let commit = Commit { command, remembered_as, before, events, after, now_ms };
        observe!(
            "store.committing",
            account = command.account,
            command = command.id,
            expected = commit.before.version
        );
        self.commit(&commit).await?;
        if let Some(hints) = &self.hints {
            let messages = commit.messages();
            defect!("O60", hints.give_wrong(messages).await, hints.give(messages));
        }
        let version = commit.version();
        let account = commit.after.map(|after| after.account).unwrap_or_default();
        observe!(
            "store.committed",
            account = command.account,
            command = command.id,
            version = version,
            events = commit.events.len(),
            frequency = self.snapshot_frequency,
            owner = account.owner,
            balance = account.balance,
            notes = account.notes,
            last_activity = account.last_activity
        );
        Ok(Done { version, repeated: false })
    }

    /// Returns the result of an earlier execution of the command, if there was one.
    async fn find(&self, command: &str, account: &str) -> Result<Option<Done>, RepositoryError> {
        let failed = storage("look for the command");
        let row = sqlx::query(self.sql.commands_find)
            .bind(command.to_owned())
            .fetch_optional(&self.pool)
            .await
            .map_err(&failed)?;
        let Some(row) = row else { return Ok(None) };
        let of: (String, String) = (
            row.try_get("aggregate_type").map_err(&failed)?,
            row.try_get("aggregate_id").map_err(&failed)?,
        );
        let is_same = (of.0.as_str(), of.1.as_str()) == (TYPE, account);
        if !defect!("O39", true, is_same) {
            return Err(RepositoryError::DuplicateCommand { id: command.to_owned() });
        }
        let version = row.try_get("version").map_err(&failed)?;
        Ok(Some(Done { version, repeated: true }))
    }
}

/// A name under which a command is not found again when it is sent again: only a planted bug remembers it so.
#[cfg(feature = "defects")]
fn wrong_name(command: &Command) -> String {
    format!("{}-{:016x}", command.id, chaosdrill_rt::rng::u64())
}
