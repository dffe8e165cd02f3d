//! The lists of an operator and the numbers of a monitoring system are right while notifications come and go.

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

/// How often the operator looks.
const LOOKS: usize = 60;

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
                    for round in ["a", "b", "c"] {
                        create_all(&workload, round, &moods(&workload, known, 12)).await;
                        minutes(1).await;
                    }
                    minutes(24).await;
                    Ok(())
                })
                .client("operator", |workload| async move {
                    let mut stream = workload.stream("looks");
                    for _ in 0..workload.steps(LOOKS) {
                        list(&workload, "", 1, 500).await;
                        rest(&mut stream, 100).await;
                        list(&workload, "", 2, 3).await;
                        rest(&mut stream, 8_000).await;
                    }
                    for _ in 0..workload.steps(LOOKS / 3) {
                        list(&workload, "dead", 1, 50).await;
                        measure(&workload).await;
                        measure_unwired(&workload).await;
                        rest(&mut stream, 120_000).await;
                    }
                    Ok(())
                })
        })
        .faults_drawn(|stream| {
            let kinds = [ErrorKind::Reset, ErrorKind::Full];
            let mut faults = Vec::new();
            for (site, hits) in [("sql:notifications.list", 60), ("sql:metrics.dead", 10)] {
                let kind = stream.pick(&kinds).copied().unwrap_or(ErrorKind::Full);
                let hit = stream.between(1, hits) as u32;
                faults.push(at(site).on_any().hit(hit).error(kind));
            }
            faults
        })
        .chaos_at_most(std::time::Duration::from_secs(60 * 60))
        .sometimes(checks::marks::a_list_of_dead_letters_was_shown());
    resting(scenario, 0)
        .always(checks::lists::metrics_tell_the_dead())
        .always(checks::lists::unwired_statistics_are_zero())
}
