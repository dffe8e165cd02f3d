//! Checks that each background job does its work, and that calm work is done once.

use std::time::Duration;

use chaosdrill::{Check, Event, Outcome, vocabulary::HostChange};
use chaosdrill_scenarios_common::checks::{
    idle::is_taken_down,
    rows::{last_rows_by_key, steps},
};

use crate::checks::rows::{AUDITS, DAY_MS, LEAKS, OBJECTS, RESOURCES, int, is, text};

/// How long a resource may outlive its lifetime: a pass of the reaper each minute, and the time of a long one.
const LATE_MS_MAX: i64 = 5 * 60 * 1000;

/// A resource whose lifetime is over is ended.
pub(crate) fn nothing_outlives_its_time() -> Check {
    Check::new("nothing_outlives_its_time", |history| {
        let now = history.events().last().map(|it| it.wall_ms()).unwrap_or_default();
        let rows = last_rows_by_key(history, RESOURCES);
        let old = rows.values().find(|(_, row)| {
            let end = row["expires_at"].as_i64().unwrap_or(i64::MAX);
            is(row, &["active", "paused", "suspended"]) && end.saturating_add(LATE_MS_MAX) < now
        });
        Outcome::unless(old.map(|(key, row)| {
            let late = now - int(row, "expires_at");
            let why = format!("resource {key} is {}, {late} ms after its end", text(row, "status"));
            Outcome::invalid(why, [])
        }))
    })
}

/// Every object that could not be deleted is deleted in the end.
pub(crate) fn every_leak_is_cleared() -> Check {
    Check::new("every_leak_is_cleared", |history| {
        let rows = last_rows_by_key(history, LEAKS);
        let open = rows.values().find(|(_, row)| row["cleared_at"].is_null());
        Outcome::unless(open.map(|(key, row)| {
            let why = format!("object {key} is still a leak: {}", text(row, "reason"));
            Outcome::invalid(why, [])
        }))
    })
}

/// A handler that stands still for less than this renews its lease of two minutes in time: it does so every 30 s.
const STALL_MAX: Duration = Duration::from_secs(90);

/// A provision that is slow, but alive, is left to its handler. A handler that crashed is not alive, and one that
/// stands still cannot renew its lease.
pub(crate) fn a_slow_provision_keeps_its_row() -> Check {
    Check::new("a_slow_provision_keeps_its_row", |history| {
        let stops = |event: &Event| match event.host_change() {
            Some(HostChange::Stalled { ns }) => {
                ns.is_none_or(|ns| Duration::from_nanos(ns) >= STALL_MAX)
            }
            _ => is_taken_down(event),
        };
        let has_stopped = |host: &str, since: u64, until: u64| {
            let mut between = history.events().iter().filter(|it| since < it.seq && it.seq < until);
            between.any(|event| event.host == host && stops(event))
        };
        let taken = steps(history, RESOURCES).into_iter().find(|step| {
            let holder = text(step.before, "holder");
            let host = holder.split('/').next().unwrap_or_default();
            let is_taken = holder != text(step.after, "holder");
            (is_taken || text(step.after, "settled_by") == "reconciler")
                && !has_stopped(host, step.since, step.change.event.seq)
        });
        Outcome::unless(taken.map(|step| {
            let seq = step.change.event.seq;
            let why = format!(
                "#{seq} resource {} was taken from a handler that works on it",
                step.change.key
            );
            Outcome::invalid(why, [step.since, seq])
        }))
    })
}

/// A resource of a customer without an account is small, and ends within a day.
pub(crate) fn anonymous_resources_end() -> Check {
    Check::new("anonymous_resources_end", |history| {
        let wrong = history.rows(RESOURCES).into_iter().find(|change| {
            change.after.filter(|row| text(row, "team").is_empty()).is_some_and(|row| {
                let left = row["expires_at"].as_i64().map(|end| end - change.event.wall_ms());
                left.is_none_or(|left| left > DAY_MS) || text(row, "tier") != "anonymous"
            })
        });
        Outcome::unless(wrong.map(|change| {
            let seq = change.event.seq;
            let why =
                format!("#{seq} resource {} has no account, and does not end in a day", change.key);
            Outcome::invalid(why, [seq])
        }))
    })
}

/// Without faults each request has one row, each row one object, made and deleted once, and no audit and no leak.
pub(crate) fn calm_work_is_done_once() -> Check {
    Check::new("calm_work_is_done_once", |history| {
        let too_many = history.rows(OBJECTS).into_iter().find(|change| {
            change.after.is_some_and(|row| int(row, "creates") > 1 || int(row, "deletes") > 1)
        });
        let again = history
            .rows(RESOURCES)
            .into_iter()
            .find(|change| change.after.is_some_and(|row| int(row, "attempt") > 1));
        let needless = history.rows(AUDITS).into_iter().chain(history.rows(LEAKS)).next();
        let wrong = too_many.map(|it| (it, "was made or deleted twice"));
        let wrong = wrong.or(again.map(|it| (it, "is a second attempt")));
        let wrong = wrong.or(needless.map(|it| (it, "was written although nothing failed")));
        Outcome::unless(wrong.map(|(change, how)| {
            let seq = change.event.seq;
            Outcome::invalid(format!("#{seq} {} {} {how}", change.event.name, change.key), [seq])
        }))
    })
}
