//! Checks that nothing is concluded from a table whose newest version is older than the published one, because versions
//! of it are lost: a person has to put them back first.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use chaosdrill::{Check, EventKind, History, Outcome, Priority};
use serde_json::Value;

use super::{
    attempts::{attempts, first_attempt_in_hand},
    graph::{Graph, MANIFEST, TABLES, VERSIONS, int, text},
};

/// A time, by its events, in which a table is behind what is published.
pub(crate) struct Behind {
    pub(crate) table: &'static str,
    pub(crate) during: Range<u64>,
}

impl Behind {
    /// Whether it is so at any time between two events.
    fn meets(&self, during: &Range<u64>) -> bool {
        self.during.start < during.end && during.start < self.during.end
    }
}

/// All times in which a table that holds rows is behind what is published.
pub(crate) fn tables_behind(history: &History) -> Vec<Behind> {
    let mut heads: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut published: BTreeMap<&str, String> = BTreeMap::new();
    let mut since: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut all = Vec::new();
    for event in history.events().iter().filter(|event| event.kind == EventKind::Watch) {
        let path = event.key().as_str().unwrap_or_default();
        match event.name.as_str() {
            VERSIONS => {
                let table = path.rsplit_once('/').map_or("", |(table, _)| table);
                let versions = heads.entry(table).or_default();
                match event.row().is_null() {
                    true => versions.remove(path),
                    false => versions.insert(path),
                };
            }
            MANIFEST => {
                for table in TABLES {
                    let Some((path, version)) = Graph::published(event.object(), table) else {
                        continue;
                    };
                    published.insert(table, format!("{path}/{version:06}.json"));
                }
            }
            _ => continue,
        }
        for table in TABLES {
            let head = heads.get(format!("tables/{table}").as_str()).and_then(BTreeSet::last);
            let is_behind =
                published.get(table).is_some_and(|it| head.is_none_or(|head| *head < it.as_str()));
            if is_behind {
                since.entry(table).or_insert(event.seq);
            } else if let Some(since) = since.remove(table) {
                all.push(Behind { table, during: since..event.seq });
            }
        }
    }
    all.extend(since.into_iter().map(|(table, since)| Behind { table, during: since..u64::MAX }));
    all
}

/// Whether a table is behind what is published at any time between two events.
pub(crate) fn is_any_behind(history: &History, during: &Range<u64>) -> bool {
    tables_behind(history).iter().any(|behind| behind.meets(during))
}

/// While a table is behind what is published, no attempt that began since publishes an operation on it, takes one back,
/// or writes a version of its tables.
pub(crate) fn nothing_is_concluded_from_a_table_that_is_behind() -> Check {
    Check::new("nothing_is_concluded_from_a_table_that_is_behind", |history| {
        let behind = tables_behind(history);
        if behind.is_empty() {
            return Outcome::valid();
        }
        let graph = Graph::of(history);
        let concerns = |operation: &str, table: &str| {
            let sidecar = graph.sidecars.get(operation);
            sidecar.is_some_and(|sidecar| sidecar.pins().iter().any(|pin| pin.key == table))
        };
        let manifests = graph.manifests.iter().map(|it| (it.event, operations_of(it.json)));
        let versions =
            graph.versions.values().map(|it| (it.event, vec![text(it.json, "operation")]));
        let wrong = manifests.chain(versions).find_map(|(event, operations)| {
            let time = behind.iter().find(|behind| {
                let is_touched = operations.iter().any(|it| concerns(it, behind.table));
                let begun = first_attempt_in_hand(history, event);
                let is_since = begun.is_some_and(|begun| behind.during.contains(&begun));
                behind.during.contains(&event.seq) && is_touched && is_since
            })?;
            Some((event, time))
        });
        Outcome::unless(wrong.map(|(event, time)| {
            let since = time.during.start;
            let why = format!(
                "#{} {} settles an operation, although {} is behind what is published since #{since}",
                event.seq, event.host, time.table
            );
            Outcome::invalid(why, [since, event.seq])
        }))
    })
}

/// An open that fails because a table is behind what is published names such a table: a person has to put versions of
/// it back.
pub(crate) fn an_open_names_the_table_that_is_behind() -> Check {
    Check::new("an_open_names_the_table_that_is_behind", |history| {
        let (attempts, behind) = (attempts(history), tables_behind(history));
        let mut failed = history
            .observed("engine.not_opened")
            .filter(|event| event.text("cause") == "invariant");
        let wrong = failed.find(|event| {
            let (named, _) = event.text("error").split_once(' ').unwrap_or_default();
            let of = attempts
                .iter()
                .rev()
                .find(|attempt| attempt.ended.host == event.host && attempt.ended.seq < event.seq);
            let during = of.map_or(0, |attempt| attempt.began.seq)..event.seq;
            !behind.iter().any(|behind| behind.table == named && behind.meets(&during))
        });
        Outcome::unless(wrong.map(|event| {
            let (seq, host, error) = (event.seq, &event.host, event.text("error"));
            let why = format!("#{seq} {host} blames a table that is not behind: {error}");
            Outcome::invalid(why, [seq])
        }))
    })
    .priority(Priority::Low)
}

/// The operations that a manifest is about: the one that wrote it, and those that are being rolled back.
fn operations_of(manifest: &Value) -> Vec<&str> {
    let aborting = manifest["aborting"].as_array().into_iter().flatten();
    let commit = text(&manifest["commit"], "operation");
    aborting
        .filter_map(Value::as_str)
        .chain([commit])
        .filter(|_| int(manifest, "revision") > 0)
        .collect()
}
