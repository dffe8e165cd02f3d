//! Senders of upgrades that behave as careful clients do: they repeat a request until its answer is final.

use std::time::Duration;

use chaosdrill::rt::{http, time};
use chaosdrill::{BoxError, EventKind, Stream, Workload};
use chaosdrill_target_propagation::wire::{NewResource, NewTeam, Requeue, Upgrade};
use serde::Serialize;
use serde_json::{Value, json};

/// How often a sender repeats a request before it gives up without a result.
const SENDS_MAX: u32 = 400;

/// How long a sender waits for an answer.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(15);

/// How long a sender pauses before it sends again.
const REST: Duration = Duration::from_secs(2);

const API: &str = "api:80";

/// All types of resources on sale.
pub(crate) const TYPES: [&str; 7] =
    ["postgres", "redis", "mongodb", "vector", "queue", "storage", "webhook"];

/// Sends a request until its answer is final, and returns the status; `None` if the last sending had no answer.
/// Records the status, the tier if the answer reports one, and whether the wish was known already.
async fn send(workload: &Workload, name: &str, path: &str, wish: &impl Serialize) -> Option<u16> {
    let body = json!(wish);
    let sending = async {
        let mut answer = None;
        for _ in 0..SENDS_MAX {
            let posted = http::post(name, API, path, body.to_string());
            answer = match time::timeout(ANSWER_WAIT_MAX, posted).await {
                Ok(Ok(response)) => Some(response),
                _ => None,
            };
            if answer.as_ref().is_some_and(|answer| answer.status != 503) {
                break;
            }
            time::sleep(REST).await;
        }
        answer
    };
    let end = |answer: &Option<http::Response>| {
        let status = answer.as_ref().map(|answer| answer.status);
        let kind = match status {
            Some(200) => EventKind::Ok,
            Some(status) if status < 500 => EventKind::Fail,
            // Whether a server error had an effect is unknown.
            _ => EventKind::Info,
        };
        let mut output = json!({ "status": status });
        if let Some(tier) = answer.as_ref().and_then(|answer| reported(answer, "tier")) {
            output["tier"] = tier;
        }
        if answer.as_ref().and_then(|answer| reported(answer, "repeated")) == Some(true.into()) {
            output["repeated"] = true.into();
        }
        (kind, output)
    };
    workload.op_with(name, &body, sending, end).await.map(|answer| answer.status)
}

/// A member of an answer; `None` if it has none of this name.
fn reported(answer: &http::Response, member: &str) -> Option<Value> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    body.get(member).cloned()
}

/// Creates a team with one resource of each of these types, named after it.
pub(crate) async fn team(workload: &Workload, name: &str, types: &[&str]) {
    team_at(workload, name, "hobby", types).await;
}

/// Like [`team`], with the tier it starts at.
pub(crate) async fn team_at(workload: &Workload, team: &str, tier: &str, types: &[&str]) {
    let resource = |kind: &&str| NewResource {
        token: format!("{team}-{kind}"),
        resource_type: (*kind).to_owned(),
    };
    let resources = types.iter().map(resource).collect();
    let new = NewTeam { team: team.to_owned(), tier: tier.to_owned(), resources };
    send(workload, "team", "/teams", &new).await;
}

/// Tries to create a team with a resource that another team has.
pub(crate) async fn team_with(workload: &Workload, team: &str, token: &str, kind: &str) {
    let resource = NewResource { token: token.to_owned(), resource_type: kind.to_owned() };
    let (team, tier) = (team.to_owned(), "hobby".to_owned());
    send(workload, "team", "/teams", &NewTeam { team, tier, resources: vec![resource] }).await;
}

/// Upgrades a team with a propagation of this kind.
pub(crate) async fn upgrade_by(
    workload: &Workload,
    id: impl Into<String>,
    team: &str,
    tier: &str,
    kind: &str,
) {
    let (team, tier, kind) = (team.to_owned(), tier.to_owned(), kind.to_owned());
    send(workload, "upgrade", "/upgrades", &Upgrade { id: id.into(), team, tier, kind }).await;
}

/// Upgrades a team.
pub(crate) async fn upgrade(workload: &Workload, id: impl Into<String>, team: &str, tier: &str) {
    upgrade_by(workload, id, team, tier, "tier_elevation").await;
}

/// Creates a team, and upgrades it to `pro`.
pub(crate) async fn customer(workload: &Workload, name: &str, types: &[&str]) {
    team(workload, name, types).await;
    upgrade(workload, format!("{name}-up"), name, "pro").await;
}

/// Like [`customer`], for several teams.
pub(crate) async fn customers(
    workload: &Workload,
    names: &[&str],
    types: &[&str],
) -> Result<(), BoxError> {
    for name in names {
        customer(workload, name, types).await;
    }
    Ok(())
}

/// An operator that requeues a failed propagation as soon as it has failed.
pub(crate) async fn requeue(workload: &Workload, propagation: &str) {
    for number in 0..100 {
        let id = format!("again-{propagation}-{number}");
        let wish = Requeue { id, propagation: propagation.to_owned() };
        if send(workload, "requeue", "/requeue", &wish).await == Some(200) {
            return;
        }
        time::sleep(Duration::from_secs(20)).await;
    }
}

/// Sleeps for a time drawn from the seed.
pub(crate) async fn rest(stream: &mut Stream, s_max: u64) {
    time::sleep(Duration::from_millis(stream.between(0, s_max * 1000))).await;
}
