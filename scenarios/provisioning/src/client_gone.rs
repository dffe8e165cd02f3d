//! W10: the client closes its connection in the middle of its request, and retries.

use std::time::Duration;

use chaosdrill::{
    Scenario, Stream,
    fault::{ErrorKind, Fault, at},
};
use chaosdrill_target_provisioning::{Operation, Script, Scripted};

use crate::{
    checks,
    clients::{any_type, provision, rest, wish},
    stage::{ProvisioningStage, guarded, watched},
};

/// Some calls of the backend are slow.
const SCRIPTS: [Script; 2] = [
    Script {
        operation: Operation::Create,
        resource_type: None,
        after: 0,
        count: 1,
        how: Scripted::Slow(Duration::from_secs(2)),
    },
    Script {
        operation: Operation::Delete,
        resource_type: None,
        after: 0,
        count: 1,
        how: Scripted::Slow(Duration::from_secs(1)),
    },
];

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("provisioning/client-gone")
        .must_find(["R20"])
        .claim("a client that disconnects cancels neither a provision nor a rollback, and gets its resource with a repeated request")
        .topology(|stage| {
            watched(stage.platform(&SCRIPTS)).client("customer", |workload| async move {
                let mut stream = workload.stream("wishes");
                for number in 0..6 {
                    let of = any_type(&mut stream);
                    let waits: Vec<_> = (0..2).map(|_| impatience(&mut stream)).collect();
                    let wish = wish(format!("wish-{number}"), of).impatient(waits);
                    provision(&workload, &["h1:80", "h2:80"], &wish).await;
                    rest(&mut stream, 500).await;
                }
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            const STEPS: [&str; 3] =
                ["sql:resources.set_url", "sql:resources.set_provider", "sql:resources.activate"];
            let mut fault = |site: &&str| -> Fault {
                at(*site).on_any().hit(stream.between(1, 5) as u32).error(ErrorKind::Full)
            };
            STEPS.iter().map(&mut fault).collect()
        })
        .sometimes(checks::marks::a_customer_came_again())
        .sometimes(checks::marks::answered_with("provision_failed"));
    guarded(scenario)
}

/// A time that may end anywhere between the row and the audit.
fn impatience(stream: &mut Stream) -> Duration {
    Duration::from_millis(stream.between(10, 3_000))
}
