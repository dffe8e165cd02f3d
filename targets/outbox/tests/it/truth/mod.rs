//! What must hold in every run, read from the rows the harness watched and from what the hosts said.

mod consumer;
mod outbox;
mod store;

use std::collections::BTreeMap;

use chaosdrill_core::{Event, History};
use chaosdrill_rt::sim::Finished;
use serde_json::Value;

pub(crate) use outbox::ATTEMPTS_MAX;

/// One property, by its name: what speaks against it.
type Property = (&'static str, fn(&History) -> Option<String>);

const PROPERTIES: &[Property] = &[
    ("attempts_grow_by_one_per_claim", outbox::attempts_grow),
    ("attempts_stay_within_the_ceiling", outbox::attempts_stay),
    ("one_live_holder_per_message", outbox::one_live_holder),
    ("settle_only_by_the_current_claim", outbox::settled_by_holder),
    ("published_means_the_broker_accepted", outbox::published_means_accepted),
    ("every_committed_message_is_published", outbox::all_published),
    ("every_row_is_delivered_or_dead_lettered", outbox::delivered_or_dead),
    ("commits_are_all_or_nothing", store::all_or_nothing),
    ("exactly_one_of_the_racers_commits", store::one_racer),
    ("streams_are_gap_free", store::gap_free),
    ("hydration_folds_every_event_or_fails", store::folds_every_event),
    ("commits_follow_lock_grants", store::follow_grants),
    ("snapshots_are_transparent", store::snapshots_transparent),
    ("reload_equals_memory", store::reload_equals_memory),
    ("one_command_one_effect", store::one_command_one_effect),
    ("status_code_follows_the_error_kind", store::status_follows_kind),
    ("permanent_errors_are_tried_once", consumer::permanent_once),
    ("transient_errors_are_retried", consumer::transient_retried),
    ("effects_happen_exactly_once", consumer::effects_once),
];

/// The properties that do not hold, with what speaks against each.
pub(crate) fn violations(finished: &Finished) -> BTreeMap<&'static str, String> {
    let history = History::of(finished.trace.events());
    let violated = |(name, check): &Property| check(&history).map(|witness| (*name, witness));
    let mut violations: BTreeMap<_, _> = PROPERTIES.iter().filter_map(violated).collect();
    if let Some(stop) = &finished.stop {
        violations.insert("it_ends", format!("{stop:?}"));
    }
    if let Some(casualty) = finished.casualties.first() {
        violations.insert("nobody_dies", format!("{casualty:?}"));
    }
    violations
}

fn text<'a>(row: &'a Value, column: &str) -> &'a str {
    row[column].as_str().unwrap_or_default()
}

fn int(row: &Value, column: &str) -> i64 {
    row[column].as_i64().unwrap_or_default()
}

/// An event as a witness.
fn witness(what: &str, event: &Event) -> String {
    format!("{what}: {event}")
}
