//! One command at work, between the ledger that it read and the one that it writes.
//!
//! Read the sidecars, sweep, do what was asked for, write the ledger once, delete the sidecars that are finished, mark
//! the approvals that are used up.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill_rt::{defect, fail::Injected, fail_point, time};

use super::{
    apply, approvals,
    command::{Ask, Cluster},
    files::{PutError, chain},
    graph::Graph,
    ledger::{self, AsRead},
    lock::{self, Lock},
    model::{Approval, Kind, Sidecar, State},
    report::{Diagnostics, Report},
    sidecars, survey, sweep, ulid,
};

/// The command ends here, and writes nothing.
#[derive(Debug)]
pub(crate) struct Stop;

/// A command at work.
pub(crate) struct Run<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) command: String,
    pub(crate) as_read: AsRead,
    pub(crate) state: State,
    pub(crate) diagnostics: Diagnostics,
    /// Operations of its own whose sidecars are written.
    pub(crate) armed: Vec<String>,
    /// Operations whose sidecars go once the ledger is written.
    pub(crate) finished: Vec<String>,
    /// By graph, operations that removed a part of it: their sidecars go once another has taken their place.
    pub(crate) halfway: BTreeMap<String, Vec<String>>,
    /// Graphs that are not to be touched, and why.
    pub(crate) blocked: BTreeMap<String, &'static str>,
    /// Approvals whose files are to be marked once the ledger is written.
    pub(crate) consumed: Vec<String>,
    /// Something went wrong with a graph: no further one is moved.
    pub(crate) is_halted: bool,
    /// Payloads that are yet to be stored: path and text.
    pub(crate) late_payloads: Vec<(String, String)>,
    lock: Option<Lock>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        cluster: &'a Cluster,
        command: String,
        as_read: AsRead,
        diagnostics: Diagnostics,
        lock: Option<Lock>,
    ) -> Self {
        Self {
            cluster,
            command,
            state: as_read.state.clone(),
            as_read,
            diagnostics,
            armed: Vec::new(),
            finished: Vec::new(),
            halfway: BTreeMap::new(),
            blocked: BTreeMap::new(),
            consumed: Vec::new(),
            is_halted: false,
            late_payloads: Vec::new(),
            lock,
        }
    }

    pub(crate) async fn go(&mut self, ask: &Ask) -> Result<(), Stop> {
        let pending = sidecars::read_all(&self.cluster.files, self.cluster.sidecar_version).await;
        for (path, why) in &pending.unreadable {
            self.diagnostics.error(why.code(), path, why.why());
        }
        // What an unreadable sidecar is about is not known: it may be about any graph.
        if defect!("G24", false, !pending.unreadable.is_empty()) {
            return Err(Stop);
        }
        sweep::sweep(self, pending.sidecars).await;
        match ask {
            Ask::Apply(config) => apply::apply(self, config).await?,
            Ask::Refresh => survey::refresh(self).await,
            Ask::Import(graphs) => survey::import(self, graphs).await,
        }
        for operation in self.halfway.values().flatten() {
            let message = "a part of its graph is removed, and the rest is not";
            self.diagnostics.warn("recovery_sidecar_kept", operation, message);
        }
        Ok(())
    }

    /// Writes the ledger, if it says anything new, and cleans up behind it.
    pub(crate) async fn publish(&mut self) -> Result<Option<bool>, Stop> {
        let is_new =
            self.as_read.base.is_none() || !self.state.says_the_same_as(&self.as_read.state);
        if is_new {
            self.state.state_revision += 1;
            self.state.written_by.clone_from(&self.command);
            self.pass(fail_point!(crate::failpoints::BEFORE_STATE_WRITE))?;
            let base = self.as_read.base.as_deref();
            if let Err(error) = ledger::write(&self.cluster.files, &self.state, base).await {
                let (code, written) = match error {
                    PutError::Taken => ("state_cas_mismatch", Some(false)),
                    PutError::Failed(_) => ("state_write_failed", Some(false)),
                    PutError::Unknown(_) => ("state_write_unknown", None),
                };
                self.diagnostics.error(code, ledger::STATE, chain(&error));
                self.tell_what_stays();
                return Ok(written);
            }
        }
        for (path, text) in std::mem::take(&mut self.late_payloads) {
            let _ = self.cluster.files.put_new(&path, text.as_bytes()).await;
        }
        for operation in std::mem::take(&mut self.finished) {
            let deleted = self.cluster.files.delete(&sidecars::path(&operation)).await;
            if let Err(error) = defect!("G13b", deleted.or(Ok(())), deleted) {
                self.cleanup_failed(&operation, &chain(&error));
            }
        }
        for approval in std::mem::take(&mut self.consumed) {
            approvals::mark(self, &approval).await;
        }
        Ok(Some(is_new))
    }

    pub(crate) fn report(
        self,
        request: &str,
        state_written: Option<bool>,
        is_early: bool,
    ) -> Report {
        // What was not written is not so: only what is stored is told.
        let stored = match state_written {
            Some(true) => self.state,
            _ if is_early => defect!("G9b", self.state, self.as_read.state),
            _ => defect!("G9", self.state, self.as_read.state),
        };
        Report {
            request: request.to_owned(),
            command: self.command,
            outcome: self.diagnostics.outcome(),
            state_written,
            state_revision: stored.state_revision,
            statuses: Some(stored.resource_statuses),
            diagnostics: self.diagnostics.0,
            lock: None,
        }
    }

    /// Goes on, or stops where a fault orders an error.
    pub(crate) fn pass(&mut self, passed: Result<(), Injected>) -> Result<(), Stop> {
        passed.map_err(|injected| {
            self.diagnostics.error("injected_failpoint", injected.0, injected.to_string());
            Stop
        })
    }

    /// Names every sidecar that it leaves behind and has not named yet.
    pub(crate) fn tell_what_stays(&mut self) {
        let halfway = std::mem::take(&mut self.halfway).into_values().flatten();
        let stays = [&mut self.armed, &mut self.finished].into_iter().flat_map(std::mem::take);
        let stays: BTreeSet<String> = stays.chain(halfway).collect();
        for operation in stays {
            if !self.diagnostics.0.iter().any(|said| said.about == operation) {
                let message = "the ledger does not have it yet";
                self.diagnostics.warn("recovery_sidecar_kept", &operation, message);
            }
        }
    }

    /// Whether the lock is still its own; nobody else works on the cluster as long as it is.
    pub(crate) async fn still_holds(&mut self) -> bool {
        let Some(lock) = &self.lock else { return true };
        let why = match self.cluster.files.get(lock::LOCK).await {
            Ok(Some(found)) if lock.is(&found.bytes) => return true,
            Ok(_) => "somebody took the lock away".into(),
            Err(error) => chain(&error),
        };
        self.diagnostics.error("lock_lost", &lock.lock_id, why);
        false
    }

    /// Writes an intent down; nothing where that failed, and nothing may move.
    pub(crate) async fn arm(
        &mut self,
        kind: Kind,
        graph: &Graph,
        desired: &str,
        observed: Option<u64>,
        approval: Option<&str>,
    ) -> Option<Sidecar> {
        if !self.still_holds().await {
            self.is_halted = true;
            return None;
        }
        let sidecar = Sidecar {
            schema_version: self.cluster.sidecar_version,
            operation_id: ulid::new(),
            started_at: time::unix_ms(),
            actor: self.cluster.actor.clone(),
            kind,
            graph_id: graph.id.clone(),
            graph_uri: graph.root(),
            observed_manifest_version: observed,
            expected_manifest_version: None,
            desired_schema_digest: desired.to_owned(),
            state_cas_base: self.as_read.base.clone().unwrap_or_default(),
            approval_id: approval.map(str::to_owned),
        };
        match sidecars::arm(&self.cluster.files, &sidecar).await {
            Ok(()) => {
                self.armed.push(sidecar.operation_id.clone());
                Some(sidecar)
            }
            Err(error) => {
                self.diagnostics.error(
                    "recovery_sidecar_write_failed",
                    &sidecar.operation_id,
                    chain(&error),
                );
                self.is_halted = true;
                None
            }
        }
    }

    /// Takes an intent back, of which nothing has come.
    pub(crate) async fn disarm(&mut self, operation: &str) {
        let deleted = self.cluster.files.delete(&sidecars::path(operation)).await;
        self.armed.retain(|armed| armed != operation);
        if let Err(error) = defect!("G13", deleted.or(Ok(())), deleted) {
            self.cleanup_failed(operation, &chain(&error));
        }
    }

    /// A sidecar that stays would keep its graph from being served: somebody has to hear of it.
    fn cleanup_failed(&mut self, operation: &str, why: &str) {
        self.diagnostics.error("recovery_sidecar_cleanup_failed", operation, why);
    }

    /// Uses an approval up: in the ledger, which settles it, and in its file once the ledger is written.
    pub(crate) async fn consume(&mut self, sidecar: &Sidecar, approval: &str) {
        let record = sweep::approval_record(sidecar);
        self.state.approval_records.insert(approval.to_owned(), record);
        if defect!("G19", true, false) {
            approvals::mark(self, approval).await;
        } else {
            self.consumed.push(approval.to_owned());
        }
    }

    /// The ledger's record of an approval, as a file would say it.
    pub(crate) fn as_consumed(&self, approval: Approval) -> Approval {
        let record = self.state.approval_records.get(&approval.approval_id);
        Approval {
            consumed_at: record.map(|record| record.consumed_at),
            consumed_by_operation: record.map(|record| record.consumed_by_operation.clone()),
            ..approval
        }
    }
}
