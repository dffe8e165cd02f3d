//! A server that settles late, after it has begun the next attempt of the same notification in its other loop.

use std::time::Duration;

use chaosdrill::{
    Mark, Scenario, Stream,
    fault::{Fault, at},
    rt::time,
};
use chaosdrill_target_notification::{Channel, LoopConfig, ServerConfig};

use crate::{
    checks::loops::Servers,
    clients::{create, minutes, notification},
    stage::{NotificationStage, SERVERS, resting_on, watched},
};

/// The first notification is sent, the second is refused once, and the third has no notifier.
const WISHES: [(&str, Channel, &str); 3] = [
    ("success", Channel::Email, "calm"),
    ("failure", Channel::Email, "refused once"),
    ("nowhere", Channel::Teams, "calm"),
];

/// The ticks: a claim of the processor is taken back by the retry loop 75 seconds later, and the next attempt begins 165
/// seconds later, with each notification. The processor is not cut off before its late attempt has ended.
const ONE: Servers = Servers {
    names: &["s1"],
    processor: LoopConfig { timeout: Duration::from_secs(30 * 60), ..SERVERS.processor },
    retry: LoopConfig { every: Duration::from_secs(45), ..SERVERS.retry },
};

/// How long the second attempt waits in its middle.
const WAITS: Duration = Duration::from_secs(20);

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("notification/late-settle")
        .claim("a server that ends an attempt late, while its other loop makes the next one, changes nothing")
        .topology(|stage| {
            let one = |config: &mut ServerConfig| {
                (config.processor, config.retry) = (ONE.processor, ONE.retry);
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
