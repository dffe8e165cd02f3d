//! A requeue by an operator restores all attempts of a notification at once, and no sent notification is sent again.

use std::time::Duration;

use chaosdrill::{Mark, Scenario, Workload, fault::at};
use chaosdrill_target_notification::ServerConfig;

use crate::{
    checks,
    checks::loops::{LoopTimes, Servers},
    clients::{create_all, ids_of, mark_read, minutes, moods, requeue, rest},
    stage::{NotificationStage, SERVERS, resting, resting_on, set_loops, watched},
};

/// How often the operator requeues all notifications.
const ROUNDS: usize = 6;

const MOODS: [&str; 5] =
    ["calm", "refused once", "refused thrice", "refused always", "denied always"];

/// Servers whose sweeps are not cut off before a late attempt has ended.
const PATIENT: Servers = Servers {
    processor: LoopTimes { timeout: PATIENCE, ..SERVERS.processor },
    retry: LoopTimes { timeout: PATIENCE, ..SERVERS.retry },
    ..SERVERS
};

const PATIENCE: Duration = Duration::from_secs(30 * 60);

pub(crate) fn by_an_operator() -> Scenario {
    let scenario = Scenario::new("notification/requeue")
        .claim("a requeue gives all attempts back in one step, and only to notifications that failed or were given up")
        .topology(|stage| {
            watched(stage.pipeline()).client("operator", |workload| async move {
                create_all(&workload, "n", &moods(&workload, &MOODS, 8)).await;
                for id in ids_of(&workload, "sent").await.iter().take(1) {
                    mark_read(&workload, id).await;
                }
                operate(&workload, &["failed", "dead", "sent", "read"], 200_000).await;
                Ok(())
            })
        })
        .chaos_at_most(Duration::from_secs(90 * 60))
        .sometimes(checks::marks::a_notification_was_requeued())
        .sometimes(checks::marks::a_requeue_was_refused())
        .must_find(["N11", "N11b", "N11c", "N45"]);
    resting(scenario, ROUNDS)
}

/// The same while servers stall in the middle of their work, for longer than their claims are valid.
pub(crate) fn racing_the_retry() -> Scenario {
    let scenario = Scenario::new("notification/requeue-races-retry")
        .claim("a requeue during an attempt is neither undone nor hidden by the attempt, however late it ends")
        .topology(|stage| {
            let patient = |config: &mut ServerConfig| set_loops(config, PATIENT);
            let stage = stage.api().notifier().server("s1", patient).server("s2", patient);
            watched(stage).client("operator", |workload| async move {
                create_all(&workload, "n", &moods(&workload, &MOODS, 8)).await;
                operate(&workload, &["failed", "dead"], 45_000).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let sites = ["fp:delivery.after_claim", "fp:delivery.after_send", "fp:sweep.after_list"];
            let mut stalls = Vec::new();
            // The first stall is in the middle of an attempt: another server takes the notification back meanwhile.
            for sites in [&sites[..2], &sites, &sites] {
                let site = stream.pick(sites).copied().unwrap_or(sites[0]);
                let lasts = Duration::from_secs(stream.between(200, 1_200));
                stalls.push(at(site).on_any().hit(stream.between(1, 8) as u32).stall(lasts));
            }
            stalls
        })
        .chaos_at_most(Duration::from_secs(90 * 60))
        .sometimes(checks::marks::a_requeue_fell_into_a_stall())
        .sometimes(Mark::observed("delivery.settle_refused"))
        .must_find(["N12"]);
    resting_on(PATIENT, scenario, ROUNDS)
}

/// Requeues all notifications with these statuses, again and again.
async fn operate(workload: &Workload, statuses: &[&str], ms_max: u64) {
    let mut stream = workload.stream("operator");
    for _ in 0..ROUNDS {
        minutes(1).await;
        rest(&mut stream, ms_max).await;
        let status = stream.pick(statuses).copied().unwrap_or("failed");
        let mut seen = Vec::new();
        for status in [status, "failed"] {
            for id in ids_of(workload, status).await {
                if !seen.contains(&id) {
                    requeue(workload, &id).await;
                    seen.push(id);
                }
            }
        }
    }
}
