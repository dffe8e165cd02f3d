//! The engine without a simulation: a store in memory, TCP on the loopback, the wall clock.
//!
//! ```console
//! cargo run -p chaosdrill-target-recovery --example engine
//! ```

use std::{collections::BTreeMap, time::Duration};

use chaosdrill_rt::{http, net::TcpListener, task, time};
use chaosdrill_target_recovery::{
    BoxError,
    engine::{Change, EngineConfig, Request, run_opener, run_reader, run_writer},
};

/// Maximum duration of the example.
const PATIENCE: Duration = Duration::from_secs(10);

/// In memory, because a store in a folder rejects conditional replacement.
const STORE: &str = "memory:graph";

#[tokio::main]
pub(crate) async fn main() -> Result<(), BoxError> {
    time::timeout(PATIENCE, drive()).await?
}

/// Starts the programs, sends requests to both writers, and prints the rows.
async fn drive() -> Result<(), BoxError> {
    let mut writers = Vec::new();
    for name in ["w1", "w2"] {
        let address = free_address().await?;
        writers.push(address.clone());
        task::spawn(async move { run_writer(EngineConfig::new(name), STORE, &address).await });
    }
    task::spawn(run_opener(EngineConfig::new("opener"), STORE, Duration::from_secs(1)));
    let reader = free_address().await?;
    let listens = reader.clone();
    task::spawn(async move { run_reader(STORE, &listens).await });

    for (request, writer) in requests().iter().zip(writers.iter().cycle()) {
        send(writer, request).await?;
        println!("done   {:?} {}", request.kind(), request.id());
    }
    let answer = http::post("client", &reader, "/read", "").await?;
    let rows: BTreeMap<String, Vec<String>> = serde_json::from_slice(&answer.body)?;
    for (table, rows) in rows {
        println!("{table:<8} {}", rows.join(" "));
    }
    Ok(())
}

fn requests() -> Vec<Request> {
    let id = |name: &str| name.to_owned();
    vec![
        Request::Mutation { id: id("a"), value: 1 },
        Request::Load { id: id("b"), values: vec![1, 2, 3] },
        Request::SchemaApply { id: id("c"), version: 1, source: "name".into() },
        Request::BranchMerge {
            id: id("d"),
            source: id("a branch"),
            diverged: true,
            values: vec![4],
            changed: vec![Change { id: id("b.1"), value: 5 }],
            deleted: vec![id("b.2")],
        },
        Request::EnsureIndices { id: id("e"), table: None },
        Request::Optimize { id: id("f"), table: Some(id("person")) },
    ]
}

/// Sends a request until it is done.
async fn send(writer: &str, request: &Request) -> Result<(), BoxError> {
    let body = serde_json::to_vec(request)?;
    loop {
        match http::post("client", writer, "/write", body.clone()).await {
            Ok(answer) if answer.status == 200 => return Ok(()),
            Ok(answer) if answer.status == 422 => {
                return Err(String::from_utf8_lossy(&answer.body).into_owned().into());
            }
            // The writer is not up yet, or another was faster.
            Ok(_) | Err(_) => time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// A free address.
async fn free_address() -> Result<String, BoxError> {
    let port = TcpListener::bind("probe", "127.0.0.1:0").await?.port()?;
    Ok(format!("127.0.0.1:{port}"))
}
