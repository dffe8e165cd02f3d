//! Two machines add to a cell of a third.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chaosdrill::{
    BoxError, Ended, Scenario,
    rt::{defect, http, net::TcpListener, observe, time},
};
use serde_json::{Value, json};

use crate::checks;

/// The state of the server, which handles repeated requests from machines that restart.
#[derive(Default)]
struct Cell {
    sum: i64,
    /// The machines that have added, so that none adds twice.
    added: BTreeSet<String>,
}

type Shared = Arc<Mutex<Cell>>;

pub(crate) fn scenario() -> Scenario {
    Scenario::new("races/over-the-network")
        .claim("two machines that add to a cell on a third machine lose no addition")
        .topology(|stage| {
            let cell = Shared::default();
            stage
                .network_latency_ms(1, 10)
                .host("server", move || serve(cell.clone()))
                .host("a", || adds("a", Duration::from_millis(100)))
                .host("b", || adds("b", Duration::from_millis(120)))
                .client("reader", |_| read())
        })
        .always(checks::no_update_is_lost())
}

async fn serve(cell: Shared) -> Ended {
    let listener = TcpListener::bind("cell", "0.0.0.0:80").await?;
    http::serve(listener, move |request| {
        let cell = cell.clone();
        async move {
            let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            http::Response::new(200, answer(&cell, &request.path, &asked).to_string())
        }
    })
    .await?;
    Ok(())
}

fn answer(cell: &Shared, path: &str, asked: &Value) -> Value {
    let mut cell = cell.lock().unwrap_or_else(PoisonError::into_inner);
    let who = asked["who"].as_str().unwrap_or_default().to_owned();
    let is_new = path != "/get" && cell.added.insert(who);
    match path {
        "/add" if is_new => cell.sum += 1,
        "/set" => cell.sum = asked["sum"].as_i64().unwrap_or_default(),
        _ => {}
    }
    json!({ "sum": cell.sum, "added": cell.added.len() })
}

/// Adds one at its time. A machine that restarts adds again, and the server recognizes the repetition.
async fn adds(who: &'static str, at: Duration) -> Ended {
    time::sleep(at).await;
    if defect::is_on("L5n") {
        let seen = ask("/get", json!({ "who": who })).await?;
        ask("/set", json!({ "who": who, "sum": seen["sum"].as_i64().unwrap_or_default() + 1 }))
            .await?;
    } else {
        patiently("/add", json!({ "who": who })).await;
    }
    std::future::pending().await
}

async fn ask(path: &str, body: Value) -> Result<Value, BoxError> {
    let response = http::post("cell", "server:80", path, body.to_string()).await?;
    Ok(serde_json::from_slice(&response.body)?)
}

async fn patiently(path: &str, body: Value) -> Value {
    loop {
        let asked = time::timeout(Duration::from_secs(5), ask(path, body.clone())).await;
        if let Ok(Ok(answer)) = asked {
            return answer;
        }
        time::sleep(Duration::from_millis(500)).await;
    }
}

/// Reads the sum once both have added.
async fn read() -> Ended {
    loop {
        let answer = patiently("/get", json!({ "who": "reader" })).await;
        if answer["added"] == 2 {
            let sum = answer["sum"].as_i64().unwrap_or_default();
            observe!("cell.read", sum = sum);
            return Ok(());
        }
        time::sleep(Duration::from_millis(50)).await;
    }
}
