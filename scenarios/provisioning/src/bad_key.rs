//! An invalid key is detected at step 1, when the object exists already.

use chaosdrill::Scenario;
use chaosdrill_target_provisioning::ResourceType;

use crate::{
    checks,
    clients::{any_type, provision, rest, show_by, wish},
    stage::{ProvisioningStage, guarded, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("provisioning/bad-key")
        .must_find(["R1", "R4", "R5", "R10", "R11", "R24", "R43", "R59", "R65"])
        .claim("a host with a bad key provisions nothing and leaves nothing behind, and another host serves the customer")
        .topology(|stage| {
            let stage = stage.handler_with("h1", |config| config.key = "not a key".to_owned());
            let stage = stage.handler("h2").backend(&[]).neighbours();
            watched(stage).client("customer", |workload| async move {
                let mut stream = workload.stream("rests");
                for of in ResourceType::AT_ONCE {
                    let request = wish(format!("wish-{}", of.name()), of);
                    provision(&workload, &["h1:80", "h2:80"], &request).await;
                    rest(&mut stream, 300).await;
                }
                // What the other host has made, this one cannot read.
                let of = any_type(&mut stream);
                let request = wish(format!("wish-{}", of.name()), of);
                provision(&workload, &["h1:80", "h2:80"], &request).await;
                show_by(&workload, &["h1:80", "h2:80"], &request.ask.request_id).await;
                Ok(())
            })
        })
        .sometimes(checks::marks::answered_with("provision_failed"))
        .sometimes(checks::marks::answered_with("store_unavailable"))
        .sometimes(checks::marks::a_customer_came_again());
    guarded(scenario)
}
