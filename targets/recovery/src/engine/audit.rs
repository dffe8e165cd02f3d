//! The audit of recovery, recorded once for each operation.
//!
//! An audit is named after its operation, and created only if none exists. So neither the order of the programs nor a
//! repetition matters, nor what each of them found.

use chaosdrill_rt::{defect, fail_point, time};

use super::{
    config::EngineConfig,
    error::EngineError,
    manifest::Move,
    model::{Audit, AuditTable, Outcome, Sidecar},
    objects::{Objects, PutError},
};

/// The path of the audits.
pub(crate) const AUDITS: &str = "_graph_commit_recoveries";

/// The actor name of recovery.
const ACTOR: &str = "engine:recovery";

/// The audit entries of the tables that were moved.
pub(crate) fn moved(moves: &[Move]) -> Vec<AuditTable> {
    let table = |to: &Move| AuditTable {
        table_key: to.table_key.clone(),
        from: Some(to.expected),
        to: to.to,
    };
    moves.iter().map(table).collect()
}

/// The audit entries of the tables that were moved or added.
pub(crate) fn moved_and_added(moves: &[Move], sidecar: &Sidecar) -> Vec<AuditTable> {
    let added = sidecar.additional_registrations.iter().map(|table| AuditTable {
        table_key: table.table_key.clone(),
        from: None,
        to: table.version,
    });
    moved(moves).into_iter().chain(added).collect()
}

/// Records the outcome of an operation; succeeds if it was recorded before.
pub(crate) async fn record(
    objects: &Objects,
    config: &EngineConfig,
    sidecar: &Sidecar,
    outcome: Outcome,
    tables: Vec<AuditTable>,
) -> Result<(), EngineError> {
    fail_point!(crate::failpoints::RECORD_AUDIT)?;
    let name = defect!("G15b", crate::ulid::new(), sidecar.operation_id.clone());
    let name = defect!("G15", crate::ulid::new(), name);
    let audit = Audit {
        operation_id: sidecar.operation_id.clone(),
        outcome,
        kind: sidecar.kind,
        actor_id: ACTOR.into(),
        recovery_for_actor: defect!("G51", String::new(), sidecar.actor_id.clone()),
        tables,
        process: config.process.clone(),
        created_at: time::unix_ms(),
    };
    match objects.create(&format!("{AUDITS}/{name}.json"), &audit).await {
        Ok(()) | Err(PutError::Taken(_)) => Ok(()),
        Err(PutError::Store(error)) => Err(error.into()),
    }
}
