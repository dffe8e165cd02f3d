//! The cluster without a simulation: a store in memory, TCP on the loopback, the wall clock.
//!
//! ```console
//! cargo run -p chaosdrill-target-recovery --example plain
//! ```

use std::{collections::BTreeMap, time::Duration};

use chaosdrill_rt::{http, net::TcpListener, task, time};
use chaosdrill_target_recovery::{
    BoxError,
    cluster::{
        ApplierConfig, ApproverConfig, Config, GraphConfig, ServerConfig, run_applier,
        run_approver, run_server,
    },
    files::Files,
    ulid,
};
use serde_json::{Value, json};

const STORE: &str = "memory:ledger";

/// Maximum duration of the example.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    time::timeout(PATIENCE, drive()).await?
}

/// Starts the programs, creates two graphs, changes one, and removes the other.
async fn drive() -> Result<(), BoxError> {
    let [applier, approver, server] =
        [free_address().await?, free_address().await?, free_address().await?];
    let mut config = ApplierConfig::new(STORE, "ada");
    config.listen.clone_from(&applier);
    task::spawn(run_applier(config));
    let mut config = ApproverConfig::new(STORE, "grace");
    config.listen.clone_from(&approver);
    task::spawn(run_approver(config));
    let mut config = ServerConfig::new(STORE);
    (config.listen, config.poll) = (server.clone(), Duration::from_millis(100));
    task::spawn(run_server(config));

    let files = Files::open(STORE)?;
    for (path, text) in [
        ("sources/people.1", "name"),
        ("sources/people.2", "name\nage"),
        ("sources/places.1", "x\ny"),
    ] {
        files.put_new(path, text.as_bytes()).await?;
    }
    let both = cluster(&[("people", "sources/people.1"), ("places", "sources/places.1")]);
    let one = cluster(&[("people", "sources/people.2")]);
    say("import", &ask(&applier, "/import", &json!({ "id": "import", "graphs": [] })).await?);
    say("create", &ask(&applier, "/apply", &json!({ "id": "create", "config": both })).await?);
    let approval =
        json!({ "id": ulid::new(), "graph": "places", "config": one, "reason": "unused" });
    say("approve", &ask(&approver, "/approve", &approval).await?);
    say("change", &ask(&applier, "/apply", &json!({ "id": "change", "config": one })).await?);
    loop {
        let served = ask(&server, "/graphs", &json!({})).await?;
        if served == json!({ "graphs": ["people"] }) {
            println!("served     {served}");
            return Ok(());
        }
        time::sleep(Duration::from_millis(50)).await;
    }
}

fn cluster(graphs: &[(&str, &str)]) -> Config {
    let graph = |(id, source): &(&str, &str)| {
        let queries = BTreeMap::from([("all".to_owned(), "query all".to_owned())]);
        let graph = GraphConfig { schema: (*source).to_owned(), queries, embedding: None };
        ((*id).to_owned(), graph)
    };
    Config { graphs: graphs.iter().map(graph).collect() }
}

/// Retries a request until it succeeds.
async fn ask(address: &str, path: &str, body: &Value) -> Result<Value, BoxError> {
    loop {
        match http::post("client", address, path, body.to_string()).await {
            Ok(answer) if answer.is_success() => return Ok(serde_json::from_slice(&answer.body)?),
            Ok(answer) if answer.status == 409 => {
                return Err(String::from_utf8_lossy(&answer.body).into_owned().into());
            }
            // The program is not up yet, or busy.
            Ok(_) | Err(_) => time::sleep(Duration::from_millis(100)).await,
        }
    }
}

fn say(step: &str, answer: &Value) {
    println!("{step:<10} revision {}", answer["state_revision"]);
}

/// A free address.
async fn free_address() -> Result<String, BoxError> {
    let port = TcpListener::bind("probe", "127.0.0.1:0").await?.port()?;
    Ok(format!("127.0.0.1:{port}"))
}
