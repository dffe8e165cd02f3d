//! The faults that hurt a host for a while, whether they strike in it or are still in force.

use std::{ops::Range, time::Duration};

use chaosdrill::{
    Event, EventKind, History,
    vocabulary::{FaultChange, HostChange, Phase, Strike},
};
use chaosdrill_scenarios_common::checks::failures::failed_site;

use crate::checks::errors::is_busy;

/// How long a statement waits for the lock of a database, and longer than any commit that nothing holds up.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Whether a fault keeps the host from its work, or from reaching others, at some time between two events.
pub(crate) fn is_hurt(history: &History<'_>, host: &str, during: Range<u64>) -> bool {
    any(history, during, |event| hurts(event, host))
}

/// Whether a fault can make a statement of the host fail at some time between two events. A stall or a delay fails
/// nothing.
pub(crate) fn can_statement_fail(history: &History<'_>, host: &str, during: Range<u64>) -> bool {
    any(history, during, |event| {
        let is_struck = failed_site(event).is_some_and(|site| site.starts_with("sql:"));
        (is_struck && event.host == host)
            || is_cut(event, host)
            || family(event) == Some(Strike::DATABASE_DOWN)
    })
}

/// Whether a commit had the database locked for so long, at some time between two events, that others were refused.
pub(crate) fn was_database_held(history: &History<'_>, during: Range<u64>) -> bool {
    let mut begun = history.observed("store.committing").filter(|begun| begun.seq < during.end);
    begun.any(|begun| {
        let end = end_of_turn(history, begun).or(history.events().last());
        end.is_some_and(|end| {
            let lasted = end.at().saturating_sub(begun.at());
            end.seq > during.start && lasted >= LOCK_WAIT
        })
    })
}

/// The end of the turn in which a command is committed, or of the life of its host.
pub(crate) fn end_of_turn<'a>(history: &'a History<'_>, begun: &Event) -> Option<&'a Event> {
    let later = history.on_host(&begun.host).after(begun.seq);
    let ends = |event: &&Event| {
        let is_release = event.kind == EventKind::Observe && event.name == "queue.released";
        event.ends_a_life() || (is_release && event.text("command") == begun.text("command"))
    };
    later.iter().find(ends)
}

/// Whether an error of the database has this cause because another commit held it for too long.
pub(crate) fn was_kept_out(history: &History<'_>, cause: &str, during: Range<u64>) -> bool {
    is_busy(cause) && was_database_held(history, during)
}

/// Whether such a fault strikes between two events, or struck before and is still in force.
fn any(history: &History<'_>, during: Range<u64>, matters: impl Fn(&Event) -> bool) -> bool {
    let mut in_force: Vec<&Event> = Vec::new();
    for event in history.events().iter().take_while(|event| event.seq < during.end) {
        if event.seq >= during.start {
            if matters(event) {
                return true;
            }
        } else if event.kind == EventKind::Phase && event.name == Phase::HEAL {
            // A host that is down comes up again by itself.
            in_force.retain(|fault| fault.ends_a_life());
        } else if let Some(over) = in_force.iter().position(|fault| ends(event, fault)) {
            in_force.remove(over);
        } else if matters(event) && lasts(event) {
            in_force.push(event);
        }
    }
    !in_force.is_empty()
}

fn hurts(event: &Event, host: &str) -> bool {
    if let Some(FaultChange::Struck(strike)) = event.fault() {
        return match strike.site() {
            Some(_) => event.host == host,
            None => {
                strike.family() == Strike::DATABASE_DOWN
                    || strike.host() == Some(host)
                    || is_of_a_link(&strike) && strike.in_force_on().contains(&host)
            }
        };
    }
    let is_change = event.ends_a_life()
        || matches!(
            event.host_change(),
            Some(HostChange::Stalled { .. } | HostChange::Skewed { .. })
        );
    is_change && event.host == host
}

/// Whether an event cuts a link of the host.
fn is_cut(event: &Event, host: &str) -> bool {
    let Some(FaultChange::Struck(strike)) = event.fault() else { return false };
    strike.family() == Strike::PARTITION && strike.in_force_on().contains(&host)
}

fn is_of_a_link(strike: &Strike<'_>) -> bool {
    [Strike::PARTITION, Strike::CLOG].contains(&strike.family())
}

fn family(event: &Event) -> Option<&str> {
    let FaultChange::Struck(_) = event.fault()? else { return None };
    Some(event.name.as_str())
}

/// Whether what an event begins has an end of its own.
fn lasts(event: &Event) -> bool {
    match (event.fault(), event.host_change()) {
        (Some(FaultChange::Struck(strike)), _) => {
            is_of_a_link(&strike) || strike.family() == Strike::DATABASE_DOWN
        }
        (_, Some(HostChange::Skewed { ns })) => ns != Some(0),
        (_, Some(HostChange::Stalled { .. })) => true,
        _ => event.ends_a_life(),
    }
}

/// Whether an event ends what another one began.
fn ends(event: &Event, began: &Event) -> bool {
    if let Some(FaultChange::Struck(strike)) = began.fault() {
        return match (event.fault(), event.host_change()) {
            (Some(FaultChange::Ended { end, mut between }), _) => {
                between.sort_unstable();
                end.family() == strike.family() && between == strike.in_force_on()
            }
            (_, Some(HostChange::Up { life: None })) => strike.family() == Strike::DATABASE_DOWN,
            _ => false,
        };
    }
    let is_end = match began.host_change() {
        Some(HostChange::Skewed { .. }) => {
            matches!(event.host_change(), Some(HostChange::Skewed { .. }))
        }
        Some(HostChange::Stalled { .. }) => {
            event.ends_a_life() || event.host_change() == Some(HostChange::Resumed)
        }
        _ => matches!(event.host_change(), Some(HostChange::Up { .. })),
    };
    is_end && event.host == began.host
}
