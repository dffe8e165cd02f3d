//! The recovery sweep: settles the sidecars that were left behind.
//!
//! It opens each graph, which makes the engine recover it, inspects what really happened, and then rolls the ledger
//! forward, withdraws the intent, or keeps the sidecar and blocks its graph. It never removes anything, and concludes
//! nothing if the store does not answer.
//!
//! | row | kind | state | action |
//! |---|---|---|---|
//! | 1 | create | no root | retire: nothing happened |
//! | 2 | create | as recorded | retire: the ledger has it |
//! | 3 | schema | as recorded; as desired | retire; roll forward |
//! | 4 | create | as desired, not recorded | roll forward |
//! | 5 | create | a root that does not open | keep, block: an operator has to investigate |
//! | 6 | both | something else | keep, block, drifted: no guess is made |
//! | | schema | no graph that opens | keep, block |
//! | 7 | delete | no root, not recorded | retire |
//! | 7b | delete | no root, recorded | tombstone, consume the approval |
//! | 8 | delete | a root | retire: the removal is proposed again, under the same approval |
//! | 8 | delete | a part of a root | as above, once the next intent is written; until then this is the only record |
//! | | all | the store does not answer, or an operation of the engine waits | keep, block |

use chaosdrill_rt::{defect, observe, time};

use super::{
    approvals,
    files::{Existence, chain},
    graph::{Graph, Live, Opening},
    model::{Kind, RecoveryRecord, Sidecar, State, Status, graph_address, schema_address},
    run::Run,
};

/// The observed state.
enum Seen {
    Absent,
    Live(Live),
    WontOpen(String),
    Unknown(String),
}

/// The action, with its row in the table.
enum Row {
    Retire(&'static str),
    Replace(&'static str),
    RollForward(&'static str),
    Tombstone(&'static str),
    Keep(&'static str, Reason),
}

enum Reason {
    Incomplete(String),
    Drifted,
    WontOpen(String),
    Unseen(String),
}

/// Settles all sidecars that were left behind.
pub(crate) async fn sweep(run: &mut Run<'_>, pending: Vec<Sidecar>) {
    for sidecar in pending {
        let graph = run.cluster.graph(&sidecar.graph_id);
        let seen = look(&graph).await;
        let row = decide(&sidecar, &seen, &run.state);
        act(run, &graph, sidecar, row).await;
    }
}

async fn look(graph: &Graph) -> Seen {
    match graph.existence().await {
        Existence::Absent => return Seen::Absent,
        Existence::Unknown(error) => {
            return defect!("G23", Seen::Absent, Seen::Unknown(chain(&error)));
        }
        Existence::Present => {}
    }
    // The engine recovers first: what it left unfinished may be a change that is still to come or to go.
    match defect!("G58", graph.open().await, graph.open_to_write().await) {
        Opening::Live(live) => Seen::Live(live),
        Opening::WontOpen(why) => Seen::WontOpen(why),
        Opening::Unknown(why) => Seen::Unknown(why),
    }
}

fn decide(sidecar: &Sidecar, seen: &Seen, state: &State) -> Row {
    let recorded = state.digest_at(&schema_address(&sidecar.graph_id));
    if let Seen::Unknown(why) = seen {
        return Row::Keep("unseen", Reason::Unseen(why.clone()));
    }
    match sidecar.kind {
        Kind::GraphCreate => decide_create(sidecar, seen, recorded),
        Kind::SchemaApply => decide_schema(sidecar, seen, recorded),
        Kind::GraphDelete => decide_delete(seen, recorded),
    }
}

fn decide_create(sidecar: &Sidecar, seen: &Seen, recorded: Option<&str>) -> Row {
    match seen {
        #[cfg(feature = "defects")]
        Seen::Absent if defect!("G1", true, false) => {
            Row::Keep("1", Reason::WontOpen("it is not there".into()))
        }
        #[cfg(feature = "defects")]
        Seen::Absent if defect!("G1b", true, false) => Row::RollForward("1"),
        Seen::Live(live) if recorded == Some(live.digest.as_str()) => Row::Retire("2"),
        Seen::Live(live) if live.digest == sidecar.desired_schema_digest => {
            defect!("G2", Row::Retire("4"), Row::RollForward("4"))
        }
        Seen::Live(_) => Row::Keep("6", Reason::Drifted),
        Seen::WontOpen(why) => Row::Keep("5", Reason::Incomplete(why.clone())),
        Seen::Absent | Seen::Unknown(_) => Row::Retire("1"),
    }
}

fn decide_schema(sidecar: &Sidecar, seen: &Seen, recorded: Option<&str>) -> Row {
    match seen {
        #[cfg(feature = "defects")]
        Seen::Live(_) if defect!("G3", true, false) => Row::RollForward("3"),
        Seen::Live(live) if recorded == Some(live.digest.as_str()) => Row::Retire("3"),
        Seen::Live(live) if live.digest == sidecar.desired_schema_digest => {
            defect!("G4", Row::Retire("3"), Row::RollForward("3"))
        }
        #[cfg(feature = "defects")]
        Seen::Live(_) if defect!("G22", true, false) => Row::Retire("6"),
        #[cfg(feature = "defects")]
        Seen::Live(_) if defect!("G22b", true, false) => Row::RollForward("6"),
        Seen::Live(_) => Row::Keep("6", Reason::Drifted),
        Seen::WontOpen(why) => Row::Keep("schema", Reason::WontOpen(why.clone())),
        Seen::Absent | Seen::Unknown(_) => {
            Row::Keep("schema", Reason::WontOpen("it is not there".into()))
        }
    }
}

fn decide_delete(seen: &Seen, recorded: Option<&str>) -> Row {
    match seen {
        Seen::Absent if recorded.is_none() => Row::Retire("7"),
        Seen::Absent => defect!("G6", Row::Retire("7b"), Row::Tombstone("7b")),
        Seen::WontOpen(_) => defect!("G5", Row::Tombstone("8"), Row::Replace("8")),
        _ => defect!("G5", Row::Tombstone("8"), Row::Retire("8")),
    }
}

async fn act(run: &mut Run<'_>, graph: &Graph, sidecar: Sidecar, row: Row) {
    let (Row::Retire(name)
    | Row::Replace(name)
    | Row::RollForward(name)
    | Row::Tombstone(name)
    | Row::Keep(name, _)) = &row;
    let (operation, id) = (&sidecar.operation_id, &sidecar.graph_id);
    observe!("cluster.swept", command = run.command, operation = operation, graph = id, row = name);
    match row {
        Row::Retire("8") => incomplete(run, id, "its root is still there"),
        #[cfg(feature = "defects")]
        Row::Retire(_) if defect!("G62", true, false) => {
            run.blocked.insert(id.clone(), "cluster_recovery_pending");
        }
        Row::Retire(_) => {}
        Row::Replace(_) => {
            incomplete(run, id, "a part of its root is still there");
            run.halfway.entry(id.clone()).or_default().push(sidecar.operation_id);
            return;
        }
        Row::RollForward(_) => {
            let is_recorded = defect!("G2c", sidecar.kind != Kind::GraphCreate, true);
            if is_recorded {
                run.state.record_schema(id, &sidecar.desired_schema_digest);
            }
            defect!(
                "G2c",
                if !is_recorded {
                    let _ = graph.remove().await;
                },
                ()
            );
            record(run, &sidecar);
        }
        Row::Tombstone(_) => {
            run.state.record_deletion(&sidecar, time::unix_ms());
            if let Some(approval) = defect!("G6b", &None, &sidecar.approval_id) {
                approvals::consume(run, &sidecar, approval).await;
            }
            record(run, &sidecar);
        }
        Row::Keep(_, reason) => return keep(run, graph, sidecar, reason).await,
    }
    run.finished.push(sidecar.operation_id);
}

fn incomplete(run: &mut Run<'_>, id: &str, why: &str) {
    run.diagnostics.warn("graph_delete_incomplete", &graph_address(id), why);
}

fn record(run: &mut Run<'_>, sidecar: &Sidecar) {
    let message = "it had happened, and the ledger did not know";
    run.diagnostics.warn("cluster_recovery_rolled_forward", &sidecar.operation_id, message);
    defect!("G2b", return, ());
    run.state.recovery_records.push(RecoveryRecord {
        operation_id: sidecar.operation_id.clone(),
        kind: sidecar.kind,
        graph_id: sidecar.graph_id.clone(),
        outcome: "rolled_forward".into(),
        recovered_at: time::unix_ms(),
        actor: defect!("G4b", run.cluster.actor.clone(), sidecar.actor.clone()),
    });
}

async fn keep(
    run: &mut Run<'_>,
    #[cfg_attr(
        not(feature = "defects"),
        expect(unused_variables, reason = "only a planted bug touches a graph that is kept")
    )]
    graph: &Graph,
    sidecar: Sidecar,
    reason: Reason,
) {
    let (id, operation) = (sidecar.graph_id.clone(), &sidecar.operation_id);
    let (status, code, why) = match reason {
        Reason::Incomplete(why) => {
            defect!("G21", drop(graph.remove().await), ());
            (Status::Error, "graph_create_incomplete", why)
        }
        Reason::Drifted => (
            Status::Drifted,
            "actual_applied_state_pending",
            "it is neither as it was nor as it was to be".into(),
        ),
        Reason::WontOpen(why) => (Status::Blocked, "cluster_recovery_pending", why),
        Reason::Unseen(why) => (Status::Blocked, "recovery_store_error", why),
    };
    run.diagnostics.error(code, operation, format!("graph {id}: {why}"));
    // A temporary failure of the store is not recorded as a status.
    if code != "recovery_store_error" {
        run.state.set_status(&graph_address(&id), status, Some(code));
    }
    run.blocked.insert(id, code);
}
