//! An answer means something: what is acknowledged is stored in all its parts, and what is refused is not.

use std::time::Duration;

use chaosdrill::{
    Scenario, Workload,
    fault::{ErrorKind, at},
    rt::time,
};
use chaosdrill_target_notification::{Channel, Notification};

use crate::{
    checks,
    clients::{create, create_all, ids_of, mark_read, moods, notification, requeue},
    stage::{NotificationStage, resting, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("notification/answers")
        .claim("what the API acknowledges is stored in all its parts at that moment, and what it refuses is not")
        .topology(|stage| {
            watched(stage.pipeline()).client("sender", |workload| async move {
                create_all(&workload, "n", &moods(&workload, &["calm", "refused once"], 8)).await;
                wish_in_vain(&workload).await;
                // What was refused once has not been tried again yet.
                time::sleep(Duration::from_secs(90)).await;
                for id in ids_of(&workload, "sent").await.iter().take(3) {
                    requeue(&workload, id).await;
                    mark_read(&workload, id).await;
                    mark_read(&workload, id).await;
                }
                for id in ids_of(&workload, "failed").await.iter().take(3) {
                    mark_read(&workload, id).await;
                    requeue(&workload, id).await;
                }
                requeue(&workload, "unknown").await;
                mark_read(&workload, "unknown").await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let kinds = [ErrorKind::Reset, ErrorKind::Full, ErrorKind::Busy];
            let kind = stream.pick(&kinds).copied().unwrap_or(ErrorKind::Full);
            // The first request is lost before anything is stored, and a later one after that.
            let create = |hit| at("sql:notifications.create").on_any().hit(hit);
            vec![create(1).error(kind), create(stream.between(3, 8) as u32).lost_ack()]
        })
        .chaos_at_most(Duration::from_secs(20 * 60))
        .sometimes(checks::marks::a_notification_was_refused())
        .sometimes(checks::marks::a_requeue_was_refused())
        .sometimes(checks::marks::a_notification_became("read"));
    resting(scenario, 3).must_find(["N42", "N43", "N44", "N45", "N71"])
}

/// Asks for notifications that the API refuses.
async fn wish_in_vain(workload: &Workload) {
    let right = |id: &str| notification(id, Channel::Email, "calm");
    let wishes = [
        Notification { recipient: String::new(), ..right("without-recipient") },
        Notification { kind: String::new(), ..right("without-type") },
        Notification { id: "with a blank".to_owned(), ..right("") },
        Notification { message: "long ".repeat(4_000), ..right("too-long") },
        // The id belongs to another notification.
        Notification { recipient: "somebody@example.com".to_owned(), ..right("n-000") },
    ];
    for wish in &wishes {
        create(workload, wish).await;
    }
}
