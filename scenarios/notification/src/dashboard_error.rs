//! A failed count leaves a gap on the dashboard, and nothing more.

use chaosdrill::{
    Scenario,
    fault::{ErrorKind, at},
};

use crate::{
    checks,
    clients::{create_all, look, minutes, moods},
    stage::{NotificationStage, resting, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("notification/dashboard-error")
        .claim(
            "the dashboard answers even if a count fails, and the counts that it shows are right",
        )
        .topology(|stage| {
            watched(stage.pipeline()).client("visitor", |workload| async move {
                let known = &["calm", "refused once", "refused always"];
                create_all(&workload, "n", &moods(&workload, known, 10)).await;
                // At each look there is one that waits.
                for round in ["a", "b", "c", "d", "e", "f", "g", "h"] {
                    create_all(&workload, round, &["calm"]).await;
                    look(&workload).await;
                    minutes(1).await;
                }
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let kinds = [ErrorKind::Reset, ErrorKind::Full];
            let mut faults = Vec::new();
            for site in ["sql:dashboard.count", "sql:dashboard.oldest"] {
                let kind = stream.pick(&kinds).copied().unwrap_or(ErrorKind::Full);
                let hit = stream.between(1, 8) as u32;
                faults.push(at(site).on_any().hit(hit).error(kind));
            }
            faults
        })
        .sometimes(checks::marks::the_dashboard_was_shown_without_counts())
        .must_find(["N20b", "N55"]);
    resting(scenario, 0)
}
