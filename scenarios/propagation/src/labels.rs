//! However many names come from outside, the metrics use a small fixed set of labels.

use std::time::Duration;

use chaosdrill::{Mark, Scenario};
use chaosdrill_target_propagation::{Answer, run_worker};

use crate::{
    checks,
    clients::{team, upgrade, upgrade_by},
    stage::{PropagationStage, resting, script, watched, worker_config},
};

/// Each row is given up at once, because this scenario is about the counters.
const ATTEMPTS_MAX: i64 = 1;

const NAMES: usize = 40;

/// Fewer than there are rows at the first tick.
const BATCH: u32 = 10;

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/labels")
        .claim("unknown reasons and kinds are counted under labels from a fixed list")
        .topology(|stage| {
            let scripts = vec![
                script("odd-", u32::MAX, Answer::Skip("{token}".to_owned())),
                script("pod-", u32::MAX, Answer::Skip("Pod not found: {token}".to_owned())),
            ];
            let stage =
                ["w1", "w2"].into_iter().fold(stage.api().provisioner(scripts), |stage, name| {
                    stage.host(name, move || {
                        let mut config = worker_config(name);
                        (config.attempts_max, config.batch) = (ATTEMPTS_MAX, BATCH);
                        run_worker(config)
                    })
                });
            watched(stage).client("customers", |workload| async move {
                let mut stream = workload.stream("names");
                for number in 0..NAMES {
                    let name = stream.between(0, u64::MAX - 1);
                    let kind = if number % 3 == 0 { "pod" } else { "odd" };
                    let who = format!("{kind}-{name:x}");
                    team(&workload, &who, &["postgres"]).await;
                    if number % 2 == 0 {
                        upgrade(&workload, format!("up-{number}"), &who, "pro").await;
                    } else {
                        upgrade_by(
                            &workload,
                            format!("up-{number}"),
                            &who,
                            "pro",
                            &format!("kind_{name}"),
                        )
                        .await;
                    }
                }
                Ok(())
            })
        })
        .always(checks::claims::batches_are_bounded(BATCH as usize))
        .sometimes(Mark::observed("metric.unexpected_skip"))
        .sometimes(checks::marks::a_row_was_given_up())
        .must_find(["P8", "P8b", "P53"]);
    resting(scenario, ATTEMPTS_MAX, Duration::from_secs(40 * 60))
}

#[cfg(test)]
mod tests {
    use chaosdrill_target_propagation::{
        Release,
        kinds::{self, EXCLUDED, REGRADED},
        skips,
    };
    use proptest::prelude::*;

    use crate::checks::rows::KNOWN_KINDS;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn a_thousand_names_have_a_handful_of_labels(name in any::<String>()) {
            let kind = Release::Current.kind_label(&name);
            prop_assert!(KNOWN_KINDS.contains(&kind) || kind == "unknown_kind", "{kind}");
            let of_type = kinds::type_label(&name);
            let types = [REGRADED, EXCLUDED].concat();
            prop_assert!(types.contains(&of_type) || of_type == "other", "{of_type}");
            prop_assert!(skips::buckets().contains(&skips::bucket(&name)), "{name}");
        }
    }
}
