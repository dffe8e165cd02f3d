//! Checks what commands leave alone: locks whose holder may be alive, and what they cannot read.

use chaosdrill::{Check, Outcome, vocabulary::member::JSON};

use super::world::{LOCK, RECOVERIES, is_applier, is_readable, replay};

/// The age from which an operator may have a lock taken away, in milliseconds.
const LEASE_MS: i64 = 300_000;

/// An applier writes over a lock only once the lock is older than the lease.
pub(crate) fn only_an_old_lock_is_taken_away() -> Check {
    Check::new("only_an_old_lock_is_taken_away", |history| {
        replay(history, |_, event, change| {
            let change = change.filter(|change| change.path == LOCK && is_applier(&event.host))?;
            let (before, _) = change.before.zip(change.after)?;
            let age_ms = event.wall_ms() - before[JSON]["created_at"].as_i64()?;
            (age_ms < LEASE_MS).then(|| {
                let (seq, host, holder) = (event.seq, &event.host, &before[JSON]["holder"]);
                let why = format!(
                    "#{seq} {host} takes away a young lock; {holder} got it {age_ms} ms before"
                );
                Outcome::invalid(why, [seq])
            })
        })
    })
}

/// An applier neither deletes nor replaces a lock or a sidecar that it cannot read.
pub(crate) fn what_cannot_be_read_is_left_alone() -> Check {
    Check::new("what_cannot_be_read_is_left_alone", |history| {
        replay(history, |_, event, change| {
            let change = change.filter(|_| is_applier(&event.host))?;
            let (before, path) = (&change.before?[JSON], change.path);
            let version_max = if event.host == "next" { 2 } else { 1 };
            let is_unknown = match path {
                LOCK => before["lock_id"].is_null(),
                _ => path.starts_with(RECOVERIES) && !is_readable(before, version_max),
            };
            is_unknown.then(|| {
                let (seq, host) = (event.seq, &event.host);
                let why = format!("#{seq} {host} removes what it cannot read; {path}");
                Outcome::invalid(why, [seq])
            })
        })
    })
}
