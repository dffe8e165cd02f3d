//! Executes a command: acquires the lock, runs it, and reports the result.

use chaosdrill_rt::{defect, observe, time};

use super::{
    ask::Ask,
    files::chain,
    handle::Cluster,
    ledger::{self, AsRead, LedgerError},
    lock::{self, Lock, LockError},
    model::State,
    report::{Diagnostics, Held, Outcome, Report},
    run::{Run, Stop},
    stages, ulid,
};

impl Cluster {
    /// Executes a command, and returns its report.
    pub async fn execute(&self, request: &str, ask: &Ask) -> Report {
        let command = ulid::new();
        let (actor, name) = (&self.actor, ask.name());
        observe!(
            "cluster.started",
            command = command,
            request = request,
            kind = name,
            actor = actor,
            graphs = ask.imported()
        );
        let lock = match self.lock(&command, ask).await {
            Ok(lock) => lock,
            Err(locked) => return self.report_locked(request, command, locked),
        };
        let mut report = self.work(request, command, ask, lock.clone()).await;
        // The lock is released on failure, too; otherwise every error would leave it behind.
        if let Some(lock) =
            lock.filter(|_| defect!("G7b", report.outcome == Outcome::Converged, true))
            && let Err(error) = lock::release(&self.files, &lock).await
        {
            let mut diagnostics = Diagnostics(std::mem::take(&mut report.diagnostics));
            diagnostics.warn("lock_release_failed", &lock.lock_id, chain(&error));
            report.diagnostics = diagnostics.0;
        }
        say(&report);
        report
    }

    async fn lock(&self, command: &str, ask: &Ask) -> Result<Option<Lock>, LockError> {
        if !self.locking {
            return Ok(None);
        }
        lock::acquire(&self.files, command, ask.name(), &self.actor).await.map(Some)
    }

    fn report_locked(&self, request: &str, command: String, error: LockError) -> Report {
        let mut diagnostics = Diagnostics::default();
        let mut held = None;
        let outcome = match error {
            LockError::Held(lock) => {
                let age_ms = time::unix_ms().saturating_sub(lock.created_at);
                let is_old = u128::try_from(age_ms).is_ok_and(|age| age >= self.lease.as_millis());
                diagnostics.error(
                    "locked",
                    &lock.lock_id,
                    format!("{} holds the lock", lock.holder),
                );
                held = Some(Held { lock_id: lock.lock_id, age_ms, may_be_forced: is_old });
                Outcome::Locked
            }
            LockError::Unreadable(why) => {
                diagnostics.error("lock_unreadable", lock::LOCK, why);
                diagnostics.outcome()
            }
            LockError::Store(why) => {
                diagnostics.error("lock_store_error", lock::LOCK, why);
                Outcome::Retry
            }
        };
        let report = Report {
            request: request.to_owned(),
            command,
            outcome,
            state_written: Some(false),
            state_revision: 0,
            statuses: None,
            diagnostics: diagnostics.0,
            lock: held,
        };
        say(&report);
        report
    }

    async fn work(&self, request: &str, command: String, ask: &Ask, lock: Option<Lock>) -> Report {
        let mut diagnostics = Diagnostics::default();
        let as_read = match ledger::read(&self.files).await {
            Ok(as_read) => Some(as_read),
            Err(LedgerError::Missing) if matches!(ask, Ask::Import(_)) => {
                Some(AsRead { state: State::empty(), base: None })
            }
            #[cfg(feature = "defects")]
            Err(LedgerError::Unreadable(_)) if defect!("G49", true, false) => {
                Some(ledger::read_wrongly(&self.files).await)
            }
            Err(error) => {
                let code = match error {
                    LedgerError::Missing => "state_missing",
                    LedgerError::Unreadable(_) => "state_unreadable",
                    LedgerError::Store(_) => "state_store_error",
                };
                diagnostics.error(code, ledger::STATE, chain(&error));
                None
            }
        };
        let Some(as_read) = as_read else {
            return Report {
                request: request.to_owned(),
                command,
                outcome: diagnostics.outcome(),
                state_written: Some(false),
                state_revision: 0,
                statuses: None,
                diagnostics: diagnostics.0,
                lock: None,
            };
        };
        let mut run = Run::new(self, command, as_read, diagnostics, lock);
        let went = match stages::go(&mut run, ask).await {
            Ok(()) => stages::publish(&mut run).await,
            Err(Stop) => Err(Stop),
        };
        let (state_written, is_early) = match went {
            Ok(written) => (written, false),
            Err(Stop) => {
                run.tell_what_stays();
                (Some(false), true)
            }
        };
        run.report(request, state_written, is_early)
    }
}

/// Records the content of a report in the history.
fn say(report: &Report) {
    observe!(
        "cluster.reported",
        command = report.command,
        request = report.request,
        outcome = report.outcome,
        state_written = report.state_written,
        statuses = report.statuses,
        diagnostics = report.diagnostics
    );
}
