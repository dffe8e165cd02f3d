//! A graph that cannot be served is put aside alone: its root cannot be opened, a query of it cannot be parsed or has
//! lost its payload, or its embedding provider cannot be resolved. Clients get 404 for it, and the others go on. While
//! its root cannot be opened, its schema is not changed either.

use std::time::Duration;

use chaosdrill::Scenario;
use chaosdrill::rt::time;
use chaosdrill_target_recovery::{
    cluster::{Config, Embedding, model::query_path},
    digest::digest,
};

use super::{
    checks::marks,
    operator::{Operator, config},
    stage::{ClusterStage, converging},
};

/// Longer than a server takes to look again, and clients to ask.
const SEEN: Duration = Duration::from_secs(14);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/unservable-graphs")
        .claim("a graph that cannot be opened, parsed or resolved is not served, the others are, and a refresh says so")
        .topology(|stage| {
            stage.cluster().questions(&["server"]).client("operator", |workload| async move {
                let operator = Operator::new(&workload, "a1").await;
                operator.import(&[]).await;
                let whole = config(&[("people", 1), ("places", 1)]);
                operator.apply(&whole).await;
                let root = "graphs/people.omni/__schema/current.json";
                let seen = async {
                    operator.refresh().await;
                    operator.attempt(&config(&[("people", 2), ("places", 1)])).await;
                    time::sleep(SEEN).await;
                };
                operator.break_for_a_while(root, |_| Some("{".into()), seen).await;
                operator.refresh().await;
                let text = &whole.graphs["people"].queries["all"];
                let payload = query_path("people", "all", &digest(text.as_bytes()));
                operator.break_for_a_while(&payload, |_| None, time::sleep(SEEN)).await;
                for unservable in [with_a_query("qurey all"), with_a_provider("elsewhere")] {
                    operator.apply(&unservable).await;
                    time::sleep(SEEN).await;
                    operator.apply(&whole).await;
                    time::sleep(SEEN / 2).await;
                }
                Ok(())
            })
        })
        .sometimes(marks::a_server_put_aside("graph_unopenable"))
        .sometimes(marks::an_attempt_said("graph_unopenable"))
        .sometimes(marks::a_server_put_aside("query_unparseable"))
        .sometimes(marks::a_server_put_aside("query_payload_missing"))
        .sometimes(marks::a_server_put_aside("embedding_provider_unknown"))
        .sometimes(marks::a_client_was_answered(200))
        .sometimes(marks::a_client_was_answered(404));
    converging(scenario.must_find(["G43", "G44", "G44b", "G45", "G46", "G46b", "G56", "G67"]))
}

fn with_a_query(text: &str) -> Config {
    let mut config = config(&[("people", 1), ("places", 1)]);
    let people = config.graphs.entry("people".into()).or_default();
    people.queries.insert("all".into(), text.to_owned());
    config
}

fn with_a_provider(provider: &str) -> Config {
    let mut config = config(&[("people", 1), ("places", 1)]);
    let places = config.graphs.entry("places".into()).or_default();
    places.embedding = Some(Embedding { provider: provider.to_owned(), profile: "small".into() });
    config
}
