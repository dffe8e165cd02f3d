//! Retries keep their schedule to the millisecond, and begin at the first tick after they are due.

use std::time::Duration;

use chaosdrill::Scenario;
use chaosdrill_scenarios_common::checks::rest;
use chaosdrill_target_notification::ServerConfig;

use crate::{
    checks,
    checks::{
        loops::{LoopTimes, Servers},
        rows::ITEMS,
    },
    clients::{create_all, minutes},
    stage::{NotificationStage, SERVERS, SETTLED, budgeted, resting, set_loops, watched},
};

/// The tick interval, plus the time a sweep may take to reach a notification.
const LATE_MS_MAX: i64 = 2 * 60_000 + 30_000;

pub(crate) fn to_the_millisecond() -> Scenario {
    let scenario = Scenario::new("notification/schedule")
        .claim("retries are due 1, 2, 4 and 8 minutes after the failures, and happen at the first tick after that")
        .topology(|stage| {
            watched(stage.pipeline()).client("sender", |workload| async move {
                create_all(&workload, "n", &["refused always", "refused thrice", "refused once"]).await;
                minutes(30).await;
                Ok(())
            })
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(checks::marks::a_notification_became("dead"));
    resting(scenario, 0)
        .must_find(["N5", "N68", "N69"])
        .always(checks::delivery::attempts_come_when_they_are_due(LATE_MS_MAX))
}

/// Enough doublings to exceed an hour, and to overflow 32-bit numbers.
const RAISED: i64 = 20;

/// One server, whose processor is idle for most of this time.
const IDLE: Servers = Servers {
    names: &["s1"],
    processor: LoopTimes { every: Duration::from_secs(10 * 60), ..SERVERS.processor },
    ..SERVERS
};

pub(crate) fn with_a_raised_budget() -> Scenario {
    let scenario = Scenario::new("notification/schedule-raised-budget")
        .claim("no retry waits longer than an hour, and none happens at once, however large the budget is")
        .topology(|stage| {
            let raised = |config: &mut ServerConfig| {
                config.attempts_max = RAISED;
                set_loops(config, IDLE);
            };
            watched(stage.api().notifier().server("s1", raised)).client(
                "sender",
                |workload| async move {
                    create_all(&workload, "n", &["refused always", "refused thrice"]).await;
                    Ok(())
                },
            )
        })
        .chaos_at_most(Duration::from_secs(60 * 60));
    budgeted(scenario, RAISED, IDLE)
        .must_find(["N5b", "N5c"])
        .always(checks::rows::schedule())
        .always(rest::terminal_is_final(ITEMS))
        .always(checks::delivery::attempts_come_when_they_are_due(LATE_MS_MAX))
        .eventually(rest::every_item_comes_to_rest(ITEMS), SETTLED + Duration::from_secs(17 * 3600))
}
