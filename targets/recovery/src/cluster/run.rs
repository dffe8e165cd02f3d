//! The state of one command between the ledger that it read and the ledger that it writes, and its sidecars.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill_rt::{defect, fail::Injected, time};

use super::{
    files::chain,
    graph::Graph,
    handle::Cluster,
    ledger::AsRead,
    lock::{self, Lock},
    model::{Kind, Sidecar, State},
    report::{Diagnostics, Report},
    sidecars, ulid,
};

/// Ends the command without a write of the ledger.
#[derive(Debug)]
pub(crate) struct Stop;

/// A running command.
pub(crate) struct Run<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) command: String,
    pub(crate) as_read: AsRead,
    pub(crate) state: State,
    pub(crate) diagnostics: Diagnostics,
    /// Operations of this command whose sidecars are written.
    pub(crate) armed: Vec<String>,
    /// Operations whose sidecars are deleted after the ledger is written.
    pub(crate) finished: Vec<String>,
    /// Operations that removed a part of a graph, by graph: their sidecars are deleted once another has replaced them.
    pub(crate) halfway: BTreeMap<String, Vec<String>>,
    /// Graphs that must not be moved, with the reason.
    pub(crate) blocked: BTreeMap<String, &'static str>,
    /// Approvals whose files are marked after the ledger is written.
    pub(crate) consumed: Vec<String>,
    /// A graph has failed: no further one is moved.
    pub(crate) is_halted: bool,
    /// Payloads that a planted bug stores too late: path and text.
    #[cfg(feature = "defects")]
    pub(crate) wrong_payloads: Vec<(String, String)>,
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
            #[cfg(feature = "defects")]
            wrong_payloads: Vec::new(),
            lock,
        }
    }

    pub(crate) fn report(
        self,
        request: &str,
        state_written: Option<bool>,
        is_early: bool,
    ) -> Report {
        // Only the stored state is reported.
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

    /// Continues, or stops if a failpoint injects an error.
    pub(crate) fn pass(&mut self, passed: Result<(), Injected>) -> Result<(), Stop> {
        passed.map_err(|injected| {
            self.diagnostics.error("injected_failpoint", injected.0, injected.to_string());
            Stop
        })
    }

    /// Reports every sidecar that it leaves behind and has not reported yet.
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

    /// Whether the command still holds its lock; while it does, no other command works on the cluster.
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

    /// Writes an intent; `None` if that failed, and then nothing may move.
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

    /// Withdraws an intent that had no effect.
    pub(crate) async fn disarm(&mut self, operation: &str) {
        let deleted = self.cluster.files.delete(&sidecars::path(operation)).await;
        self.armed.retain(|armed| armed != operation);
        if let Err(error) = defect!("G13", deleted.or(Ok(())), deleted) {
            self.cleanup_failed(operation, &chain(&error));
        }
    }

    /// Reports a sidecar that could not be deleted, because it would keep its graph from being served.
    pub(crate) fn cleanup_failed(&mut self, operation: &str, why: &str) {
        self.diagnostics.error("recovery_sidecar_cleanup_failed", operation, why);
    }
}
