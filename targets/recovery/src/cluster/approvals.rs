//! Approvals: each is valid for one change, and is consumed by one execution of it.

use chaosdrill_rt::{defect, time};

use super::{
    files::{Files, StoreError, chain},
    model::{Approval, ApprovalRecord, Sidecar, State, graph_address},
    run::Run,
};

/// The path of the approvals.
pub const APPROVALS: &str = "__cluster/approvals";

/// The path of an approval.
pub fn path(id: &str) -> String {
    format!("{APPROVALS}/{id}.json")
}

/// The change that an approval must match.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// The graph to remove.
    pub graph: &'a str,
    /// The digest of the configuration that removes it.
    pub config_digest: &'a str,
    /// The recorded digest of the graph.
    pub before_digest: &'a str,
    /// Its digest after the change.
    pub after_digest: &'a str,
}

/// Finds an unused approval of exactly this change.
///
/// # Errors
///
/// Fails with the store's error: it is then unknown whether there is one.
pub(crate) async fn find(
    run: &mut Run<'_>,
    change: &Change<'_>,
) -> Result<Option<Approval>, StoreError> {
    let resource = graph_address(change.graph);
    for approval in read_all(run).await? {
        let is_about_it = approval.resource == resource && approval.operation == "delete";
        let is_used_there = run.state.approval_records.contains_key(&approval.approval_id);
        let is_used = approval.consumed_at.is_some() || defect!("G19b", false, is_used_there);
        if !is_about_it || is_used {
            continue;
        }
        let fits = approval.bound_config_digest == change.config_digest
            && defect!("G20", true, approval.bound_before_digest == change.before_digest)
            && approval.bound_after_digest == change.after_digest;
        if defect!("G20b", approval.bound_before_digest == change.before_digest, fits) {
            return Ok(Some(approval));
        }
        let message = "it was given for another configuration, or for another state of the graph";
        run.diagnostics.warn("approval_stale", &approval.approval_id, message);
    }
    Ok(None)
}

async fn read_all(run: &mut Run<'_>) -> Result<Vec<Approval>, StoreError> {
    let files = &run.cluster.files;
    let mut approvals = Vec::new();
    for path in files.list(APPROVALS).await? {
        let Some(found) = files.get(&path).await? else { continue };
        match serde_json::from_slice::<Approval>(&found.bytes) {
            Ok(approval) => approvals.push(approval),
            Err(error) => run.diagnostics.warn("approval_unreadable", &path, error.to_string()),
        }
    }
    Ok(approvals)
}

/// Consumes an approval: first in the ledger, which is authoritative, and in its file after the ledger is written.
pub(crate) async fn consume(run: &mut Run<'_>, sidecar: &Sidecar, approval: &str) {
    let record = ApprovalRecord {
        resource: graph_address(&sidecar.graph_id),
        consumed_at: time::unix_ms(),
        consumed_by_operation: sidecar.operation_id.clone(),
    };
    run.state.approval_records.insert(approval.to_owned(), record);
    defect!("G19", mark(run, approval).await, run.consumed.push(approval.to_owned()));
}

/// Marks the file of an approval as consumed. A failure is harmless, because the ledger records it already.
pub(crate) async fn mark(run: &mut Run<'_>, id: &str) {
    if let Err(why) = try_mark(&run.cluster.files.clone(), run, id).await {
        run.diagnostics.warn("approval_mark_failed", id, why);
    }
}

async fn try_mark(files: &Files, run: &Run<'_>, id: &str) -> Result<(), String> {
    let path = path(id);
    let Some(found) = files.get(&path).await.map_err(|error| chain(&error))? else { return Ok(()) };
    let approval = serde_json::from_slice(&found.bytes).map_err(|error| error.to_string())?;
    let consumed = serde_json::to_vec(&as_consumed(&run.state, approval)).unwrap_or_default();
    files.put_over(&path, &consumed, &found).await.map_err(|error| chain(&error))
}

/// The approval file with the ledger's record of its use.
fn as_consumed(state: &State, approval: Approval) -> Approval {
    let record = state.approval_records.get(&approval.approval_id);
    Approval {
        consumed_at: record.map(|record| record.consumed_at),
        consumed_by_operation: record.map(|record| record.consumed_by_operation.clone()),
        ..approval
    }
}
