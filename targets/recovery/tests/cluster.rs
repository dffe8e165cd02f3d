//! The cluster without a simulation: commands on a store in memory.

use std::{collections::BTreeSet, sync::Arc};

use chaosdrill_target_recovery::{
    cluster::{
        Ask, Cluster, Config, GraphConfig,
        graph::{Graph, GraphError, Opening},
        model::{Kind, Sidecar},
        report::{Outcome, Report},
        sidecars,
    },
    digest::digest,
    files::Files,
};
use object_store::memory::InMemory;

async fn begin() -> Cluster {
    let cluster = Cluster::new(Files::new(Arc::new(InMemory::new())), "ada");
    for (path, text) in [("s/1", "name"), ("s/2", "name\nage"), ("s/3", "name\nmail required")] {
        cluster.files.put_new(path, text.as_bytes()).await.expect("room");
    }
    let began = cluster.execute("import", &Ask::Import(BTreeSet::new())).await;
    assert_eq!(began.outcome, Outcome::Converged);
    cluster
}

async fn apply(cluster: &Cluster, graphs: &[(&str, &str)]) -> Report {
    let graph = |(id, source): &(&str, &str)| {
        ((*id).to_owned(), GraphConfig { schema: (*source).to_owned(), ..GraphConfig::default() })
    };
    let config = Config { graphs: graphs.iter().map(graph).collect() };
    cluster.execute("apply", &Ask::Apply(config)).await
}

fn codes(report: &Report) -> Vec<&str> {
    report.diagnostics.iter().map(|said| said.code.as_str()).collect()
}

#[tokio::test]
async fn what_is_applied_twice_is_written_once() {
    let cluster = begin().await;
    let first = apply(&cluster, &[("people", "s/1")]).await;
    assert_eq!((first.outcome, first.state_written), (Outcome::Converged, Some(true)));
    let again = apply(&cluster, &[("people", "s/1")]).await;
    assert_eq!((again.outcome, again.state_written), (Outcome::Converged, Some(false)));
    assert_eq!(again.state_revision, first.state_revision);
    let changed = apply(&cluster, &[("people", "s/2")]).await;
    assert_eq!(changed.outcome, Outcome::Converged);
    assert_eq!(cluster.files.list("__cluster").await.expect("a list"), ["__cluster/state.json"]);
}

#[tokio::test]
async fn what_needs_people_is_blocked() {
    let cluster = begin().await;
    apply(&cluster, &[("people", "s/1")]).await;
    let rejected = apply(&cluster, &[("people", "s/3")]).await;
    assert_eq!((rejected.outcome, codes(&rejected)), (Outcome::Blocked, vec!["schema_rejected"]));
    let unapproved = apply(&cluster, &[]).await;
    assert_eq!(
        (unapproved.outcome, codes(&unapproved)),
        (Outcome::Blocked, vec!["approval_required"])
    );
    let missing = apply(&cluster, &[("people", "s/9")]).await;
    assert_eq!((missing.outcome, codes(&missing)), (Outcome::Blocked, vec!["resource_not_found"]));
}

const OPERATION: &str = "00000000000000000000000001";

/// The intent of a command that came to no end.
fn intent(kind: Kind, desired: &str) -> Sidecar {
    Sidecar {
        schema_version: 1,
        operation_id: OPERATION.into(),
        started_at: 0,
        actor: "grace".into(),
        kind,
        graph_id: "people".into(),
        graph_uri: "graphs/people.omni".into(),
        observed_manifest_version: None,
        expected_manifest_version: None,
        desired_schema_digest: digest(desired.as_bytes()),
        state_cas_base: String::new(),
        approval_id: None,
    }
}

#[tokio::test]
async fn an_intent_of_which_nothing_came_is_retired() {
    let cluster = begin().await;
    sidecars::arm(&cluster.files, &intent(Kind::GraphCreate, "name")).await.expect("room");
    let report = apply(&cluster, &[("people", "s/1")]).await;
    assert_eq!(report.outcome, Outcome::Converged);
    assert!(cluster.files.list(sidecars::RECOVERIES).await.expect("a list").is_empty());
}

#[tokio::test]
async fn what_the_engine_has_published_is_recorded() {
    let cluster = begin().await;
    apply(&cluster, &[("people", "s/1")]).await;
    let graph = Graph::new(cluster.files.clone(), "people", "grace");
    let Opening::Live(live) = graph.open_to_write().await else { panic!("it opens") };
    sidecars::arm(&cluster.files, &intent(Kind::SchemaApply, "name\nage")).await.expect("room");
    graph.apply_schema(&live, "name\nage", OPERATION).await.expect("applied");
    let report = apply(&cluster, &[("people", "s/2")]).await;
    assert_eq!(
        (report.outcome, codes(&report)),
        (Outcome::Converged, vec!["cluster_recovery_rolled_forward"])
    );
    let again = graph.apply_schema(&live, "name\nfax", OPERATION).await;
    assert!(matches!(again, Err(GraphError::Conflict)), "{again:?}");
}
