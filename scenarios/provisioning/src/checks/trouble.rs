//! The trouble that may have kept hosts from hearing of each other: what excuses a check has a time and a place.

use std::{collections::BTreeSet, ops::Range, time::Duration};

use chaosdrill::{
    Event, EventKind, History,
    fault::Act,
    vocabulary::{FaultChange, HostChange, LinkEnd, Strike},
};

/// How long a statement waits for the lock of the database.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// The database, as a host.
const DATABASE: &str = "db";

/// How often something struck these hosts, the links between them, or their databases, between two events. What began
/// before and had not ended counts too: a link is cut until it is repaired, and a host is in trouble until the next
/// event of it.
pub(crate) fn count(history: &History<'_>, hosts: &[&str], during: Range<u64>) -> usize {
    let mut open: BTreeSet<Vec<&str>> = BTreeSet::new();
    let mut within = 0;
    for event in history.events().iter().take_while(|event| event.seq < during.end) {
        let (begun, ended) = change(event, hosts);
        if event.seq >= during.start {
            within += usize::from(begun.is_some());
            continue;
        }
        open.extend(begun);
        if let Some(trouble) = ended {
            open.remove(&trouble);
        }
    }
    within + open.len()
}

/// When a host was held up at a statement, with which it may have had the database locked: until others that wait for
/// the lock have given up.
pub(crate) fn held_in_a_statement(event: &Event) -> Option<(Duration, Duration)> {
    let Some(FaultChange::Struck(strike)) = event.fault() else { return None };
    let is_statement = strike.site().is_some_and(|site| site.starts_with("sql:"));
    match strike.act() {
        Some(Act::Stall(lasts) | Act::Delay(lasts)) if is_statement => {
            Some((event.at(), event.at() + lasts + LOCK_WAIT))
        }
        _ => None,
    }
}

/// The trouble of these hosts that begins or ends with an event, each by the hosts on which it lasts.
fn change<'a>(event: &'a Event, hosts: &[&str]) -> (Option<Vec<&'a str>>, Option<Vec<&'a str>>) {
    let is_theirs = |host: &str| host == DATABASE || hosts.contains(&host);
    let link = |mut ends: Vec<&'a str>| {
        ends.sort_unstable();
        ends.iter().all(|host| is_theirs(host)).then_some(ends)
    };
    match (event.fault(), event.host_change()) {
        (Some(FaultChange::Struck(strike)), _) => match strike.family() {
            Strike::PARTITION | Strike::CLOG => (link(strike.in_force_on()), None),
            Strike::DATABASE_DOWN => (Some(vec![DATABASE]), None),
            // A crash and a stall are changes of their host.
            Strike::ERROR | Strike::LOST_ACK | Strike::DELAY if is_theirs(&event.host) => {
                (Some(vec![event.host.as_str()]), None)
            }
            _ => (None, None),
        },
        (Some(FaultChange::Ended { end, between }), _) => match end {
            LinkEnd::Repaired | LinkEnd::Released => (None, link(between)),
        },
        (_, Some(HostChange::Down(_) | HostChange::Stalled { .. })) if is_theirs(&event.host) => {
            (Some(vec![event.host.as_str()]), None)
        }
        (_, Some(HostChange::Resumed)) => (None, Some(vec![event.host.as_str()])),
        (_, Some(HostChange::Up { .. })) if event.host == DATABASE => (None, Some(vec![DATABASE])),
        // A start that failed is repeated, and until then the host serves nobody.
        _ if event.kind == EventKind::Observe && event.name != "start.failed" => {
            (None, Some(vec![event.host.as_str()]))
        }
        _ => (None, None),
    }
}
