//! Checks that the audits of recoveries match what happened.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chaosdrill::{Check, Event, History, Outcome, Priority};
use serde_json::Value;

use super::{
    attempts::first_attempt_in_hand,
    graph::{Graph, Sidecar, Written, int, is_old_merge, text},
};

/// The time after which an operation counts as abandoned, and may be rolled back.
const ABANDONED_AFTER: Duration = Duration::from_secs(30);

fn tables(audit: &Value) -> BTreeSet<&str> {
    let tables = audit["tables"].as_array().map(Vec::as_slice).unwrap_or_default();
    tables.iter().filter_map(|table| table["table_key"].as_str()).collect()
}

fn first_wrong<'a>(
    history: &'a History,
    why: impl Fn(&Graph<'a>, &Written<'a>) -> Option<String>,
) -> Outcome {
    let graph = Graph::of(history);
    let wrong = graph.audits.iter().find_map(|audit| Some((audit.event.seq, why(&graph, audit)?)));
    Outcome::unless(wrong.map(|(seq, why)| {
        let why = format!("#{seq} {why}");
        Outcome::invalid(why, [seq])
    }))
}

/// There is at most one audit for each operation.
pub(crate) fn one_audit_per_operation() -> Check {
    Check::new("one_audit_per_operation", |history| {
        let graph = Graph::of(history);
        let mut first: BTreeMap<&str, u64> = BTreeMap::new();
        let twice = graph.audits.iter().find_map(|audit| {
            let operation = text(audit.json, "operation_id");
            let earlier = first.insert(operation, audit.event.seq)?;
            Some((operation, earlier, audit.event.seq))
        });
        Outcome::unless(twice.map(|(operation, earlier, seq)| {
            let why = format!("#{seq} is a second audit of {operation}, after #{earlier}");
            Outcome::invalid(why, [earlier, seq])
        }))
    })
    .priority(Priority::Medium)
}

/// A sidecar is deleted only after the audit of its operation, unless its own writer deletes it once it has published
/// the operation, or has emptied it because nothing had moved.
pub(crate) fn recoveries_are_recorded() -> Check {
    Check::new("recoveries_are_recorded", |history| {
        let graph = Graph::of(history);
        let wrong = graph.sidecars.iter().find_map(|(operation, sidecar)| {
            let gone = sidecar.gone?;
            let of = |audit: &Written<'_>| text(audit.json, "operation_id") == *operation;
            let is_recorded =
                graph.audits.iter().any(|audit| of(audit) && audit.event.seq < gone.seq);
            let is_excused =
                sidecar.is_void() || is_published_by_its_writer(history, sidecar, gone);
            (!is_recorded && !is_excused).then_some((gone, *operation))
        });
        Outcome::unless(wrong.map(|(gone, operation)| {
            let (seq, host) = (gone.seq, &gone.host);
            let why = format!("#{seq} {host} settles an operation without an audit; {operation}");
            Outcome::invalid(why, [seq])
        }))
    })
    .priority(Priority::Medium)
}

/// Whether an event is of the writer of an operation, which is still at work on it, and has seen it published.
fn is_published_by_its_writer(history: &History, sidecar: &Sidecar<'_>, event: &Event) -> bool {
    let intent = sidecar.intent();
    let operation = text(intent, "operation_id");
    let mut published = history.observed("engine.published");
    intent["process"] == event.host.as_str()
        && is_at_work(history, operation, event)
        && published.any(|seen| seen.text("operation") == operation && seen.seq < event.seq)
}

/// The audit of an operation that was rolled forward names its tables: those that it moved and those that it added.
pub(crate) fn audits_name_all_that_was_moved() -> Check {
    Check::new("audits_name_all_that_was_moved", |history| {
        first_wrong(history, |graph, audit| {
            let operation = text(audit.json, "operation_id");
            let sidecar = graph.sidecars.get(operation)?;
            let mut moved: BTreeSet<&str> = sidecar.pins().iter().map(|pin| pin.key).collect();
            let named = tables(audit.json);
            let is_fine = if text(audit.json, "outcome") == "rolled_forward" {
                moved.extend(sidecar.added());
                named == moved
            } else {
                named.is_subset(&moved)
            };
            (!is_fine).then(|| format!("the audit of {operation} names {named:?}, not {moved:?}"))
        })
    })
    .priority(Priority::Medium)
}

/// An audit has content: who asked for the operation and what kind it was, who settled it and when, and for each table
/// the versions between which the operation, or its rollback, lies.
pub(crate) fn audits_are_complete() -> Check {
    Check::new("audits_are_complete", |history| {
        first_wrong(history, |graph, audit| {
            let (json, event) = (audit.json, audit.event);
            let operation = text(json, "operation_id");
            let intent = graph.sidecars.get(operation)?.intent();
            let since = graph.sidecars.get(operation)?.written.first()?.event.wall_ms();
            let members = [
                ("kind", &intent["kind"]),
                ("recovery_for_actor", &intent["actor_id"]),
                ("actor_id", &Value::from("engine:recovery")),
                ("process", &Value::from(event.host.as_str())),
            ];
            if let Some((member, is)) =
                members.into_iter().find(|(member, is)| json[*member] != **is)
            {
                return Some(format!(
                    "the audit of {operation} says {member} {}, not {is}",
                    json[member]
                ));
            }
            let at = int(json, "created_at");
            if at < since || at > event.wall_ms() {
                return Some(format!("the audit of {operation} says that it was made at {at}"));
            }
            let taken_back = text(json, "outcome") == "rolled_back";
            let added = graph.sidecars.get(operation)?.added();
            let tables = json["tables"].as_array().into_iter().flatten();
            let mut old = tables.filter(|table| !added.contains(text(table, "table_key")));
            let odd = old.find(|table| {
                let path = format!("tables/{}", text(table, "table_key"));
                let chain = graph.chain(&path, int(table, "to"), int(table, "from"));
                let own = chain.iter().find(|version| text(version.json, "operation") == operation);
                own.is_none_or(|own| own.json["restores"].is_null() == taken_back)
            })?;
            Some(format!("the audit of {operation} names {odd}, between which it is not"))
        })
    })
    .priority(Priority::Medium)
}

/// An operation is in the published graph if its audit says that it was rolled forward, and is not if the audit says
/// that it was rolled back.
pub(crate) fn audits_tell_what_became_of_it() -> Check {
    Check::new("audits_tell_what_became_of_it", |history| {
        first_wrong(history, |graph, audit| {
            let operation = text(audit.json, "operation_id");
            let pins = graph.sidecars.get(operation)?.pins();
            let manifest = graph.manifest_at(audit.event.seq)?.json;
            let published = pins.iter().filter(|pin| graph.contains(manifest, **pin, operation));
            let (published, all) = (published.count(), pins.len());
            let says = text(audit.json, "outcome");
            let is_so = if says == "rolled_forward" { published == all } else { published == 0 };
            (!is_so).then(|| {
                format!(
                    "{operation} is {says} by its audit, but in {published} of its {all} tables"
                )
            })
        })
    })
}

/// Whether an operation's writer is still at work at an event, in the life in which it began.
fn is_at_work(history: &History, operation: &str, at: &Event) -> bool {
    let of = |name| history.observed(name).find(|event| event.text("operation") == operation);
    let Some(began) = of("engine.began") else { return false };
    let has_ended = of("engine.ended").is_some_and(|ended| ended.seq < at.seq);
    let fell = history
        .on_host(&began.host)
        .after(began.seq)
        .iter()
        .any(|event| event.ends_a_life() && event.seq < at.seq);
    !has_ended && !fell
}

/// The event at which the rollback of each operation began: a manifest, or a table version that restores the earlier
/// rows.
fn takings<'a>(graph: &Graph<'a>) -> BTreeMap<&'a str, &'a Event> {
    let mut takings: BTreeMap<&str, &Event> = BTreeMap::new();
    let mut note = |operation, event: &'a Event| {
        let first = takings.entry(operation).or_insert(event);
        if event.seq < first.seq {
            *first = event;
        }
    };
    for manifest in &graph.manifests {
        let aborting = manifest.json["aborting"].as_array().map(Vec::as_slice).unwrap_or_default();
        for operation in aborting.iter().filter_map(Value::as_str) {
            note(operation, manifest.event);
        }
    }
    for version in graph.versions.values().filter(|version| !version.json["restores"].is_null()) {
        note(text(version.json, "operation"), version.event);
    }
    takings
}

/// Whether the host that rolled an operation back could have found that its writer had not written for longer than
/// writers may: before the rollback, and after the host began to look.
fn was_found_abandoned(history: &History, sidecar: &Sidecar<'_>, taking: &Event) -> bool {
    let writer = &sidecar.intent()["process"];
    let by_writer = sidecar.written.iter().filter(|written| written.json["process"] == *writer);
    let before = by_writer.map(|written| written.event).filter(|event| event.seq < taking.seq);
    let before: Vec<&Event> = before.chain([taking]).collect();
    let begun = first_attempt_in_hand(history, taking);
    before.windows(2).any(|pair| {
        let silence = pair[1].at().saturating_sub(pair[0].at());
        let could_see_it = begun.unwrap_or(taking.seq) <= pair[1].seq;
        silence >= ABANDONED_AFTER && could_see_it
    })
}

/// No host rolls back the operation of another writer that is at work, unless the writer takes longer than writers may.
pub(crate) fn no_live_writer_is_taken_back() -> Check {
    Check::new("no_live_writer_is_taken_back", |history| {
        let graph = Graph::of(history);
        let wrong = takings(&graph).into_iter().find(|(operation, taking)| {
            let Some(sidecar) = graph.sidecars.get(operation) else { return false };
            let is_own = sidecar.intent()["process"] == taking.host.as_str();
            let is_abandoned = was_found_abandoned(history, sidecar, taking);
            !is_own && !is_abandoned && is_at_work(history, operation, taking)
        });
        Outcome::unless(wrong.map(|(operation, taking)| {
            let (seq, host) = (taking.seq, &taking.host);
            let why =
                format!("#{seq} {host} rolls back {operation}, whose writer is still working");
            Outcome::invalid(why, [seq])
        }))
    })
}

/// A merge of a release that does not confirm its merges is rolled forward as far as it got, once it has reached all
/// its tables.
pub(crate) fn old_merges_are_rolled_forward() -> Check {
    Check::new("old_merges_are_rolled_forward", |history| {
        first_wrong(history, |graph, audit| {
            let operation = text(audit.json, "operation_id");
            let sidecar = graph.sidecars.get(operation)?;
            let is_moved = |pin: &super::graph::Pin<'_>| {
                let range = (pin.path.to_owned(), 0)..=(pin.path.to_owned(), i64::MAX);
                graph.versions.range(range).any(|(_, version)| {
                    version.json["operation"] == operation && version.json["restores"].is_null()
                })
            };
            let all_moved = sidecar.pins().iter().all(is_moved);
            let taken_back = text(audit.json, "outcome") == "rolled_back";
            (is_old_merge(sidecar.intent()) && all_moved && taken_back).then(|| {
                format!("{operation}, a merge of an older release that has changed all its tables, is taken back")
            })
        })
    })
}
