//! Reconstructs the state of the store at every event from the watched changes.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill::{
    Event, EventKind, History, Outcome,
    vocabulary::member::{JSON, TEXT},
};
use chaosdrill_scenarios_common::checks::rows::Items;
use serde_json::Value;

/// The watch of the ledger, the sidecars and related objects.
pub(crate) const CLUSTER: &str = "cluster";
/// The watch of the graphs.
pub(crate) const GRAPHS: &str = "graphs";
/// The watch of the sources of schemas, which operators write.
pub(crate) const SOURCES: &str = "sources";
/// The ledger.
pub(crate) const STATE: &str = "__cluster/state.json";
/// The lock.
pub(crate) const LOCK: &str = "__cluster/lock.json";
/// The approvals, as items.
pub(crate) const APPROVALS: Items = Items {
    noun: "approval",
    watch: "approvals",
    state: |row| if row[JSON]["consumed_at"].is_null() { "open" } else { "used" },
    terminal: &["used"],
};

/// The directory of the sidecars.
pub(crate) const RECOVERIES: &str = "__cluster/recoveries/";

/// The schema in force of a graph.
const CURRENT: &str = "__schema/current.json";

/// The directory of the engine's sidecars in a graph.
const ENGINE_SIDECARS: &str = "/__recovery/";

/// The version of ledgers that this release can read.
const KNOWN_VERSION: u32 = 1;

/// The hosts that run an applier; all other hosts act for people.
const APPLIERS: [&str; 4] = ["a1", "a2", "old", "next"];

/// Whether a host runs an applier.
pub(crate) fn is_applier(host: &str) -> bool {
    APPLIERS.contains(&host)
}

/// A change of one object.
pub(crate) struct Change<'a> {
    pub(crate) path: &'a str,
    pub(crate) before: Option<&'a Value>,
    pub(crate) after: Option<&'a Value>,
    /// The ledgers before and after, if it is a write of a ledger that can be read.
    pub(crate) ledger: Option<LedgerChange<'a>>,
}

/// A write of the ledger.
#[derive(Clone, Copy)]
pub(crate) struct LedgerChange<'a> {
    /// The last ledger before it that could be read; `None` if there was none.
    pub(crate) before: Option<&'a Value>,
    pub(crate) after: &'a Value,
}

/// The store at one event.
#[derive(Default)]
pub(crate) struct World<'a> {
    objects: BTreeMap<&'a str, (&'a Value, u64)>,
    /// The sources of all schemas that any graph has had, by digest.
    sources: BTreeMap<&'a str, &'a str>,
    /// The last ledger that could be read.
    readable: Option<&'a Value>,
    /// The operations of all intents that there have been.
    intents: BTreeSet<&'a str>,
    /// The published schema of each graph.
    published: BTreeMap<&'a str, Published<'a>>,
    /// The commands that have begun: host and event, by id.
    pub(crate) commands: BTreeMap<&'a str, (&'a str, u64)>,
    /// The running commands, by host.
    at_work: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// The command that wrote each sidecar, by operation; known only if its host ran a single command.
    writers: BTreeMap<&'a str, &'a str>,
}

/// The schema that the manifest of a graph publishes.
struct Published<'a> {
    version: &'a Value,
    digest: &'a str,
    /// Whether people changed it, with the engine's own tools.
    is_by_hand: bool,
}

/// Whether this release can read a ledger.
pub(crate) fn can_be_read(ledger: &Value) -> bool {
    ledger["version"] == KNOWN_VERSION
}

/// Replays a history. `judge` gets each event after its effect, with the change that it made.
pub(crate) fn replay<'a>(
    history: &'a History,
    mut judge: impl FnMut(&World<'a>, &'a Event, Option<&Change<'a>>) -> Option<Outcome>,
) -> Outcome {
    let mut world = World::default();
    for event in history.events() {
        let change = world.take(event);
        if let Some(outcome) = judge(&world, event, change.as_ref()) {
            return outcome;
        }
    }
    Outcome::valid()
}

/// The store at the end.
pub(crate) fn at_the_end<'a>(history: &'a History<'_>) -> World<'a> {
    let mut world = World::default();
    for event in history.events() {
        world.take(event);
    }
    world
}

impl<'a> World<'a> {
    fn take(&mut self, event: &'a Event) -> Option<Change<'a>> {
        match (event.kind, event.name.as_str()) {
            (EventKind::Watch, CLUSTER | GRAPHS | SOURCES) => {
                let path = event.key().as_str().unwrap_or_default();
                let row = event.row();
                let after = (!row.is_null()).then_some(row);
                let before = match after {
                    Some(row) => self.objects.insert(path, (row, event.seq)),
                    None => self.objects.remove(path),
                };
                if before.is_none() {
                    self.attribute(path, &event.host);
                }
                self.sources.extend(after.and_then(|row| source_in(&row[JSON])));
                self.intents.extend(operation_of(path, RECOVERIES));
                if let Some(graph) = graph_of(path).filter(|_| path.ends_with("/__manifest.json")) {
                    self.publish(graph, after.map(|row| &row[JSON]));
                }
                let ledger = after.filter(|_| path == STATE).and_then(|row| self.write(&row[JSON]));
                Some(Change { path, before: before.map(|(row, _)| row), after, ledger })
            }
            (EventKind::Observe, "cluster.started") => {
                self.commands.insert(event.text("command"), (&event.host, event.seq));
                self.at_work.entry(&event.host).or_default().insert(event.text("command"));
                None
            }
            (EventKind::Observe, "cluster.reported") => {
                self.at_work.entry(&event.host).or_default().remove(event.text("command"));
                None
            }
            (EventKind::Host, _) if event.ends_a_life() => {
                self.at_work.remove(event.host.as_str());
                None
            }
            _ => None,
        }
    }

    /// Takes a write of a graph's manifest. It names the version of its schema and the operation that made it, which
    /// has its schema staged, or in force if it created the graph.
    fn publish(&mut self, graph: &'a str, manifest: Option<&'a Value>) {
        let Some(manifest) = manifest else {
            self.published.remove(graph);
            return;
        };
        let (version, commit) = (&manifest["schema"], &manifest["commit"]);
        if self.published.get(graph).is_some_and(|known| known.version == version) {
            return;
        }
        let operation = commit["operation"].as_str().unwrap_or_default();
        let paths = [format!("__schema/staging/{operation}.json"), CURRENT.to_owned()];
        let schemas = paths.iter().filter_map(|path| self.in_graph(graph, path));
        let of_it = schemas.filter(|schema| schema["version"] == *version);
        let digest = of_it.filter_map(|schema| schema["digest"].as_str()).next();
        let author = commit["actor_id"].as_str().unwrap_or_default();
        let is_by_hand = !self.intents.contains(author);
        match digest {
            Some(digest) => {
                self.published.insert(graph, Published { version, digest, is_by_hand });
            }
            None => drop(self.published.remove(graph)),
        }
    }

    /// An object of a graph, if it is JSON.
    fn in_graph(&self, graph: &str, path: &str) -> Option<&'a Value> {
        self.json(&format!("graphs/{graph}.omni/{path}"))
    }

    /// Takes a write of the ledger; `None` if it cannot be read.
    fn write(&mut self, after: &'a Value) -> Option<LedgerChange<'a>> {
        let before = self.readable;
        self.readable = Some(after).filter(|ledger| can_be_read(ledger)).or(before);
        can_be_read(after).then_some(LedgerChange { before, after })
    }

    /// The source of a schema that a graph has had.
    pub(crate) fn source_of(&self, digest: &str) -> Option<&'a str> {
        self.sources.get(digest).copied()
    }

    /// The command that a host runs, if it is the only one.
    pub(crate) fn command_on(&self, host: &str) -> Option<&'a str> {
        let mut at_work = self.at_work.get(host).into_iter().flatten();
        at_work.next().filter(|_| at_work.next().is_none()).copied()
    }

    /// Records which command wrote a new sidecar. A host that was stalled may be running several.
    fn attribute(&mut self, path: &'a str, host: &str) {
        let Some(operation) = operation_of(path, RECOVERIES) else { return };
        if let Some(command) = self.command_on(host) {
            self.writers.insert(operation, command);
        }
    }

    /// The command that wrote a sidecar, if known.
    pub(crate) fn writer_of(&self, operation: &str) -> Option<&'a str> {
        self.writers.get(operation).copied()
    }

    /// An object's content, if it is JSON.
    pub(crate) fn json(&self, path: &str) -> Option<&'a Value> {
        self.objects.get(path).map(|(row, _)| &row[JSON])
    }

    /// An object's content, if it is text but not JSON.
    pub(crate) fn text(&self, path: &str) -> Option<&'a str> {
        self.objects.get(path)?.0[TEXT].as_str()
    }

    /// The ledger.
    pub(crate) fn ledger(&self) -> Option<&'a Value> {
        self.json(STATE).filter(|state| can_be_read(state))
    }

    /// The lock, with the event that created it.
    pub(crate) fn lock(&self) -> Option<(&'a Value, u64)> {
        self.objects.get(LOCK).map(|(row, seq)| (&row[JSON], *seq))
    }

    /// An object that was written before an event, should be JSON, and is not.
    pub(crate) fn torn_before(&self, seq: u64) -> Option<&'a str> {
        let mut all = self.objects.iter();
        let is_torn = |path: &str, row: &Value| path.ends_with(".json") && row[JSON].is_null();
        all.find_map(|(path, (row, since))| (*since < seq && is_torn(path, row)).then_some(*path))
    }

    /// All sidecars: operation, content, and the event that wrote it last.
    pub(crate) fn sidecars(&self) -> impl Iterator<Item = (&'a str, &'a Value, u64)> + '_ {
        let below = self.objects.range(RECOVERIES..);
        below.map_while(|(path, (row, seq))| {
            Some((operation_of(path, RECOVERIES)?, &row[JSON], *seq))
        })
    }

    /// The sidecars whose intent a reader of this version cannot understand.
    pub(crate) fn unreadable_sidecars(&self, version_max: i64) -> Vec<(&'a str, u64)> {
        let all = self.sidecars().filter(|(_, sidecar, _)| !is_readable(sidecar, version_max));
        all.map(|(operation, _, seq)| (operation, seq)).collect()
    }

    /// Whether any object of a graph exists.
    pub(crate) fn has_graph(&self, graph: &str) -> bool {
        let root = format!("graphs/{graph}.omni/");
        self.objects.keys().any(|path| path.starts_with(&root))
    }

    /// The graphs that have any object.
    pub(crate) fn graphs(&self) -> BTreeSet<&'a str> {
        let of = |path: &&'a str| graph_of(path);
        self.objects.keys().filter_map(of).collect()
    }

    /// Whether an object exists.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.objects.contains_key(path)
    }

    /// The digest of the schema that a graph's manifest publishes.
    pub(crate) fn committed(&self, graph: &str) -> Option<&'a str> {
        self.published.get(graph).map(|schema| schema.digest)
    }

    /// Whether neither the manifest nor the schema in force of a graph has been written since an event.
    pub(crate) fn is_untouched_since(&self, graph: &str, seq: u64) -> bool {
        ["__manifest.json", CURRENT].into_iter().all(|path| {
            let object = self.objects.get(format!("graphs/{graph}.omni/{path}").as_str());
            object.is_some_and(|(_, written)| *written < seq)
        })
    }

    /// Whether people made the published schema of a graph, whoever published it for them.
    pub(crate) fn is_by_hand(&self, graph: &str) -> bool {
        self.published.get(graph).is_some_and(|schema| schema.is_by_hand)
    }

    /// The digest of the schema that a graph's readers see.
    pub(crate) fn visible(&self, graph: &str) -> Option<&'a str> {
        self.in_graph(graph, CURRENT)?["digest"].as_str()
    }

    /// An operation that the engine has not ended: graph, operation, and the event that wrote its sidecar last. A
    /// sidecar that the store did not delete is no such operation, if it intends nothing any more, if its schema is in
    /// force, or if its recovery is recorded.
    pub(crate) fn unfinished_in_engine(&self) -> Option<(&'a str, &'a str, u64)> {
        self.objects.iter().find_map(|(path, (row, seq))| {
            let graph = graph_of(path)?;
            let operation = operation_of(path.split_once(ENGINE_SIDECARS)?.1, "")?;
            let schema = row[JSON]["schema"].as_i64()?;
            let in_force = self.in_graph(graph, CURRENT).and_then(|it| it["version"].as_i64());
            let audit = format!("_graph_commit_recoveries/{operation}.json");
            let is_ended = in_force >= Some(schema) || self.in_graph(graph, &audit).is_some();
            (!is_ended).then_some((graph, operation, *seq))
        })
    }
}

/// Whether a reader of this version can understand the intent of a sidecar.
pub(crate) fn is_readable(sidecar: &Value, version_max: i64) -> bool {
    sidecar["schema_version"].as_i64().is_some_and(|version| version <= version_max)
        && sidecar["graph_id"].as_str().is_some_and(|id| !id.is_empty())
        && sidecar["kind"].is_string()
}

/// The digest and the source of an object that is a schema.
fn source_in(object: &Value) -> Option<(&str, &str)> {
    Some((object["digest"].as_str()?, object["source"].as_str()?))
}

/// The operation whose file this is, if it is below that path.
fn operation_of<'a>(path: &'a str, below: &str) -> Option<&'a str> {
    path.strip_prefix(below)?.strip_suffix(".json")
}

/// The path of the payload of a query.
pub(crate) fn payload_path(graph: &str, name: &str, digest: &str) -> String {
    let digest = digest.trim_start_matches("blake3:");
    format!("__cluster/resources/query/{graph}/{name}/{digest}.gq")
}

/// The graph that an object belongs to.
pub(crate) fn graph_of(path: &str) -> Option<&str> {
    path.strip_prefix("graphs/")?.split_once(".omni/").map(|(graph, _)| graph)
}

/// The schemas that a ledger records: graph and digest.
pub(crate) fn schemas(ledger: &Value) -> BTreeMap<&str, &str> {
    let resources = ledger["applied_revision"]["resources"].as_object();
    let all = resources.into_iter().flatten();
    all.filter_map(|(address, resource)| {
        Some((address.strip_prefix("schema.")?, resource["digest"].as_str()?))
    })
    .collect()
}

/// The members of an array that an earlier version of it did not have; such arrays only grow.
pub(crate) fn added<'a>(before: Option<&Value>, after: &'a Value, list: &str) -> &'a [Value] {
    let count = before.and_then(|before| before[list].as_array()).map_or(0, Vec::len);
    let all = after[list].as_array().map(Vec::as_slice).unwrap_or_default();
    all.get(count..).unwrap_or_default()
}
