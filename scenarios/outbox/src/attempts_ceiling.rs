//! No message is attempted forever, whether its attempts are refused or crash the dispatchers that make them.

use std::time::Duration;

use chaosdrill::{
    Mark, Scenario,
    fault::{FaultExt, Restart, at},
};
use chaosdrill_target_outbox::{DispatcherConfig, Refusal};

use crate::{
    checks,
    checks::rows::is,
    clients::{deposit, open, send},
    stage::{OutboxStage, delivering_unless, watched},
};

/// The ceilings of attempts, one for refused attempts and one for attempts that crash their dispatcher.
const REFUSALS_MAX: u32 = 4;
const CRASHES_MAX: u32 = 2;

/// A short lease and a short request timeout, so that the ceiling is reached within minutes.
fn impatient(attempts_max: u32) -> impl Fn(&mut DispatcherConfig) + Copy {
    move |config| {
        config.attempts_max = attempts_max;
        config.lease = Duration::from_secs(10);
        config.request_timeout = Duration::from_secs(2);
    }
}

/// The broker refuses one message forever.
pub(crate) fn of_refusals() -> Scenario {
    let scenario = Scenario::new("outbox/attempts-ceiling")
        .claim("a message that is always refused is given up at the attempt limit, with the reason, and the others are published")
        .topology(|stage| {
            let refusals = [Refusal { payload_contains: "13".to_owned(), first: u32::MAX }];
            let stage = stage.ingress("ingress").broker_refusing(&refusals).consumer();
            let stage = stage.dispatcher("d1", impatient(REFUSALS_MAX)).dispatcher("d2", impatient(REFUSALS_MAX));
            watched(stage).client("sender", |workload| async move {
                send(&workload, "ingress:80", &open("a")).await;
                for (number, amount) in [7, 13, 8].into_iter().enumerate() {
                    send(&workload, "ingress:80", &deposit(format!("deposit-{number}"), "a", amount)).await;
                }
                Ok(())
            })
        })
        .sometimes(Mark::observed("broker.refused"));
    ceiling(scenario, REFUSALS_MAX).must_find(["O17", "O17c"])
}

/// A message that crashes every dispatcher that claims it.
pub(crate) fn of_crashes() -> Scenario {
    let scenario = Scenario::new("outbox/attempts-ceiling-of-crashes")
        .claim("a message that crashes its holder is given up at the attempt limit, and the others are published")
        .topology(|stage| {
            let stage = stage.ingress("ingress").broker().consumer().dispatcher("d1", impatient(CRASHES_MAX));
            watched(stage).client("sender", |workload| async move {
                send(&workload, "ingress:80", &open("a")).await;
                Ok(())
            })
        })
        .faults((1..=2 * CRASHES_MAX).map(|hit| {
            let kill = at("fp:outbox.after_claim").on_any().hit(hit).crash_before(Restart::After(Duration::from_secs(1)));
            // Beyond the ceiling there is no claim to strike.
            if hit > CRASHES_MAX { kill.optional() } else { kill }
        }))
        .chaos_at_most(Duration::from_secs(5 * 60))
        .sometimes(Mark::observed("outbox.buried"));
    ceiling(scenario, CRASHES_MAX).must_find(["O17b"])
}

fn ceiling(scenario: Scenario, attempts_max: u32) -> Scenario {
    delivering_unless(scenario, |row| is(row, "failed"))
        .always(checks::claims::attempts_stay_within(i64::from(attempts_max)))
        .always(checks::attempts::messages_are_given_up_only_at_the_ceiling(i64::from(
            attempts_max,
        )))
}
