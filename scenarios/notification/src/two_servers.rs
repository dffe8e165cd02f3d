//! Two servers that list the same rows send each of them once.

use std::time::Duration;

use chaosdrill::{Scenario, fault::at};

use crate::{
    checks,
    clients::{create_all, minutes, moods},
    stage::{NotificationStage, resting, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("notification/two-servers-race")
        .claim("if two servers list the same notifications, each notification is sent by only one of them")
        .topology(|stage| {
            watched(stage.pipeline()).client("sender", |workload| async move {
                let known = &["calm", "calm", "refused once", "takes long"];
                create_all(&workload, "n", &moods(&workload, known, 15)).await;
                minutes(4).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let late = Duration::from_millis(stream.between(5, 5_000));
            let sites = ["sql:notifications.claim", "sql:notifications.pending", "net:notify.connect"];
            let site = stream.pick(&sites).copied().unwrap_or(sites[0]);
            vec![at(site).on_any().hit(stream.between(1, 8) as u32).delay(late)]
        })
        .sometimes(checks::marks::two_servers_listed_the_same_rows())
        .must_find(["N14"]);
    resting(scenario, 0)
}
