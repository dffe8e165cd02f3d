//! Checks what an acknowledged apply means: all that it asked for is there, in all its parts.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill::{Check, History, Outcome};
use serde_json::{Map, Value};

use super::world::{World, at_the_end, payload_path, replay};

/// The host of an older release, which records no profiles.
const OLD: &str = "old";

/// What a running apply was asked for, and what of it has been there while it ran.
struct Asked<'a> {
    graphs: &'a Map<String, Value>,
    /// The texts that each source has had.
    sources: BTreeMap<&'a str, BTreeSet<&'a str>>,
    has_profiles: bool,
    /// What the ledger lacks; `None` once it has had everything at once.
    lacks: Option<String>,
    /// The graphs that have been at the wanted schema.
    live: BTreeSet<&'a str>,
}

impl<'a> Asked<'a> {
    fn new(config: &'a Value, host: &str) -> Option<Self> {
        Some(Self {
            graphs: config["graphs"].as_object()?,
            sources: BTreeMap::new(),
            has_profiles: host != OLD,
            lacks: Some("there is no ledger".into()),
            live: BTreeSet::new(),
        })
    }

    fn look(&mut self, world: &World<'a>) {
        for (id, graph) in self.graphs {
            let Some(path) = graph["schema"].as_str() else { continue };
            let texts = self.sources.entry(path).or_default();
            texts.extend(world.text(path));
            let source = world.committed(id).and_then(|digest| world.source_of(digest));
            if source.is_some_and(|source| texts.contains(source)) {
                self.live.insert(id);
            }
        }
        if let (Some(_), Some(ledger)) = (&self.lacks, world.ledger()) {
            self.lacks = self.lacking(world, &ledger["applied_revision"]["resources"]);
        }
    }

    /// The first resource of the ledger that is not as it was asked for.
    fn lacking(&self, world: &World<'_>, resources: &Value) -> Option<String> {
        let mut wanted: BTreeSet<String> = BTreeSet::new();
        for (id, graph) in self.graphs {
            let schema = format!("schema.{id}");
            let texts = self.sources.get(graph["schema"].as_str().unwrap_or_default());
            let recorded = resources[&schema]["digest"].as_str().unwrap_or_default();
            let source = world.source_of(recorded).unwrap_or_default();
            if !texts.is_some_and(|texts| texts.contains(source)) {
                return Some(schema);
            }
            for (name, text) in graph["queries"].as_object().into_iter().flatten() {
                let query = format!("query.{id}.{name}");
                let recorded = resources[&query]["digest"].as_str().unwrap_or_default();
                if world.text(&payload_path(id, name, recorded)) != text.as_str() {
                    return Some(query);
                }
                wanted.insert(query);
            }
            let address = format!("graph.{id}");
            let (recorded, embedding) = (&resources[&address], &graph["embedding"]);
            let has_profile =
                !self.has_profiles || recorded["embedding_profile"] == embedding["profile"];
            if recorded["embedding_provider"] != embedding["provider"] || !has_profile {
                return Some(format!("the embedding of {address}"));
            }
            wanted.extend([schema, address]);
        }
        let more = resources.as_object().into_iter().flatten();
        let more = more.map(|(address, _)| address).find(|address| !wanted.contains(*address));
        more.map(|address| format!("the removal of {address}"))
    }
}

/// When a command reports that it applied a configuration, the ledger has had every schema, query and setting of it
/// while the command ran, and nothing else, and every graph has had its schema. People may have changed a graph since.
pub(crate) fn acknowledged_applies_are_in_place() -> Check {
    Check::new("acknowledged_applies_are_in_place", |history| {
        let configs = configs(history);
        let mut running: BTreeMap<&str, Asked<'_>> = BTreeMap::new();
        replay(history, |world, event, change| {
            let command = event.text("command");
            if event.name == "cluster.started" {
                let config = configs.get(event.text("request"));
                let asked = config.and_then(|config| Asked::new(config, &event.host));
                running.extend(asked.map(|asked| (command, asked)));
            }
            if change.is_some() || event.name == "cluster.started" {
                running.values_mut().for_each(|asked| asked.look(world));
            }
            let asked =
                running.remove(Some(command).filter(|_| event.name == "cluster.reported")?)?;
            if event.text("outcome") != "converged" {
                return None;
            }
            let is_live = |id: &&String| asked.live.contains(id.as_str()) || world.is_by_hand(id);
            let dead = asked.graphs.keys().find(|id| !is_live(id));
            let dead = dead.map(|id| format!("the schema of graph {id} itself"));
            asked.lacks.or(dead).map(|lacks| {
                let why = format!(
                    "#{} {} says that all is applied, but it never was: {lacks}",
                    event.seq, event.host
                );
                Outcome::invalid(why, [event.seq])
            })
        })
    })
}

/// The configuration of each request.
fn configs<'a>(history: &'a History<'_>) -> BTreeMap<&'a str, &'a Value> {
    let asked = ["apply", "attempt"].into_iter().flat_map(|name| history.operations(name));
    let asked = asked.filter_map(|op| Some((op.input()["id"].as_str()?, &op.input()["config"])));
    asked.collect()
}

/// The request whose command ended last, if the last request was carried out before: a command that was held up does
/// what it was asked to, however late it is.
fn carried_out_last<'a>(history: &'a History<'_>, last: &'a str) -> &'a str {
    let configs = configs(history);
    let done = history.observed("cluster.reported").filter(|it| it.text("outcome") == "converged");
    let done = done.map(|event| event.text("request")).filter(|id| configs.contains_key(id));
    let done: Vec<&str> = done.collect();
    let is_done = done.contains(&last);
    done.last().copied().filter(|_| is_done).unwrap_or(last)
}

/// In the end the cluster is as the last apply asked for: its ledger and its graphs, schemas and queries.
pub(crate) fn the_cluster_is_what_was_asked_for() -> Check {
    Check::new("the_cluster_is_what_was_asked_for", |history| {
        let Some(last) = history.operations("apply").last() else {
            return Outcome::unknown("no change was applied");
        };
        let id = last.input()["id"].as_str().unwrap_or_default();
        let config = configs(history).get(carried_out_last(history, id)).copied();
        let asked = config.and_then(|config| Asked::new(config, ""));
        let Some(mut asked) = asked else {
            return Outcome::unknown("the last apply has no graphs");
        };
        let world = at_the_end(history);
        asked.look(&world);
        let dead = asked.graphs.keys().find(|id| !asked.live.contains(id.as_str()));
        let dead = dead.map(|id| format!("the schema of graph {id} itself"));
        Outcome::unless(asked.lacks.or(dead).map(|lacks| {
            let why = format!("#{} is not what the cluster is: {lacks}", last.invoke.seq);
            Outcome::invalid(why, [last.invoke.seq])
        }))
    })
}
