//! Checks that the intent of an operation says what was there before, and what its operation reached.

use std::collections::BTreeMap;

use chaosdrill::{Check, Event, Outcome, vocabulary::member::JSON};
use chaosdrill_scenarios_common::checks::failures;
use serde_json::Value;

use super::world::{World, replay, schemas};

/// The failpoints after a graph has moved.
const MOVED: [&str; 2] = ["fp:cluster.after_graph_create", "fp:cluster.after_schema_apply"];

/// A graph that moved: by which host and at which event, and the version that it reached.
struct Reached<'a> {
    event: &'a Event,
    version: i64,
}

/// An intent names the version of its graph that its operation reached, from the time that the graph is reported to be
/// moved: unless the store refused to write that down. And it never names another one.
pub(crate) fn an_intent_names_the_version_that_was_reached() -> Check {
    Check::new("an_intent_names_the_version_that_was_reached", |history| {
        let mut reached: BTreeMap<&str, Reached<'_>> = BTreeMap::new();
        replay(history, |world, event, change| {
            if matches!(event.name.as_str(), "graph.created" | "graph.schema_applied") {
                let version = event.int("version").unwrap_or_default();
                reached.insert(event.text("operation"), Reached { event, version });
            }
            let intent = change.and_then(|change| {
                change.after.filter(|_| change.path.starts_with("__cluster/recoveries/"))
            });
            if let Some(why) = intent.and_then(|row| wrong_pin(&row[JSON], &reached)) {
                return Some(Outcome::invalid(format!("#{} {why}", event.seq), [event.seq]));
            }
            let recorded = change.and_then(|change| change.ledger).map(|ledger| ledger.after);
            let is_struck = MOVED.contains(&event.struck_site());
            if recorded.is_none() && !is_struck {
                return None;
            }
            let silent = silent_intents(world, &reached).find(|(graph, digest, moved)| {
                let is_recorded = recorded.is_some_and(|ledger| {
                    schemas(ledger).get(graph) == Some(digest)
                        && world.writer_of(moved.event.text("operation"))
                            == ledger["written_by"].as_str()
                });
                let could_fail = || {
                    let matters = |site: &str| site.ends_with(" __cluster/recoveries/*.json");
                    let during = moved.event.seq..event.seq;
                    failures::can_fail(history, &event.host, during, matters)
                };
                let is_due = is_struck || is_recorded;
                moved.event.host == event.host && is_due && !could_fail()
            });
            silent.map(|(graph, _, moved)| {
                let why = format!(
                    "#{} graph {graph} is at version {} since #{}, and its intent does not say so",
                    event.seq, moved.version, moved.event.seq
                );
                Outcome::invalid(why, [moved.event.seq, event.seq])
            })
        })
    })
}

/// An intent that names a version which its operation did not reach.
fn wrong_pin(intent: &Value, reached: &BTreeMap<&str, Reached<'_>>) -> Option<String> {
    let operation = intent["operation_id"].as_str()?;
    let said = intent["expected_manifest_version"].as_i64()?;
    let is = reached.get(operation).map(|moved| moved.version);
    (is != Some(said)).then(|| format!("intent {operation} says version {said}, and it was {is:?}"))
}

/// The intents of operations that moved their graph and do not say to which version: graph, schema and move.
fn silent_intents<'a, 'w>(
    world: &'w World<'a>,
    reached: &'w BTreeMap<&'a str, Reached<'a>>,
) -> impl Iterator<Item = (&'a str, &'a str, &'w Reached<'a>)> {
    world.sidecars().filter_map(|(operation, intent, _)| {
        let moved = reached.get(operation)?;
        let graph = intent["graph_id"].as_str()?;
        let digest = intent["desired_schema_digest"].as_str()?;
        intent["expected_manifest_version"].is_null().then_some((graph, digest, moved))
    })
}
