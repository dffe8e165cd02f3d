//! Refresh and import: inspect graphs without moving any.

use std::collections::BTreeSet;

use chaosdrill_rt::defect;

use super::{
    graph::Opening,
    model::{Status, graph_address, schema_address},
    run::Run,
};

/// Updates the status of every recorded graph.
pub(crate) async fn refresh(run: &mut Run<'_>) {
    defect!("G56", return, ());
    for id in run.state.graphs() {
        if run.blocked.contains_key(&id) {
            continue;
        }
        let address = graph_address(&id);
        let recorded = run.state.digest_at(&schema_address(&id)).map(str::to_owned);
        match run.cluster.graph(&id).open_to_write().await {
            Opening::Live(live) if Some(&live.digest) == recorded.as_ref() => {
                run.state.set_status(&address, Status::Applied, None);
            }
            Opening::Live(_) => {
                run.diagnostics.warn(
                    "graph_drifted",
                    &address,
                    "its schema is not the recorded one",
                );
                run.state.set_status(&address, Status::Drifted, Some("graph_drifted"));
            }
            Opening::WontOpen(why) => {
                run.diagnostics.warn("graph_unopenable", &address, why);
                run.state.set_status(&address, Status::Error, Some("graph_unopenable"));
            }
            Opening::Unknown(why) => {
                run.diagnostics.error("graph_store_error", &address, why);
            }
        }
    }
}

/// Records existing graphs that are not in the ledger, at the operator's request.
pub(crate) async fn import(run: &mut Run<'_>, graphs: &BTreeSet<String>) {
    for id in graphs {
        let is_known = run.state.digest_at(&schema_address(id)).is_some();
        if is_known || run.blocked.contains_key(id) {
            continue;
        }
        let address = graph_address(id);
        match run.cluster.graph(id).open_to_write().await {
            Opening::Live(live) => run.state.record_schema(id, &live.digest),
            Opening::WontOpen(why) => run.diagnostics.error("graph_unopenable", &address, why),
            Opening::Unknown(why) => {
                run.diagnostics.error("graph_store_error", &address, why);
            }
        }
    }
}
