//! A server that settles late, after it has begun the next attempt of the same notification in its other loop.

use std::time::Duration;

use chaosdrill::{
    Mark, Scenario, Stream,
    fault::{Fault, at},
    rt::time,
};
use chaosdrill_target_notification::{Channel, ServerConfig};

use crate::{
    checks::loops::{LoopTimes, Servers},
    clients::{create, minutes, notification},
    stage::{NotificationStage, SERVERS, resting_on, set_loops, watched},
};

/// The first notification is sent, the second is refused once, and the third has no notifier.
const WISHES: [(&str, Channel, &str); 3] = [
    ("success", Channel::Email, "calm"),
    ("failure", Channel::Email, "refused once"),
    ("nowhere", Channel::Teams, "calm"),
];

/// The retry loop takes back what the processor has claimed 75 seconds after that claim, and makes the next attempt 165
/// seconds after it. That is so with each notification: they come at a multiple of both intervals. The processor is not
/// cut off before its late attempt has ended.
const ONE: Servers = Servers {
    names: &["s1"],
    processor: LoopTimes { timeout: Duration::from_secs(30 * 60), ..SERVERS.processor },
    retry: LoopTimes { every: Duration::from_secs(45), ..SERVERS.retry },
};

/// How long the second attempt waits in its middle.
const WAITS: Duration = Duration::from_secs(20);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("notification/late-settle")
        .claim("a server that ends an attempt late, while its other loop makes the next one, changes nothing")
        .topology(|stage| {
            let one = |config: &mut ServerConfig| {
                set_loops(config, ONE);
                drop(config.notifiers.remove(&Channel::Teams));
            };
            watched(stage.api().notifier().server("s1", one)).client(
                "sender",
                |workload| async move {
                    // Not at the time of a tick.
                    time::sleep(Duration::from_secs(20)).await;
                    for (id, channel, message) in WISHES {
                        create(&workload, &notification(id, channel, message)).await;
                        minutes(12).await;
                    }
                    Ok(())
                },
            )
        })
        .faults_drawn(|stream| (0..WISHES.len() as u32).flat_map(|nth| late(nth, stream)).collect())
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(Mark::observed("delivery.settle_refused"))
        .must_find(["N58", "N59", "N60"]);
    resting_on(ONE, scenario, 0)
}

/// The first attempt of a notification ends in the middle of its second one.
fn late(nth: u32, stream: &mut Stream) -> [Fault; 2] {
    let attempt = |number| at("fp:delivery.after_claim").on_any().hit(2 * nth + number);
    let ends = Duration::from_secs(stream.between(168, 182));
    [attempt(1).delay(ends), attempt(2).delay(WAITS)]
}
