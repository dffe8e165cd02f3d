//! A sweep that takes longer than its interval is not overtaken by the next one.

use std::time::Duration;

use chaosdrill::{
    Mark, Scenario,
    fault::{Restart, at_time},
};
use chaosdrill_target_notification::ServerConfig;

use crate::{
    checks::loops::{LoopTimes, Servers},
    clients::{create_all, minutes},
    stage::{NotificationStage, SERVERS, resting_on, set_loops, watched},
};

/// The processor has a long timeout, the retry loop a short one.
const SLOW: Servers = Servers {
    processor: LoopTimes { timeout: Duration::from_secs(5 * 60), ..SERVERS.processor },
    retry: LoopTimes { timeout: Duration::from_secs(20), ..SERVERS.retry },
    ..SERVERS
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("notification/slow-sweep")
        .claim("a loop runs one sweep at a time: a tick during a slow sweep is skipped, and later ticks are not")
        .topology(|stage| {
            let slow = |config: &mut ServerConfig| set_loops(config, SLOW);
            let stage = stage.api().notifier().server("s1", slow).server("s2", slow);
            watched(stage).client("sender", |workload| async move {
                create_all(&workload, "quick", &["calm"; 3]).await;
                create_all(&workload, "slow", &["takes long"; 30]).await;
                create_all(&workload, "slower", &["takes too long"; 4]).await;
                minutes(10).await;
                Ok(())
            })
        })
        // A restarted server finds the backlog too, and its first sweep is as slow as the others.
        .faults_drawn(|stream| {
            let at_ms = stream.between(5_000, 200_000);
            let back = Restart::After(Duration::from_secs(stream.between(1, 20)));
            vec![at_time(Duration::from_millis(at_ms)).kill("s1", back)]
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(Mark::observed("sweep.skipped"))
        .sometimes(Mark::observed("sweep.left"))
        .must_find(["N15", "N15c", "N64"]);
    resting_on(SLOW, scenario, 0)
}
