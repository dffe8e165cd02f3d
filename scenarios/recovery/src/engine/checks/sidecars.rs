//! Checks sidecars: they are written atomically, respected by every program, and deleted only when nothing is left to
//! recover.

use chaosdrill::{Check, Event, History, Outcome};
use chaosdrill_scenarios_common::checks::failures;

use super::{
    attempts::{Attempt, attempts},
    graph::{Graph, Sidecar, int},
    invariants,
};

/// The newest version of sidecar that programs of this release understand.
const KNOWN_VERSION: i64 = 2;

/// The hosts that run a newer release, if there are any.
const NEWER_HOSTS: [&str; 2] = ["next", "next-opener"];

/// A sidecar is deleted only when no table is ahead of the published graph because of its operation. A version of it
/// does not count if others have written their own versions over it, made from what is published.
pub(crate) fn a_sidecar_goes_only_when_nothing_is_left() -> Check {
    Check::new("a_sidecar_goes_only_when_nothing_is_left", |history| {
        let graph = Graph::of(history);
        let wrong = graph.sidecars.iter().find_map(|(operation, sidecar)| {
            let gone = sidecar.gone?;
            let manifest = graph.manifest_at(gone.seq)?.json;
            sidecar.pins().into_iter().find_map(|pin| {
                let (_, published) = Graph::published(manifest, pin.key)?;
                let beyond = (pin.path.to_owned(), published + 1)..=(pin.path.to_owned(), i64::MAX);
                let mut beyond = graph.versions.range(beyond);
                let (&(_, head), _) = beyond.rfind(|(_, version)| version.event.seq < gone.seq)?;
                let made_from = graph.chain(pin.path, head, published);
                let left = made_from.iter().find(|of| of.json["operation"] == *operation)?;
                let (path, version) = (pin.path, int(left.json, "version"));
                Some((gone.seq, format!("{path} at {version} by {operation} is not published")))
            })
        });
        Outcome::unless(wrong.map(|(seq, why)| {
            Outcome::invalid(format!("#{seq} deletes a sidecar, but {why}"), [seq])
        }))
    })
}

/// No sidecar is ever stored half-written.
pub(crate) fn sidecars_are_written_whole() -> Check {
    Check::new("sidecars_are_written_whole", |history| {
        let graph = Graph::of(history);
        let all = graph.sidecars.values().flat_map(|sidecar| &sidecar.written);
        let torn = all.into_iter().find(|written| !written.json.is_object());
        Outcome::unless(torn.map(|written| {
            let event = written.event;
            let why = format!(
                "#{} {} is half written",
                event.seq,
                event.key().as_str().unwrap_or_default()
            );
            Outcome::invalid(why, [event.seq])
        }))
    })
}

/// The one call whose failure an attempt ignores: the next recovery deletes the sidecar.
const IGNORED: &str = "store:delete __recovery/*.json";

/// While a sidecar of a newer release exists, programs of this release neither open the graph nor write to it.
pub(crate) fn nobody_works_over_a_newer_sidecar() -> Check {
    Check::new("nobody_works_over_a_newer_sidecar", |history| {
        let graph = Graph::of(history);
        let newer = graph.sidecars.values().filter_map(|sidecar| {
            let first = sidecar.written.first()?;
            let gone = sidecar.gone.map_or(u64::MAX, |gone| gone.seq);
            (int(first.json, "schema_version") > KNOWN_VERSION).then_some((first.event.seq, gone))
        });
        let newer: Vec<(u64, u64)> = newer.collect();
        let wrong = attempts(history).into_iter().find_map(|attempt| {
            let is_over = |(from, until): &&(u64, u64)| {
                *from < attempt.began.seq && attempt.ended.seq < *until
            };
            let (from, _) = newer.iter().find(is_over)?;
            (attempt.is_ok() && !NEWER_HOSTS.contains(&attempt.began.host.as_str()))
                .then_some((*from, attempt))
        });
        Outcome::unless(wrong.map(|(from, attempt)| {
            let why = format!(
                "#{} {} succeeded in its {}, despite the sidecar of a newer release at #{from}",
                attempt.ended.seq,
                attempt.ended.host,
                attempt.began.text("what")
            );
            Outcome::invalid(why, [from, attempt.ended.seq])
        }))
    })
}

/// A program that cannot list the pending sidecars neither opens the graph nor writes to it.
pub(crate) fn nobody_works_over_an_unlisted_recovery() -> Check {
    Check::new("nobody_works_over_an_unlisted_recovery", |history| {
        let attempts = attempts(history);
        let is_unlisted =
            |event: &&Event| failures::failed_site(event) == Some("store:list __recovery");
        let failed = history.events().iter().filter(is_unlisted);
        let wrong = failed.into_iter().find_map(|fault| {
            let here = |attempt: &&Attempt<'_>| {
                attempt.began.host == fault.host && attempt.lasts_over(fault.seq)
            };
            let mut struck = attempts.iter().filter(here).peekable();
            struck.peek()?;
            struck.all(Attempt::is_ok).then_some(fault)
        });
        Outcome::unless(wrong.map(|fault| {
            let why = format!(
                "#{} {} could not list the pending operations, but no operation failed because of it",
                fault.seq, fault.host
            );
            Outcome::invalid(why, [fault.seq])
        }))
    })
}

/// Whether an attempt to open had a reason to fail: a call to the store or a failpoint that failed it, a link that was
/// cut, a sidecar that this release does not understand, or a table that has lost versions. A stall or a late answer is
/// none.
fn has_reason(history: &History, graph: &Graph<'_>, attempt: &Attempt<'_>) -> bool {
    let (from, until) = (attempt.began.seq, attempt.ended.seq);
    let is_odd = |version: i64| !(0..=KNOWN_VERSION).contains(&version);
    let is_unknown = |sidecar: &Sidecar<'_>| {
        let is_there = sidecar.gone.is_none_or(|gone| gone.seq > from);
        let mut before = sidecar.written.iter().filter(|written| written.event.seq < until);
        is_there && before.any(|written| is_odd(int(written.json, "schema_version")))
    };
    let matters =
        |site: &str| (site.starts_with("store:") || site.starts_with("fp:")) && site != IGNORED;
    failures::can_fail(history, &attempt.began.host, from..until, matters)
        || graph.sidecars.values().any(is_unknown)
        || invariants::is_any_behind(history, &(from..until))
}

/// An open fails only because of the store, or because of a sidecar that this release does not understand, and never
/// because other programs recovered first.
pub(crate) fn no_open_fails_over_the_work_of_others() -> Check {
    Check::new("no_open_fails_over_the_work_of_others", |history| {
        let graph = Graph::of(history);
        let wrong = attempts(history).into_iter().find(|attempt| {
            attempt.began.text("what") == "open"
                && !attempt.is_ok()
                && !has_reason(history, &graph, attempt)
        });
        Outcome::unless(wrong.map(|attempt| {
            let why = format!(
                "#{} {} could not open the graph ({}), although the store had no error",
                attempt.ended.seq,
                attempt.ended.host,
                attempt.ended.text("cause")
            );
            Outcome::invalid(why, [attempt.began.seq, attempt.ended.seq])
        }))
    })
}
