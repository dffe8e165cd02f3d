//! Ids and prefixes may contain any bytes, including those that languages quote differently.

use chaosdrill::{
    Scenario,
    fault::{ErrorKind, at},
};
use chaosdrill_scenarios_common::sample::sample;
use chaosdrill_target_provisioning::ResourceType;
use proptest::{collection::vec, prelude::Strategy, sample::select};

use crate::{
    checks,
    clients::{provision, wish},
    stage::{ProvisioningStage, guarded, watched},
};

/// Text of control bytes, quotes, backslashes and letters of other scripts.
fn odd() -> impl Strategy<Value = String> {
    const ODD: [char; 10] =
        ['\u{1}', '\u{7}', '\u{7f}', '\n', '"', '\'', '\\', 'é', '\u{2028}', '{'];
    vec(select(ODD.to_vec()), 1..6).prop_map(|letters| letters.into_iter().collect())
}

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("provisioning/odd-bytes")
        .must_find(["R22"])
        .claim("resources are provisioned and failures are audited, whatever bytes are in ids and prefixes")
        .topology(|stage| {
            let stage = stage.handler("h1").handler("h2").backend_with_suffix("\u{1}\u{7}\"\\").neighbours();
            watched(stage).client("customer", |workload| async move {
                let mut stream = workload.stream("bytes");
                let steps = workload.steps(ResourceType::AT_ONCE.len());
                for (number, of) in ResourceType::AT_ONCE.into_iter().enumerate().take(steps) {
                    let mut wish = wish(format!("{number}{}", sample(&mut stream, &odd())), of);
                    wish.ask.log_prefix = sample(&mut stream, &odd());
                    wish.ask.env = sample(&mut stream, &odd());
                    provision(&workload, &["h1:80", "h2:80"], &wish).await;
                }
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            const STEPS: [&str; 3] =
                ["sql:resources.set_url", "sql:resources.set_provider", "sql:resources.activate"];
            let site = stream.pick(&STEPS).copied().unwrap_or(STEPS[0]);
            (1..4).map(|hit| at(site).on_any().hit(2 * hit).error(ErrorKind::Full)).collect::<Vec<_>>()
        })
        .sometimes(checks::marks::answered_with("provision_failed"))
        .sometimes(checks::marks::a_customer_was_served());
    guarded(scenario)
}
