//! A success that a busy database does not store uses up no attempt, and is bounded nevertheless: by its dispatches.

use std::time::Duration;

use chaosdrill::{
    Scenario,
    fault::{ErrorKind, at},
};
use chaosdrill_target_propagation::schedule::PICKS_MAX;

use crate::{
    checks,
    clients::{team_at, upgrade},
    stage::{ATTEMPTS_MAX, PropagationStage, resting, watched},
};

/// How often a worker tries to store a result before it leaves the row to its lease.
const TRIES: u32 = 4;

/// All leases, one after the other, with ticks in between.
const LEASES: Duration = Duration::from_secs(3 * 60 * 60);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/unsaved-twenty-times")
        .claim("a row whose success is never stored, for transient reasons, is given up after twenty dispatches, with one effect")
        .topology(|stage| {
            watched(stage.pipeline(vec![])).client("customers", |workload| async move {
                // A free team has no limits, so that only the propagation asks for it.
                team_at(&workload, "busy", "free", &["postgres"]).await;
                upgrade(&workload, "busy-up", "busy", "pro").await;
                Ok(())
            })
        })
        .faults((1..=PICKS_MAX as u32 * TRIES).map(|hit| {
            at("sql:propagation.apply").on_any().hit(hit).error(ErrorKind::Busy)
        }))
        .chaos_at_most(LEASES)
        .sometimes(checks::marks::a_row_was_given_up_over_its_dispatches())
        .must_find(["P29"]);
    resting(scenario, ATTEMPTS_MAX, LEASES)
}
