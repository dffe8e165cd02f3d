//! Checks rows against each other: leases, charges, the schema, and the start of programs.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill::{Check, EventKind, Outcome, vocabulary::HostChange};
use chaosdrill_scenarios_common::checks::rows::steps;
use serde_json::Value;

use crate::checks::rows::{QUOTAS, RESOURCES, SCHEMA, World, int, is, text};

/// While a handler renews its lease, no other host settles its row.
pub(crate) fn reconciler_waits_for_the_lease() -> Check {
    Check::new("reconciler_waits_for_the_lease", |history| {
        let stolen = steps(history, RESOURCES).into_iter().find(|step| {
            let (before, after) = (step.before, step.after);
            let is_taken = text(before, "holder") != text(after, "holder");
            let is_promoted = is(after, &["active"]) && text(after, "settled_by") == "reconciler";
            is(before, &["pending"])
                && (is_taken || is_promoted)
                && step.change.event.wall_ms() < int(before, "lease_until")
        });
        Outcome::unless(stolen.map(|step| {
            let seq = step.change.event.seq;
            let left = int(step.before, "lease_until") - step.change.event.wall_ms();
            let why = format!(
                "#{seq} {} took resource {} over from {}, whose lease had {left} ms left",
                step.change.event.host,
                step.change.key,
                text(step.before, "holder")
            );
            Outcome::invalid(why, [step.since, seq])
        }))
    })
}

/// After every commit, a team is charged for exactly the resources that it has or that are being created for it.
/// Nobody is charged for a resource without a team.
pub(crate) fn quota_agrees_with_the_rows() -> Check {
    Check::new("quota_agrees_with_the_rows", |history| {
        let mut world = World::default();
        let mut last = None;
        for event in history.events() {
            let is_row = event.kind == EventKind::Watch;
            if let (false, Some(seq)) = (is_row, last)
                && let Some(why) = uneven(&world)
            {
                return Outcome::invalid(format!("#{seq} {why}"), [seq]);
            }
            world.take(event);
            let counts = is_row && [RESOURCES, QUOTAS].contains(&event.name.as_str());
            last = if counts { Some(event.seq) } else { last.filter(|_| is_row) };
        }
        Outcome::unless(uneven(&world).map(|why| Outcome::invalid(why, last)))
    })
}

/// Reports a team that is charged for more or fewer resources than it has.
fn uneven(world: &World<'_>) -> Option<String> {
    let mut charged: BTreeMap<&str, i64> = world.quotas.keys().map(|team| (*team, 0)).collect();
    let is_charged =
        |row: &&&Value| is(row, &["pending", "active"]) && !text(row, "team").is_empty();
    for row in world.resources.values().filter(is_charged) {
        *charged.entry(text(row, "team")).or_default() += 1;
    }
    charged.into_iter().find_map(|(team, count)| {
        let used = world.quotas.get(team).copied().unwrap_or_default();
        (used != count).then(|| format!("{team} is charged for {used} resources, but has {count}"))
    })
}

/// The states that the programs know equal those that the schema allows, as the database reports them.
pub(crate) fn statuses_in_code_equal_the_check() -> Check {
    Check::new("statuses_in_code_equal_the_check", |history| {
        let Some(ready) = history.observed("start.ready").next() else {
            return Outcome::unknown("no program started, so there is nothing to compare");
        };
        let names = ready.get("statuses").as_array().map(Vec::as_slice).unwrap_or_default();
        let known: BTreeSet<&str> = names.iter().filter_map(Value::as_str).collect();
        let schemas = history.last_rows(SCHEMA);
        let Some(allowed) = schemas.first().and_then(|row| allowed(text(row, "sql"))) else {
            return Outcome::unknown(
                "the schema has no CHECK of statuses: nothing to compare with",
            );
        };
        let odd = known.symmetric_difference(&allowed).next();
        Outcome::unless(odd.map(|status| {
            let how = if known.contains(status) {
                "is used by the programs, but the schema forbids it"
            } else {
                "is allowed by the schema, but no program uses it"
            };
            Outcome::invalid(format!("#{} status {status} {how}", ready.seq), [ready.seq])
        }))
    })
}

/// The states in the CHECK of a table's definition.
fn allowed(sql: &str) -> Option<BTreeSet<&str>> {
    let (_, rest) = sql.split_once("CHECK (status IN (")?;
    let (list, _) = rest.split_once(')')?;
    let states: BTreeSet<&str> =
        list.split(',').map(|word| word.trim().trim_matches('\'')).collect();
    (!states.is_empty()).then_some(states)
}

/// Every program that was started or restarted becomes ready. A program that has reported nothing since its start is
/// not ready: it may still be waiting for its first answer.
pub(crate) fn every_boot_comes_up() -> Check {
    Check::new("every_boot_comes_up", |history| {
        // The last start of each host that migrates, and whether it has become ready since.
        let mut starts: BTreeMap<&str, (u64, bool)> = BTreeMap::new();
        for event in history.events() {
            let host = event.host.as_str();
            match (event.kind, event.name.as_str()) {
                (EventKind::Observe, "start.begun") => {
                    starts.insert(host, (event.seq, false));
                }
                (EventKind::Observe, "start.ready") => {
                    starts.insert(host, (event.seq, true));
                }
                (EventKind::Host, _)
                    if matches!(event.host_change(), Some(HostChange::Up { .. })) =>
                {
                    starts.entry(host).and_modify(|start| *start = (event.seq, false));
                }
                _ => {}
            }
        }
        let down = starts.iter().find(|(_, (_, is_ready))| !is_ready);
        Outcome::unless(down.map(|(host, (seq, _))| {
            let why = format!("{host} was started with #{seq}, but never came up");
            Outcome::invalid(why, [*seq])
        }))
    })
}

/// However many requests come at once, no team exceeds its quota.
pub(crate) fn no_team_has_more_than(quota: i64) -> Check {
    Check::new("no_team_has_more_than_it_may", move |history| {
        let over = history
            .rows(QUOTAS)
            .into_iter()
            .find(|change| change.after.is_some_and(|row| int(row, "used") > quota));
        Outcome::unless(over.map(|change| {
            let seq = change.event.seq;
            let why = format!("#{seq} {} has more than its quota of {quota}", change.key);
            Outcome::invalid(why, [seq])
        }))
    })
}
