//! A backlog is sent oldest first, and no notification in it starves.

use std::time::Duration;

use chaosdrill::Scenario;
use chaosdrill_scenarios_common::checks::fault_free::where_fault_free;
use chaosdrill_target_notification::ServerConfig;

use crate::{
    checks,
    clients::{create_all, look, minutes},
    stage::{NotificationStage, resting, watched},
};

/// More than any page size that was ever reduced silently.
const COUNT: usize = 70;

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("notification/backlog")
        .claim(
            "a backlog is sent in one pass, the oldest first, and the dashboard counts all of it",
        )
        .topology(|stage| {
            // Servers list as many notifications at once as they may send.
            let whole = |config: &mut ServerConfig| config.page = config.limit;
            let stage = stage.api().notifier().server("s1", whole).server("s2", whole);
            watched(stage).client("sender", |workload| async move {
                create_all(&workload, "n", &["calm"; COUNT]).await;
                look(&workload).await;
                minutes(2).await;
                look(&workload).await;
                Ok(())
            })
        });
    resting(scenario, 0)
        .must_find(["N19", "N20", "N53", "N54"])
        .always(where_fault_free(checks::order::oldest_first()))
        .always(where_fault_free(checks::order::nobody_starves(Duration::from_secs(65), "nobody")))
}
