//! Checks that what the ledger records about operations has content.

use std::collections::BTreeMap;

use chaosdrill::{Check, Outcome, Priority, vocabulary::member::JSON};
use serde_json::Value;

use super::world::{added, replay};

/// Each record says what became of which operation, of which kind, on which graph, who began it, and when it was found.
/// Each tombstone says when, by whom and under which approval its graph was removed, and each use of an approval says
/// for what, when, and by which operation.
pub(crate) fn records_have_content() -> Check {
    Check::new("records_have_content", |history| {
        let mut intents: BTreeMap<&str, &Value> = BTreeMap::new();
        let mut began: BTreeMap<&str, i64> = BTreeMap::new();
        replay(history, |world, event, change| {
            if event.name == "cluster.started" {
                began.insert(event.text("command"), event.wall_ms());
            }
            let change = change?;
            if let Some(row) = change.after.filter(|_| change.path.contains("/recoveries/")) {
                let operation = row[JSON]["operation_id"].as_str().unwrap_or_default();
                intents.insert(operation, &row[JSON]);
            }
            let ledger = change.ledger?;
            let is_used = |id: &str| {
                let approval = world.json(&format!("__cluster/approvals/{id}.json"));
                approval.is_some_and(|approval| approval["operation"] == "delete")
            };
            let command = ledger.after["written_by"].as_str().unwrap_or_default();
            let since = began.get(command).copied()?;
            let is_now =
                |at: &Value| at.as_i64().is_some_and(|at| (since..=event.wall_ms()).contains(&at));
            let wrong = |record: &Value, why: &str| {
                let why = format!("#{} {why}: {record}", event.seq);
                Some(Outcome::invalid(why, [event.seq]))
            };
            for record in added(ledger.before, ledger.after, "recovery_records") {
                let intent = record["operation_id"].as_str().and_then(|id| intents.get(id));
                let is_its =
                    |member: &str| intent.is_some_and(|intent| intent[member] == record[member]);
                let is_whole = ["kind", "graph_id", "actor"].into_iter().all(is_its);
                let is_said = record["outcome"] == "rolled_forward";
                if !is_whole || !is_said || !is_now(&record["recovered_at"]) {
                    return wrong(record, "a recovery is recorded without its content");
                }
            }
            for tombstone in added(ledger.before, ledger.after, "observations") {
                let is_whole = tombstone["approval_id"].as_str().is_some_and(is_used)
                    && intents.values().any(|intent| {
                        intent["approval_id"] == tombstone["approval_id"]
                            && intent["graph_id"] == tombstone["graph_id"]
                            && intent["actor"] == tombstone["actor"]
                    });
                let is_said = tombstone["kind"] == "tombstone";
                if !is_whole || !is_said || !is_now(&tombstone["deleted_at"]) {
                    return wrong(tombstone, "a tombstone lacks its content");
                }
            }
            let uses = new_uses(ledger.before, ledger.after);
            let mut odd = uses.into_iter().filter(|(id, used)| {
                let intent = used["consumed_by_operation"].as_str().and_then(|it| intents.get(it));
                let is_whole = intent.is_some_and(|intent| {
                    let graph = intent["graph_id"].as_str().unwrap_or_default();
                    intent["approval_id"] == *id && used["resource"] == format!("graph.{graph}")
                });
                !is_whole || !is_now(&used["consumed_at"])
            });
            odd.next().and_then(|(_, used)| wrong(used, "the use of an approval lacks its content"))
        })
    })
    .priority(Priority::Medium)
}

/// The uses of approvals that the ledger before did not have, by approval.
fn new_uses<'a>(before: Option<&Value>, after: &'a Value) -> Vec<(&'a str, &'a Value)> {
    let is_new = |id: &str| before.is_none_or(|before| before["approval_records"][id].is_null());
    let uses = after["approval_records"].as_object().into_iter().flatten();
    uses.map(|(id, used)| (id.as_str(), used)).filter(|(id, _)| is_new(id)).collect()
}
