//! The lists of an operator and the numbers of a monitoring system are right while notifications come and go.

use std::time::Duration;

use chaosdrill::{
    Scenario,
    fault::{ErrorKind, at},
};
use chaosdrill_target_notification::{ApiConfig, run_api};

use crate::{
    checks,
    clients::{create_all, list, measure, measure_unwired, minutes, moods, rest},
    stage::{NotificationStage, resting, url, watched},
};

/// The rounds in which notifications arrive.
const ROUNDS: [&str; 3] = ["a", "b", "c"];

/// How many lists the operator asks for in such a round.
const LISTS_PER_ROUND: usize = 20;

/// How often the operator looks after that: until the first dead letters are there.
const LOOKS: usize = 17;

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("notification/lists")
        .claim("lists of all notifications and of dead letters, their totals and the metrics are right, also while requests for them fail")
        .topology(|stage| {
            let unwired = || {
                let config = ApiConfig { has_statistics: false, ..ApiConfig::new(url()) };
                run_api(config)
            };
            watched(stage.pipeline().host("unwired", unwired))
                .client("sender", |workload| async move {
                    let known = &["calm", "refused once", "refused always"];
                    create_all(&workload, "n", &["refused always"]).await;
                    for round in ROUNDS {
                        create_all(&workload, round, &moods(&workload, known, 10)).await;
                        minutes(1).await;
                    }
                    Ok(())
                })
                .client("operator", |workload| async move {
                    // First as fast as possible, while notifications arrive; then until some are dead.
                    for _ in ROUNDS {
                        for _ in 0..workload.steps(LISTS_PER_ROUND) {
                            list(&workload, "", 1, 500).await;
                        }
                        list(&workload, "", 2, 3).await;
                        minutes(1).await;
                    }
                    let mut stream = workload.stream("looks");
                    for _ in 0..workload.steps(LOOKS) {
                        list(&workload, "", 1, 500).await;
                        list(&workload, "dead", 1, 50).await;
                        measure(&workload).await;
                        measure_unwired(&workload).await;
                        minutes(1).await;
                        rest(&mut stream, 60_000).await;
                    }
                    Ok(())
                })
        })
        .faults_drawn(|stream| {
            let kinds = [ErrorKind::Reset, ErrorKind::Full];
            let mut faults = Vec::new();
            for (site, hits) in [("sql:notifications.list", 60), ("sql:metrics.dead", 15)] {
                let kind = stream.pick(&kinds).copied().unwrap_or(ErrorKind::Full);
                let hit = stream.between(1, hits) as u32;
                faults.push(at(site).on_any().hit(hit).error(kind));
            }
            faults
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(checks::marks::a_list_of_dead_letters_was_shown());
    resting(scenario, 0)
        .always(checks::lists::metrics_tell_the_dead())
        .always(checks::lists::unwired_statistics_are_zero())
        .must_find(["N39", "N40", "N41", "N47", "N52"])
}
