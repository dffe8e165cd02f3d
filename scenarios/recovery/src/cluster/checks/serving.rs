//! Checks serving: a healthy graph is served, whatever is wrong with another.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chaosdrill::{Check, Event, Outcome};
use chaosdrill_scenarios_common::checks::failures;
use serde_json::Value;

use super::world::{Change, World, graph_of, is_applier, payload_path, replay, schemas};

/// The only embedding provider that servers know.
const PROVIDER: &str = "local";

/// The paths of the payloads of a graph's queries.
fn payloads<'a>(resources: &'a Value, graph: &str) -> impl Iterator<Item = String> + use<'a> {
    let prefix = format!("query.{graph}.");
    let graph = graph.to_owned();
    resources.as_object().into_iter().flatten().filter_map(move |(address, resource)| {
        let name = address.strip_prefix(&prefix)?;
        Some(payload_path(&graph, name, resource["digest"].as_str()?))
    })
}

fn parses(world: &World<'_>, path: &str) -> bool {
    world.text(path).is_some_and(|text| text.starts_with("query "))
}

/// The graphs that a server may serve, given the state of the store; empty if it may serve none.
fn servable<'a>(world: &World<'a>, is_strict: bool) -> BTreeSet<&'a str> {
    let Some(ledger) = world.ledger() else { return BTreeSet::new() };
    if !world.unreadable_sidecars(1).is_empty() {
        return BTreeSet::new();
    }
    let pending: BTreeSet<&str> =
        world.sidecars().filter_map(|(_, sidecar, _)| sidecar["graph_id"].as_str()).collect();
    let recorded = schemas(ledger);
    let resources = &ledger["applied_revision"]["resources"];
    let is_well = |graph: &str, digest: &str| {
        let resource = &resources[format!("graph.{graph}")];
        let provider = resource["embedding_provider"].as_str();
        let is_resolved =
            |provider| provider == PROVIDER && !resource["embedding_profile"].is_null();
        !pending.contains(graph)
            && world.committed(graph).is_some()
            && world.visible(graph) == Some(digest)
            && payloads(resources, graph).all(|path| parses(world, &path))
            && provider.is_none_or(is_resolved)
    };
    let well: BTreeSet<&str> = recorded
        .iter()
        .filter(|(graph, digest)| is_well(graph, digest))
        .map(|(graph, _)| *graph)
        .collect();
    let is_whole = well.len() == recorded.len() && pending.iter().all(|graph| well.contains(graph));
    if is_strict && !is_whole { BTreeSet::new() } else { well }
}

fn names(list: &Value) -> BTreeSet<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether a look at the cluster met an error of the store.
fn met_an_error(look: &Event) -> bool {
    look.int("store_errors").unwrap_or_default() > 0
}

/// Whether an error of the store kept a look from seeing whether this graph is healthy: an error that concerns any
/// graph, or one that concerns this graph. A strict server serves all or none.
fn is_blind(look: &Event, graph: &str) -> bool {
    let fatal = look.text("fatal");
    let is_about_all = matches!(fatal, "state_unreadable" | "recovery_store_error");
    let is_about_it = look.get("quarantined")[graph] == "graph_store_error";
    met_an_error(look) && (is_about_all || is_about_it || fatal == "not_all_graphs_are_ready")
}

/// Exactly the healthy graphs are served, unless an error may affect any of them.
pub(crate) fn healthy_graphs_serve() -> Check {
    Check::new("healthy_graphs_serve", |history| {
        let mut looks: BTreeMap<&str, u64> = BTreeMap::new();
        let mut changed = 0;
        replay(history, |world, event, change| {
            if change.is_some_and(|change| !change.path.starts_with("sources/")) {
                changed = event.seq;
            }
            if event.name == "server.looking" {
                looks.insert(event.text("look"), event.seq);
            }
            if event.name != "server.looked" {
                return None;
            }
            // The look may have seen the state before or after a change during it.
            let began = looks.get(event.text("look")).copied()?;
            if changed > began {
                return None;
            }
            compare(event, began, &servable(world, event.host == "strict"))
        })
    })
}

fn compare(event: &Event, began: u64, servable: &BTreeSet<&str>) -> Option<Outcome> {
    let served = names(event.get("ready"));
    let wrong =
        served.difference(servable).next().map(|graph| (graph, "is served, but should not be"));
    let missed = servable.difference(&served).find(|graph| !is_blind(event, graph));
    let (graph, why) = wrong.or(missed.map(|graph| (graph, "is healthy, but is not served")))?;
    let fatal = event.get("fatal");
    let why =
        format!("#{} {} says that graph {graph} {why} (fatal: {fatal})", event.seq, event.host);
    let why = why.replace("says that ", "");
    Some(Outcome::invalid(why, [began, event.seq]))
}

/// A command that cannot list the intents fails, and a server that cannot serves nothing: a listing that failed is not
/// an empty one, whether or not there was anything to list.
pub(crate) fn nobody_works_over_unlisted_intents() -> Check {
    Check::new("nobody_works_over_unlisted_intents", |history| {
        let mut looks: BTreeMap<&str, &str> = BTreeMap::new();
        let mut blind: BTreeMap<&str, u64> = BTreeMap::new();
        replay(history, |world, event, change| {
            if let Some((command, since)) =
                change.and_then(|it| blind_writer(world, it, event, &blind))
            {
                let why = format!(
                    "#{} {command} writes, although it could not list the intents at #{since}",
                    event.seq
                );
                return Some(Outcome::invalid(why, [since, event.seq]));
            }
            if event.name == "server.looking" {
                looks.insert(&event.host, event.text("look"));
            }
            if event.ends_a_life() {
                looks.remove(event.host.as_str());
            }
            if failures::failed_site(event) == Some("store:list __cluster/recoveries") {
                let command = world.command_on(&event.host).filter(|_| is_applier(&event.host));
                let who = command.or_else(|| looks.get(event.host.as_str()).copied());
                blind.extend(who.map(|who| (who, event.seq)));
            }
            let (who, went_on) = match event.name.as_str() {
                "cluster.reported" => (event.text("command"), event.get("outcome") == "converged"),
                "server.looked" => (event.text("look"), event.get("fatal").is_null()),
                _ => return None,
            };
            let since = blind.remove(who).filter(|_| went_on)?;
            let why = format!(
                "#{} {} went on, although it could not list the intents at #{since}",
                event.seq, event.host
            );
            Some(Outcome::invalid(why, [since, event.seq]))
        })
    })
}

/// The command that could not list the intents and makes this change of the ledger or of a graph.
fn blind_writer<'a>(
    world: &World<'a>,
    change: &Change<'a>,
    event: &'a Event,
    blind: &BTreeMap<&'a str, u64>,
) -> Option<(&'a str, u64)> {
    let command = match change.ledger {
        Some(ledger) => ledger.after["written_by"].as_str(),
        None => world.command_on(&event.host).filter(|_| graph_of(change.path).is_some()),
    };
    let command = command?;
    blind.get(command).map(|since| (command, *since))
}

/// The graphs of the last apply are served, according to a look at the cluster that began after it.
pub(crate) fn every_wanted_graph_is_served() -> Check {
    Check::new("every_wanted_graph_is_served", |history| {
        let Some(wanted) = history.operations("apply").last() else {
            return Outcome::unknown("no change was applied");
        };
        let graphs = wanted.input()["config"]["graphs"].as_object();
        let graphs: BTreeSet<&str> =
            graphs.into_iter().flatten().map(|(graph, _)| graph.as_str()).collect();
        // A slow look may still report the earlier state.
        let done = wanted.end.map_or(wanted.invoke.seq, |end| end.seq);
        let begun: BTreeMap<&str, Duration> = history
            .observed("server.looking")
            .filter(|event| event.host == "server" && event.seq > done)
            .map(|event| (event.text("look"), event.at()))
            .collect();
        // A look that failed before heal does not describe the time after it.
        let healed = history.healed_at().unwrap_or_default();
        let counts = |look: &&Event| {
            let began = begun.get(look.text("look"));
            began.is_some_and(|began| *began >= healed || !met_an_error(look))
        };
        let Some(last) = history.observed("server.looked").filter(counts).last() else {
            return Outcome::invalid("the server has not read the ledger since", [done]);
        };
        let served = names(last.get("ready"));
        Outcome::unless((served != graphs).then(|| {
            let why = format!(
                "#{} the server serves {served:?}, but {graphs:?} are requested; not served: {}",
                last.seq,
                last.get("quarantined")
            );
            Outcome::invalid(why, [wanted.invoke.seq, last.seq])
        }))
    })
}
