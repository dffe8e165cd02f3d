//! A notifier that fails for a while delays a notification; one that always fails makes it a dead letter.

use std::time::Duration;

use chaosdrill::{Mark, Scenario};

use crate::{
    checks,
    clients::{create_all, look, minutes, moods},
    stage::{NotificationStage, resting, watched},
};

pub(crate) fn for_a_while() -> Scenario {
    let scenario = failing(
        "notification/notifier-fails-for-a-while",
        &["calm", "refused once", "refused thrice", "denied once"],
    )
    .claim("a notification that its notifier refuses for a while is retried on schedule, and sent")
    .must_find(["N1", "N2", "N6", "N17"]);
    resting(scenario, 0)
}

pub(crate) fn always() -> Scenario {
    let scenario = failing(
        "notification/notifier-always-fails",
        &["calm", "refused always", "denied always", "takes too long"],
    )
    .claim("a notification that is always refused is dead after five attempts, and the others are sent")
    .sometimes(checks::marks::a_notification_became("dead"))
    .must_find(["N3", "N3b", "N4", "N21", "N23", "N26", "N27", "N29", "N73"]);
    resting(scenario, 0)
}

fn failing(name: &str, known: &'static [&'static str]) -> Scenario {
    Scenario::new(name)
        .topology(move |stage| {
            watched(stage.pipeline()).client("sender", move |workload| async move {
                create_all(&workload, "n", &moods(&workload, known, 12)).await;
                for _ in 0..4 {
                    minutes(5).await;
                    look(&workload).await;
                }
                Ok(())
            })
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(Mark::observed("notifier.refused"))
}
