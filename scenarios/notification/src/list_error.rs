//! If a list fails midway, none of it is sent, and the next sweep sends all of it.

use chaosdrill::{
    Mark, Scenario,
    fault::{ErrorKind, at},
};

use crate::{
    clients::{create_all, minutes, moods},
    stage::{NotificationStage, resting, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("notification/list-error")
        .claim("a sweep whose listing fails halfway sends nothing, and the next sweep sends everything")
        .topology(|stage| {
            watched(stage.pipeline()).client("sender", |workload| async move {
                let known = &["calm", "refused once"];
                create_all(&workload, "n", &moods(&workload, known, 30)).await;
                minutes(5).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let kinds = [ErrorKind::Reset, ErrorKind::Full, ErrorKind::Busy];
            let mut faults = Vec::new();
            for site in ["sql:notifications.pending", "sql:notifications.due"] {
                let kind = stream.pick(&kinds).copied().unwrap_or(ErrorKind::Reset);
                let hit = stream.between(2, 7) as u32;
                faults.push(at(site).on_any().hit(hit).error(kind));
            }
            faults
        })
        .sometimes(Mark::observed("list.failed"))
        .must_find(["N8"]);
    resting(scenario, 0)
}
