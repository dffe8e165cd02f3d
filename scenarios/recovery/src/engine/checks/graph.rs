//! Reconstructs the graph from its objects: versions of tables, manifests, sidecars and audits, each with the event
//! that created it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use chaosdrill::{Event, History};
use chaosdrill_scenarios_common::checks::rows::Items;
use serde_json::Value;

/// The manifest.
pub(crate) const MANIFEST: &str = "manifest";
/// All versions of all tables.
pub(crate) const VERSIONS: &str = "versions";
/// All sidecars.
pub(crate) const SIDECARS: &str = "sidecars";
/// All audits.
pub(crate) const AUDITS: &str = "audits";
/// The active schema.
pub(crate) const SCHEMA: &str = "schema";

/// A sidecar has no terminal state: it is deleted.
pub(crate) const PENDING: Items =
    Items { noun: "the sidecar", watch: SIDECARS, state: |_| "pending", terminal: &[] };

/// An object at one of its writes.
#[derive(Clone, Copy)]
pub(crate) struct Written<'a> {
    pub(crate) event: &'a Event,
    pub(crate) json: &'a Value,
}

/// The life of a sidecar.
#[derive(Default)]
pub(crate) struct Sidecar<'a> {
    /// All writes of it.
    pub(crate) written: Vec<Written<'a>>,
    /// The event that deleted it.
    pub(crate) gone: Option<&'a Event>,
}

impl<'a> Sidecar<'a> {
    /// The sidecar as its own writer wrote it, whatever others changed; null if it never was readable.
    pub(crate) fn intent(&self) -> &'a Value {
        let mut readable = self.written.iter().filter(|written| written.json.is_object());
        readable.next().map_or(&Value::Null, |first| first.json)
    }

    /// Whether its intent was emptied at last.
    pub(crate) fn is_void(&self) -> bool {
        let last = self.written.last().map_or(&Value::Null, |last| last.json);
        let lists = ["pins", "additional_registrations", "tombstones"];
        let is_empty = |list: &str| last[list].as_array().is_some_and(Vec::is_empty);
        lists.into_iter().all(is_empty) && last["schema"].is_null()
    }

    pub(crate) fn pins(&self) -> Vec<Pin<'a>> {
        let pins = self.intent()["pins"].as_array().map(Vec::as_slice).unwrap_or_default();
        let pin = |pin: &'a Value| Pin {
            key: pin["table_key"].as_str().unwrap_or_default(),
            path: pin["table_path"].as_str().unwrap_or_default(),
            expected: int(pin, "expected_version"),
        };
        pins.iter().map(pin).collect()
    }

    /// The keys of the tables that the operation adds.
    pub(crate) fn added(&self) -> BTreeSet<&'a str> {
        let added = self.intent()["additional_registrations"].as_array();
        let added = added.map(Vec::as_slice).unwrap_or_default();
        added.iter().filter_map(|table| table["table_key"].as_str()).collect()
    }
}

/// A table that an operation moves.
#[derive(Clone, Copy)]
pub(crate) struct Pin<'a> {
    pub(crate) key: &'a str,
    pub(crate) path: &'a str,
    pub(crate) expected: i64,
}

/// All objects that were ever stored.
pub(crate) struct Graph<'a> {
    /// All versions, by path and number.
    pub(crate) versions: BTreeMap<(String, i64), Written<'a>>,
    /// All manifests, in order.
    pub(crate) manifests: Vec<Written<'a>>,
    /// All sidecars, by operation.
    pub(crate) sidecars: BTreeMap<&'a str, Sidecar<'a>>,
    /// All audits, in order.
    pub(crate) audits: Vec<Written<'a>>,
}

/// A member as an integer; -1 if it is not an integer.
pub(crate) fn int(of: &Value, member: &str) -> i64 {
    of[member].as_i64().unwrap_or(-1)
}

/// The name in a path of the form `folder/NAME.json`.
fn stem(path: &Value) -> &str {
    let path = path.as_str().unwrap_or_default();
    let file = path.rsplit_once('/').map_or(path, |(_, file)| file);
    file.strip_suffix(".json").unwrap_or(file)
}

fn written<'a>(history: &'a History, watch: &'a str) -> impl Iterator<Item = Written<'a>> {
    let events = history.of_kind(chaosdrill::EventKind::Watch, watch);
    events
        .filter(|event| !event.row().is_null())
        .map(|event| Written { event, json: event.object() })
}

impl<'a> Graph<'a> {
    pub(crate) fn of(history: &'a History) -> Self {
        let mut versions = BTreeMap::new();
        for version in written(history, VERSIONS) {
            let path = version.event.key().as_str().unwrap_or_default();
            let table = path.rsplit_once('/').map_or("", |(table, _)| table);
            versions.insert((table.to_owned(), int(version.json, "version")), version);
        }
        let mut sidecars: BTreeMap<&str, Sidecar<'_>> = BTreeMap::new();
        for event in history.of_kind(chaosdrill::EventKind::Watch, SIDECARS) {
            let sidecar = sidecars.entry(stem(event.key())).or_default();
            if event.row().is_null() {
                sidecar.gone = Some(event);
            } else {
                sidecar.gone = None;
                sidecar.written.push(Written { event, json: event.object() });
            }
        }
        Self {
            versions,
            manifests: written(history, MANIFEST).collect(),
            sidecars,
            audits: written(history, AUDITS).collect(),
        }
    }

    /// The manifest that is active at an event; `None` before the first.
    pub(crate) fn manifest_at(&self, seq: u64) -> Option<Written<'a>> {
        let next = self.manifests.partition_point(|manifest| manifest.event.seq <= seq);
        next.checked_sub(1).map(|last| self.manifests[last])
    }

    /// The manifests that are in force at any time between two events.
    pub(crate) fn manifests_during(&self, during: Range<u64>) -> &[Written<'a>] {
        let until = |seq| self.manifests.partition_point(|manifest| manifest.event.seq <= seq);
        &self.manifests[until(during.start).saturating_sub(1)..until(during.end)]
    }

    /// The path and version at which a manifest publishes a table.
    pub(crate) fn published(manifest: &'a Value, key: &str) -> Option<(&'a str, i64)> {
        let entry = &manifest["tables"][key];
        Some((entry["path"].as_str()?, entry["version"].as_i64()?))
    }

    /// A version and its ancestors, down to the one after `after`.
    pub(crate) fn chain(&self, path: &str, version: i64, after: i64) -> Vec<Written<'a>> {
        let mut chain = Vec::new();
        let mut at = version;
        while at > after {
            let Some(found) = self.versions.get(&(path.to_owned(), at)) else { break };
            chain.push(*found);
            let parent = int(found.json, "parent");
            // A parent is older; this prevents an endless loop if a chain says otherwise.
            at = parent.min(at - 1);
        }
        chain
    }

    /// Whether a table, as published by a manifest, contains what an operation wrote.
    pub(crate) fn contains(&self, manifest: &'a Value, pin: Pin<'_>, operation: &str) -> bool {
        let Some((path, version)) = Self::published(manifest, pin.key) else { return false };
        let chain = self.chain(path, version, pin.expected);
        let own = chain.iter().find(|version| version.json["operation"] == operation);
        own.is_some_and(|own| own.json["restores"].is_null())
    }

    /// The version of a table that a manifest publishes.
    pub(crate) fn version(&self, manifest: &Value, key: &str) -> Option<Written<'a>> {
        let entry = &manifest["tables"][key];
        let at = (entry["path"].as_str()?.to_owned(), entry["version"].as_i64()?);
        self.versions.get(&at).copied()
    }

    /// Whether a request is a merge that a release without confirmations has tried.
    pub(crate) fn is_merge_of_an_older_release(&self, request: &str) -> bool {
        let mut intents = self.sidecars.values().map(Sidecar::intent);
        intents.any(|intent| is_old_merge(intent) && intent["actor_id"] == request)
    }

    /// The rows of a table, as published by a manifest.
    pub(crate) fn rows(&self, manifest: &Value, key: &str) -> &'a [Value] {
        let rows = self.version(manifest, key).and_then(|version| version.json["rows"].as_array());
        rows.map(Vec::as_slice).unwrap_or_default()
    }
}

/// Whether an intent is that of a merge by a release that does not confirm its merges.
pub(crate) fn is_old_merge(intent: &Value) -> bool {
    int(intent, "schema_version") == 1 && text(intent, "kind") == "branch_merge"
}

/// The tables that hold rows.
pub(crate) const TABLES: [&str; 2] = ["knows", "person"];

/// A member of a row as text.
pub(crate) fn text<'a>(row: &'a Value, member: &str) -> &'a str {
    row[member].as_str().unwrap_or_default()
}

/// The receipts among the rows, as the ids of their requests.
pub(crate) fn receipts<'a>(rows: &'a [Value]) -> BTreeSet<&'a str> {
    rows.iter().filter_map(|row: &'a Value| text(row, "id").strip_suffix(".0")).collect()
}
