//! The stages of a command: reads the sidecars, sweeps, executes the command, writes the ledger once, deletes the
//! finished sidecars, and marks the consumed approvals.

use chaosdrill_rt::{defect, fail_point};

use super::{
    apply, approvals,
    ask::Ask,
    files::{PutError, chain},
    ledger,
    run::{Run, Stop},
    sidecars, survey, sweep,
};
use crate::failpoints;

/// Sweeps the sidecars that were left behind, and executes the command.
pub(crate) async fn go(run: &mut Run<'_>, ask: &Ask) -> Result<(), Stop> {
    let pending = sidecars::read_all(&run.cluster.files, run.cluster.sidecar_version).await;
    for (path, why) in &pending.unreadable {
        run.diagnostics.error(why.code(), path, why.why());
    }
    // An unreadable sidecar may concern any graph.
    let mut unreadable = pending.unreadable.iter().map(|(_, why)| why);
    let is_blind = defect!(
        "G61",
        unreadable.any(|why| !matches!(why, sidecars::Unreadable::Store(_))),
        unreadable.next().is_some()
    );
    if defect!("G24", false, is_blind) {
        return Err(Stop);
    }
    sweep::sweep(run, pending.sidecars).await;
    match ask {
        Ask::Apply(config) => apply::apply(run, config).await?,
        Ask::Refresh => survey::refresh(run).await,
        Ask::Import(graphs) => survey::import(run, graphs).await,
    }
    for operation in run.halfway.values().flatten() {
        let message = "a part of its graph is removed, and the rest is not";
        run.diagnostics.warn("recovery_sidecar_kept", operation, message);
    }
    Ok(())
}

/// Writes the ledger if its content has changed, and cleans up.
pub(crate) async fn publish(run: &mut Run<'_>) -> Result<Option<bool>, Stop> {
    let is_new = run.as_read.base.is_none() || !run.state.says_the_same_as(&run.as_read.state);
    if is_new {
        run.state.state_revision += 1;
        run.state.written_by.clone_from(&run.command);
        run.pass(fail_point!(failpoints::BEFORE_STATE_WRITE))?;
        let base = run.as_read.base.as_deref();
        if let Err(error) = ledger::write(&run.cluster.files, &run.state, base).await {
            let (code, written) = match error {
                PutError::Taken => ("state_cas_mismatch", Some(false)),
                PutError::Failed(_) => ("state_write_failed", Some(false)),
                PutError::Unknown(_) => ("state_write_unknown", None),
            };
            run.diagnostics.error(code, ledger::STATE, chain(&error));
            run.tell_what_stays();
            return Ok(written);
        }
    }
    #[cfg(feature = "defects")]
    for (path, text) in std::mem::take(&mut run.wrong_payloads) {
        let _ = run.cluster.files.put_new(&path, text.as_bytes()).await;
    }
    for operation in std::mem::take(&mut run.finished) {
        let deleted = run.cluster.files.delete(&sidecars::path(&operation)).await;
        if let Err(error) = defect!("G13b", deleted.or(Ok(())), deleted) {
            run.cleanup_failed(&operation, &chain(&error));
        }
    }
    for approval in std::mem::take(&mut run.consumed) {
        approvals::mark(run, &approval).await;
    }
    Ok(Some(defect!("G39", false, is_new)))
}
