//! Clients of a server: they ask which graphs are served, and for each of them, again and again.

use std::time::Duration;

use chaosdrill::rt::{http, time};
use chaosdrill::{BoxError, EventKind, Workload};
use serde_json::{Value, json};

/// How often a client asks.
const QUESTIONS: usize = 40;

/// How long a client waits for an answer, and how long it pauses, minimum and maximum.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(10);
const REST_MS: (u64, u64) = (500, 4_000);

/// Asks one of these servers for the list of graphs or for one graph, which may not exist.
pub(crate) async fn ask(
    workload: Workload,
    servers: &'static [&'static str],
) -> Result<(), BoxError> {
    const GRAPHS: [Option<&str>; 4] = [None, Some("people"), Some("places"), Some("planets")];
    let mut stream = workload.stream("questions");
    for _ in 0..workload.steps(QUESTIONS) {
        let server = stream.pick(servers).copied().unwrap_or("server");
        let graph = stream.pick(&GRAPHS).copied().flatten();
        let path = graph.map_or("/graphs".to_owned(), |graph| format!("/graphs/{graph}"));
        let end = |answer: &Value| {
            let kind = if answer["status"].is_null() { EventKind::Info } else { EventKind::Ok };
            (kind, answer.clone())
        };
        let question = json!({ "server": server, "graph": graph });
        workload.op_with("question", question, once(server, &path), end).await;
        time::sleep(Duration::from_millis(stream.between(REST_MS.0, REST_MS.1))).await;
    }
    Ok(())
}

async fn once(server: &str, path: &str) -> Value {
    let address = format!("{server}:80");
    let posted = http::post("question", &address, path, String::new());
    match time::timeout(ANSWER_WAIT_MAX, posted).await {
        Ok(Ok(response)) => {
            let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
            json!({ "status": response.status, "graphs": body["graphs"] })
        }
        _ => json!({ "status": null }),
    }
}
