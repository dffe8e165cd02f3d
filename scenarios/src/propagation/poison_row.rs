//! A row that kills whoever carries it out is given up in the end, and holds up nobody.

use std::time::Duration;

use chaosdrill::{
    Scenario,
    fault::{FaultExt, Restart, at},
};

use crate::{
    checks::bounds,
    propagation::{
        checks,
        clients::customers,
        stage::{ATTEMPTS_MAX, PropagationStage, resting, watched},
    },
};

/// Dispatches that may begin for one row.
const PICKS_MAX: u32 = 20;

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/poison-row")
        .claim("a row that kills its runner at each dispatch is given up after twenty of them")
        .topology(|stage| {
            let stage = stage.api().provisioner(vec![]).workers(&["w1"]);
            watched(stage).client("customers", |workload| async move {
                customers(&workload, &["poison"], &["postgres"]).await
            })
        })
        .faults((1..=PICKS_MAX + 4).map(|hit| {
            let back = Restart::After(Duration::from_secs(1));
            let kill = at("fp:runner.after_dispatch").on_any().hit(hit).crash_before(back);
            // Past the bound there is nothing left to dispatch.
            if hit > PICKS_MAX { kill.optional() } else { kill }
        }))
        .chaos_at_most(Duration::from_secs(4 * 60 * 60))
        .always(bounds::effects_stay_within_the_bound(
            "provisioner.called",
            "propagation",
            PICKS_MAX as usize,
        ))
        .sometimes(checks::marks::a_host_went_down())
        .sometimes(checks::marks::a_row_was_taken_over());
    resting(scenario, ATTEMPTS_MAX, Duration::from_secs(60 * 60))
}
