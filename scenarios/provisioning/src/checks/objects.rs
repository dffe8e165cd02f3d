//! Checks the objects of the backend against the rows: the backend is asked, not the pipeline.

use std::{collections::BTreeMap, time::Duration};

use chaosdrill::{Check, Event, EventKind, History, Outcome, vocabulary::HostChange};
use chaosdrill_scenarios_common::checks::rows::last_change;

use crate::checks::{
    answers::ROLLED_BACK,
    rows::{LEAKS, RESOURCES, World, has_backend, is, is_hidden, text},
    trouble,
};

/// Statuses of rows that account for their object.
const ANSWERING: [&str; 5] = ["pending", "active", "paused", "suspended", "expired"];

/// An active row has a hidden URL and, if the backend has an object for it, that object's id.
pub(crate) fn active_rows_are_addressable() -> Check {
    Check::new("active_rows_are_addressable", |history| {
        let wrong = history.rows(RESOURCES).into_iter().find_map(|change| {
            let row = change.after.filter(|row| is(row, &["active"]))?;
            let has_id = !row["provider_resource_id"].is_null() || !has_backend(row);
            let lack = match (!is_hidden(&row["connection_url"]), has_id) {
                (true, _) => "without a URL, or with one that everybody can read",
                (_, false) => "without an id at the provider",
                _ => return None,
            };
            Some((change, lack))
        });
        Outcome::unless(wrong.map(|(change, lack)| {
            let seq = change.event.seq;
            Outcome::invalid(format!("#{seq} resource {} is active {lack}", change.key), [seq])
        }))
    })
}

/// The object of a row exists as long as the row is active.
pub(crate) fn active_rows_have_their_object() -> Check {
    Check::new("active_rows_have_their_object", |history| {
        let mut world = World::default();
        for event in history.events() {
            if !world.take(event) {
                continue;
            }
            let id = event.key().as_str().unwrap_or_default();
            let Some(row) = world.resources.get(id) else { continue };
            if is(row, &["active"]) && has_backend(row) && !world.is_there(id) {
                let why = format!("#{} resource {id} is active, but has no object", event.seq);
                return Outcome::invalid(why, [event.seq]);
            }
        }
        Outcome::valid()
    })
}

/// When a row has failed, its object is gone, or its leak is recorded. Only an object that was created after the row
/// was given up may appear later: the sweep takes it.
pub(crate) fn a_rolled_back_row_leaves_nothing_behind() -> Check {
    Check::new("a_rolled_back_row_leaves_nothing_behind", |history| {
        let mut world = World::default();
        let mut failed: Vec<(u64, &str)> = Vec::new();
        for event in history.events() {
            // The rows of one commit arrive together, so any other event must find them complete.
            if !world.take(event) {
                if let Some(outcome) = left_behind(&world, &failed) {
                    return outcome;
                }
                failed.clear();
                continue;
            }
            let has_failed = event.name == RESOURCES && is(event.row(), &["failed"]);
            if has_failed {
                failed.push((event.seq, event.key().as_str().unwrap_or_default()));
            }
        }
        Outcome::unless(left_behind(&world, &failed))
    })
}

fn left_behind(world: &World<'_>, failed: &[(u64, &str)]) -> Option<Outcome> {
    failed.iter().find_map(|(seq, id)| {
        let given_up = world.doomed_since.get(id).copied().unwrap_or(*seq);
        let since = world.there_since.get(id).copied().filter(|since| *since < given_up)?;
        let why = format!("#{seq} resource {id} has failed, but its object #{since} still exists");
        (!world.leaks.contains(id)).then(|| Outcome::invalid(why, [since, *seq]))
    })
}

/// How often a deletion is asked for before its object counts as a leak.
const DELETES_MAX: usize = 3;

/// An object is recorded as a leak only if its deletion was asked for, and refused or not answered, as often as it is
/// tried. Trouble between the host that gave up and the backend may have kept it from asking.
pub(crate) fn a_leak_means_a_failed_deletion() -> Check {
    Check::new("a_leak_means_a_failed_deletion", |history| {
        let mut world = World::default();
        for event in history.events() {
            let id = event.key().as_str().unwrap_or_default();
            let was_open = world.leaks.contains(id);
            world.take(event);
            let is_new = event.name == LEAKS && world.leaks.contains(id) && !was_open;
            if !is_new {
                continue;
            }
            let asked = history.observed("backend.delete_asked");
            let asked = asked.filter(|ask| ask.seq < event.seq && ask.text("token") == id).count();
            let since = world.doomed_since.get(id).copied().unwrap_or(event.seq);
            let trouble = || trouble::count(history, &[&event.host, "backend"], since..event.seq);
            if asked < DELETES_MAX && trouble() == 0 {
                let why = format!(
                    "#{} object {id} is recorded as a leak, but its deletion was asked for {asked} times only",
                    event.seq
                );
                return Outcome::invalid(why, [since, event.seq]);
            }
        }
        Outcome::valid()
    })
}

/// When a resource is reported as rolled back, an object whose deletion was tried in vain is recorded as a leak, even
/// if it was created after its row had failed.
pub(crate) fn what_cannot_be_deleted_is_a_leak() -> Check {
    Check::new("what_cannot_be_deleted_is_a_leak", |history| {
        let mut world = World::default();
        let mut asked: BTreeMap<&str, u64> = BTreeMap::new();
        for event in history.events() {
            world.take(event);
            let id = event.text("resource");
            match event.name.as_str() {
                "backend.delete_asked" => {
                    asked.insert(event.text("token"), event.seq);
                }
                // The database did not answer for long: the sweep finds the object.
                "rollback.leak_lost" => {
                    asked.remove(id);
                }
                "provision.answered" if ROLLED_BACK.contains(&event.text("code")) => {
                    let since = world.there_since.get(id);
                    let asked = asked.get(id).filter(|asked| since.is_some_and(|at| at < *asked));
                    if let Some(asked) = asked.filter(|_| !world.leaks.contains(id)) {
                        let why = format!(
                            "#{} resource {id} is reported as rolled back, but its object still exists, and is no leak",
                            event.seq
                        );
                        return Outcome::invalid(why, [*asked, event.seq]);
                    }
                }
                _ => {}
            }
        }
        Outcome::valid()
    })
}

/// A row reports that its object was taken down only if it is gone.
pub(crate) fn taken_down_means_gone() -> Check {
    Check::new("taken_down_means_gone", |history| {
        let mut world = World::default();
        for event in history.events() {
            world.take(event);
            let id = event.key().as_str().unwrap_or_default();
            let is_down = event.name == RESOURCES && is(event.row(), &["deleted", "reaped"]);
            if is_down && world.is_there(id) {
                let status = text(event.row(), "status");
                let why = format!(
                    "#{} resource {id} is {status}, but its object still exists",
                    event.seq
                );
                return Outcome::invalid(why, [event.seq]);
            }
        }
        Outcome::valid()
    })
}

/// How long a creation may take effect: the time of the slowest backend, plus a stall of it, plus a margin.
const CREATION_MAX: Duration = Duration::from_secs(40 * 60);

/// Creations that the backend has begun and not ended: their objects may come yet.
fn under_way<'a>(history: &'a History<'_>) -> BTreeMap<&'a str, &'a Event> {
    let mut begun = BTreeMap::new();
    for event in history.events() {
        match (event.kind, event.name.as_str()) {
            (EventKind::Observe, "backend.asked") => {
                begun.insert(event.text("token"), event);
            }
            (EventKind::Observe, "backend.answers") => {
                begun.remove(event.text("token"));
            }
            (EventKind::Host, _) if event.host == "backend" => {
                if matches!(event.host_change(), Some(HostChange::Down(_))) {
                    begun.clear();
                }
            }
            _ => {}
        }
    }
    let now = history.events().last().map(Event::at).unwrap_or_default();
    begun.retain(|_, event| now.saturating_sub(event.at()) < CREATION_MAX);
    begun
}

/// Every object has a row that accounts for it, or is recorded as a leak. The same holds for objects that may still
/// appear.
pub(crate) fn no_object_is_out_of_reach() -> Check {
    Check::new("no_object_is_out_of_reach", |history| {
        let mut world = World::default();
        for event in history.events() {
            world.take(event);
        }
        let is_nobodys = |id: &str| {
            let has_row = world.resources.get(id).is_some_and(|row| is(row, &ANSWERING));
            !has_row && !world.leaks.contains(id)
        };
        if let Some((id, event)) = under_way(history).into_iter().find(|(id, _)| is_nobodys(id)) {
            let why = format!(
                "object {id}, requested at #{}, may still be created, and has no owner",
                event.seq
            );
            return Outcome::invalid(why, [event.seq]);
        }
        let lost = world.there_since.iter().find(|(id, _)| is_nobodys(id));
        Outcome::unless(lost.map(|(id, since)| {
            let row = last_change(history, RESOURCES, &serde_json::Value::from(*id));
            let why = format!("object {id}, which exists since #{since}, has no owner");
            Outcome::invalid(why, [*since].into_iter().chain(row))
        }))
    })
}

/// The sweep takes down no object that belongs to a resource, or may still do so.
pub(crate) fn the_sweep_spares_the_living() -> Check {
    Check::new("the_sweep_spares_the_living", |history| {
        let mut world = World::default();
        let mut asked_by_sweeps: BTreeMap<&str, u64> = BTreeMap::new();
        for event in history.events() {
            world.take(event);
            let id = event.text("token");
            if event.name == "sweep.deleting" {
                asked_by_sweeps.insert(id, event.seq);
            }
            // A deletion that the sweep requests but the backend does not execute is harmless.
            let asked = asked_by_sweeps.get(id).filter(|_| event.name == "backend.deleted");
            let (Some(asked), Some(row)) = (asked, world.resources.get(id)) else { continue };
            if is(row, &ANSWERING) {
                let status = text(row, "status");
                let why = format!("#{} the sweep deleted {id}, which is {status}", event.seq);
                return Outcome::invalid(why, [*asked, event.seq]);
            }
        }
        Outcome::valid()
    })
}
