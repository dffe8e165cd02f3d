//! Apply: brings the cluster to a desired configuration, in an order in which every step can be resumed.
//!
//! Creations first, then schema changes, query payloads and, last, removals. Each operation that moves a graph writes
//! its sidecar first. After one failure no further graph is moved, and only completed changes are recorded.

use std::collections::BTreeSet;

use chaosdrill_rt::{defect, fail_point, observe, time};

use super::{
    approvals::{self, Change},
    files::{Existence, PutError, chain},
    graph::{Graph, GraphError, Live, Opening},
    model::{
        Approval, Config, Kind, Resource, Status, graph_address, query_address, query_path,
        schema_address,
    },
    plan::{self, Plan, Planned},
    run::{Run, Stop},
    sidecars,
};
use crate::failpoints;

/// Applies a configuration; failures are in the diagnostics.
pub(crate) async fn apply(run: &mut Run<'_>, config: &Config) -> Result<(), Stop> {
    let plan = match plan::make(&run.cluster.files, config).await {
        Ok(plan) => plan,
        Err(error) => {
            run.diagnostics.error(error.code(), "config", error.why());
            return Err(Stop);
        }
    };
    let recorded = |id: &str| run.state.digest_at(&schema_address(id)).map(str::to_owned);
    let graphs = plan.graphs.iter().map(|(id, planned)| (id, planned, recorded(id)));
    let (known, new): (Vec<_>, Vec<_>) = graphs.partition(|(.., recorded)| recorded.is_some());
    for (id, planned, _) in new {
        if may_move(run, id) {
            create(run, id, planned).await?;
        }
    }
    for (id, planned, recorded) in known {
        let recorded = recorded.unwrap_or_default();
        let differs = defect!("G40", false, recorded != planned.schema_digest);
        if may_move(run, id) && differs {
            change_schema(run, id, planned, &recorded).await?;
        }
    }
    payloads(run, &plan).await?;
    let recorded = run.state.graphs();
    for id in recorded.iter().filter(|id| !plan.graphs.contains_key(*id)) {
        if may_move(run, id) {
            delete(run, id, &plan).await?;
        }
    }
    if run.diagnostics.outcome() == super::report::Outcome::Converged {
        run.state.applied_revision.config_digest.clone_from(&plan.config_digest);
    }
    Ok(())
}

/// Whether a graph may be moved: neither it nor the run is blocked by a failure.
fn may_move(run: &mut Run<'_>, id: &str) -> bool {
    if run.is_halted {
        run.diagnostics.warn("graph_skipped", &graph_address(id), "another graph failed before");
    }
    !run.is_halted && !run.blocked.contains_key(id)
}

/// Blocks a graph for the rest of the run: reports the failure and records its status.
fn trouble(
    run: &mut Run<'_>,
    id: &str,
    status: Status,
    code: &'static str,
    why: impl Into<String>,
) {
    run.diagnostics.error(code, &graph_address(id), why);
    run.state.set_status(&graph_address(id), status, Some(code));
    run.blocked.insert(id.to_owned(), code);
}

/// As [`trouble`], for a failure that may affect the next graph, too: the run is halted.
fn halt(run: &mut Run<'_>, id: &str, code: &'static str, why: impl Into<String>) {
    run.diagnostics.error(code, &graph_address(id), why);
    run.blocked.insert(id.to_owned(), code);
    run.is_halted = true;
}

/// Keeps the sidecar of an operation, because the operation may have had an effect.
fn keep_sidecar(run: &mut Run<'_>, operation: &str) {
    let message = "its operation may have had an effect";
    run.diagnostics.warn("recovery_sidecar_kept", operation, message);
}

async fn create(run: &mut Run<'_>, id: &str, planned: &Planned) -> Result<(), Stop> {
    let graph = run.cluster.graph(id);
    match graph.existence().await {
        Existence::Absent => {}
        Existence::Present => {
            let why = "there is a graph that the ledger does not know";
            trouble(run, id, Status::Blocked, "graph_exists_unrecorded", why);
            return Ok(());
        }
        Existence::Unknown(error) => {
            halt(run, id, "graph_store_error", chain(&error));
            return Ok(());
        }
    }
    let armed = run.arm(Kind::GraphCreate, &graph, &planned.schema_digest, None, None).await;
    let Some(sidecar) = armed else { return Ok(()) };
    let operation = &sidecar.operation_id;
    run.pass(fail_point!(failpoints::BEFORE_GRAPH_CREATE))?;
    let source = match plan::source_again(&run.cluster.files, planned).await {
        Ok(source) => source,
        Err(error) => {
            halt(run, id, error.code(), error.why());
            run.disarm(operation).await;
            return Ok(());
        }
    };
    match graph.init(&source, operation).await {
        Ok(live) => sidecars::confirm(&run.cluster.files, &sidecar, live.version).await,
        Err(error) => {
            halt(run, id, "graph_create_failed", error.to_string());
            keep_sidecar(run, operation);
            return Ok(());
        }
    }
    run.pass(fail_point!(failpoints::AFTER_GRAPH_CREATE))?;
    run.state.record_schema(id, &planned.schema_digest);
    run.finished.push(sidecar.operation_id);
    Ok(())
}

async fn change_schema(
    run: &mut Run<'_>,
    id: &str,
    planned: &Planned,
    recorded: &str,
) -> Result<(), Stop> {
    let graph = run.cluster.graph(id);
    let live = match graph.open_to_write().await {
        Opening::Live(live) if defect!("G22", true, live.digest == recorded) => live,
        Opening::Live(_) => {
            let why = "its schema is not the recorded one";
            trouble(run, id, Status::Drifted, "actual_applied_state_pending", why);
            return Ok(());
        }
        Opening::WontOpen(why) => {
            trouble(run, id, Status::Error, "graph_unopenable", why);
            return Ok(());
        }
        Opening::Unknown(why) => {
            halt(run, id, "graph_store_error", why);
            return Ok(());
        }
    };
    let source = match plan::source_again(&run.cluster.files, planned).await {
        Ok(source) => source,
        Err(error) => {
            halt(run, id, error.code(), error.why());
            return Ok(());
        }
    };
    // Rejected changes must be detected before the intent is written, because no program could ever carry it out.
    let is_early = defect!("G10", false, true);
    if is_early && !is_welcome(run, &graph, &live, &source).await {
        return Ok(());
    }
    let (desired, observed) = (&planned.schema_digest, Some(live.version));
    let armed = run.arm(Kind::SchemaApply, &graph, desired, observed, None).await;
    let Some(sidecar) = armed else { return Ok(()) };
    if !is_early && !is_welcome(run, &graph, &live, &source).await {
        return Ok(());
    }
    run.pass(fail_point!(failpoints::BEFORE_SCHEMA_APPLY))?;
    match graph.apply_schema(&live, &source, &sidecar.operation_id).await {
        Ok(now) => sidecars::confirm(&run.cluster.files, &sidecar, now.version).await,
        Err(error) => {
            refused(run, &graph, &live, &sidecar.operation_id, &error).await;
            return Ok(());
        }
    }
    run.pass(fail_point!(failpoints::AFTER_SCHEMA_APPLY))?;
    run.state.record_schema(id, &planned.schema_digest);
    run.finished.push(sidecar.operation_id);
    Ok(())
}

/// Whether the engine would accept the change.
async fn is_welcome(run: &mut Run<'_>, graph: &Graph, live: &Live, source: &str) -> bool {
    match graph.preview(live, source).await {
        Ok(()) => true,
        Err(GraphError::Rejected(why)) => {
            trouble(run, &graph.id, Status::Blocked, "schema_rejected", why);
            false
        }
        Err(error) => {
            halt(run, &graph.id, "schema_preview_failed", error.to_string());
            false
        }
    }
}

/// Handles an error of the engine. The intent is withdrawn only if it is certain that nothing has moved and nothing
/// will: readers see the old schema even if a change is published but not in force yet, and the engine publishes later
/// what is left complete in the graph.
async fn refused(
    run: &mut Run<'_>,
    graph: &Graph,
    live: &Live,
    operation: &str,
    error: &GraphError,
) {
    halt(run, &graph.id, "schema_apply_failed", error.to_string());
    let is_settled = graph.is_settled().await;
    let is_unmoved = match graph.open().await {
        Opening::Live(now) => {
            let is_same_version = defect!("G12b", true, is_settled && now.version == live.version);
            now.digest == live.digest && is_same_version
        }
        Opening::WontOpen(_) | Opening::Unknown(_) => false,
    };
    let is_unmoved = defect!("G60", false, is_unmoved);
    if defect!("G12", true, is_unmoved) {
        run.disarm(operation).await;
    } else {
        keep_sidecar(run, operation);
    }
}

/// Stores the payloads of queries, and records those of graphs without failures.
async fn payloads(run: &mut Run<'_>, plan: &Plan) -> Result<(), Stop> {
    let is_well = |run: &Run<'_>, id: &str| {
        !run.blocked.contains_key(id) && run.state.digest_at(&schema_address(id)).is_some()
    };
    for (id, planned) in &plan.graphs {
        if !is_well(run, id) {
            continue;
        }
        for (name, (digest, text)) in &planned.queries {
            let address = query_address(id, name);
            if run.state.digest_at(&address) == Some(digest) {
                continue;
            }
            let path = query_path(id, name, digest);
            #[cfg(feature = "defects")]
            if defect!("G7", true, false) {
                run.wrong_payloads.push((path, text.clone()));
                continue;
            }
            if let Err(error) = run.cluster.files.put_new(&path, text.as_bytes()).await {
                // Its name is its content: one that is taken holds something else, and is not to be named.
                let code = match error {
                    PutError::Taken => "payload_is_another",
                    PutError::Failed(_) | PutError::Unknown(_) => "payload_store_error",
                };
                halt(run, id, code, chain(&error));
                break;
            }
        }
    }
    run.pass(fail_point!(failpoints::AFTER_PAYLOAD_PHASE))?;
    for (id, planned) in &plan.graphs {
        if is_well(run, id) {
            record(run, id, planned);
        }
    }
    Ok(())
}

/// Records all resources of a graph except for its schema.
fn record(run: &mut Run<'_>, id: &str, planned: &Planned) {
    let wanted: BTreeSet<String> =
        planned.queries.keys().map(|name| query_address(id, name)).collect();
    let known: Vec<String> =
        run.state.queries(id).map(|(address, ..)| address.to_owned()).collect();
    let is_wanted = |address: &&String| defect!("G40b", true, wanted.contains(*address));
    for address in known.iter().filter(|address| !is_wanted(address)) {
        run.state.applied_revision.resources.remove(address);
        run.state.resource_statuses.remove(address);
    }
    for (name, (digest, _)) in &planned.queries {
        let address = query_address(id, name);
        let query = Resource {
            digest: digest.clone(),
            applies_to: Some(graph_address(id)),
            ..Resource::default()
        };
        run.state.applied_revision.resources.insert(address, query);
    }
    let address = graph_address(id);
    run.state.derive_graph(id);
    let (embedding, writes_profiles) = (planned.embedding.as_ref(), run.cluster.writes_profiles);
    let graph = run.state.applied_revision.resources.entry(address.clone()).or_default();
    // A ledger of an older release lacks some of it, under the same digest.
    if defect!("G30", run.as_read.state.digest_at(&address) != Some(&graph.digest), true) {
        graph.embedding_provider = embedding.map(|embedding| embedding.provider.clone());
        let profile = embedding.map(|embedding| embedding.profile.clone());
        graph.embedding_profile = profile.filter(|_| writes_profiles);
    }
    let addresses = wanted.into_iter().chain([address, schema_address(id)]);
    for address in addresses {
        run.state.set_status(&address, Status::Applied, None);
    }
}

async fn delete(run: &mut Run<'_>, id: &str, plan: &Plan) -> Result<(), Stop> {
    let before = run.state.digest_at(&graph_address(id)).unwrap_or_default().to_owned();
    let change = Change {
        graph: id,
        config_digest: &plan.config_digest,
        before_digest: &before,
        after_digest: "",
    };
    let approval = match approvals::find(run, &change).await {
        Ok(Some(approval)) => approval,
        Ok(None) => {
            let why = "a graph is removed only if somebody approves of it";
            trouble(run, id, Status::Blocked, "approval_required", why);
            return Ok(());
        }
        Err(error) => {
            halt(run, id, "approval_store_error", chain(&error));
            return Ok(());
        }
    };
    remove(run, &change, &approval).await
}

async fn remove(run: &mut Run<'_>, change: &Change<'_>, approval: &Approval) -> Result<(), Stop> {
    let id = change.graph;
    let graph = run.cluster.graph(id);
    let approval_id = approval.approval_id.as_str();
    let armed = run.arm(Kind::GraphDelete, &graph, "", None, Some(approval_id)).await;
    let Some(sidecar) = armed else { return Ok(()) };
    run.finished.extend(run.halfway.remove(id).unwrap_or_default());
    let operation = &sidecar.operation_id;
    run.pass(fail_point!(failpoints::BEFORE_GRAPH_DELETE))?;
    if !run.still_holds().await {
        run.is_halted = true;
        keep_sidecar(run, operation);
        return Ok(());
    }
    match graph.remove().await {
        Ok(0) => {}
        Ok(objects) => observe!(
            "graph.removed",
            graph = id,
            operation = operation,
            approval = approval_id,
            objects = objects,
            config = change.config_digest,
            before = change.before_digest,
            after = change.after_digest
        ),
        Err(error) => {
            halt(run, id, "graph_delete_failed", chain(&error));
            keep_sidecar(run, operation);
            return Ok(());
        }
    }
    run.pass(fail_point!(failpoints::AFTER_GRAPH_DELETE))?;
    match graph.existence().await {
        Existence::Absent => {
            run.state.record_deletion(&sidecar, time::unix_ms());
            approvals::consume(run, &sidecar, approval_id).await;
            run.finished.push(sidecar.operation_id);
        }
        Existence::Present => {
            halt(run, id, "graph_delete_failed", "something of it is there again");
            keep_sidecar(run, operation);
        }
        Existence::Unknown(error) => {
            halt(run, id, "graph_store_error", chain(&error));
            keep_sidecar(run, operation);
        }
    }
    Ok(())
}
