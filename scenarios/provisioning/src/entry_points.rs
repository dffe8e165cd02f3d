//! Each way to ask for a resource goes through the second phase: for a team, without an account, and as a twin.

use std::time::Duration;

use chaosdrill::{
    BoxError, Scenario, Stream, Workload,
    fault::{ErrorKind, Fault, at},
};
use chaosdrill_target_provisioning::{Operation, ResourceType, Script, Scripted};

use crate::{
    checks,
    clients::{delete, provision, rest, wish},
    stage::{ProvisioningStage, guarded, watched},
};

const HOSTS: [&str; 2] = ["h1:80", "h2:80"];

/// The types that have twins.
const TWINS: [ResourceType; 3] = [ResourceType::Db, ResourceType::Cache, ResourceType::Nosql];

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("provisioning/entry-points")
        .must_find(["R41", "R42", "R52", "R53", "R60"])
        .claim("whatever the entry point, a step that fails is rolled back and refused in the words of that entry point")
        .topology(|stage| watched(stage.platform(&[])).client("customer", customer))
        .faults_drawn(|stream: &mut Stream| {
            // Each failure costs one more try: a customer with a team takes the first 8, one without an account the
            // next 8, and twins are the rest.
            let mut fail = |from, to| -> Fault {
                let hit = stream.between(from, to) as u32;
                at("sql:resources.set_url").on_any().hit(hit).error(ErrorKind::Full)
            };
            vec![fail(1, 7), fail(9, 15), fail(17, 19)]
        })
        .sometimes(checks::marks::answered_with("provision_failed"))
        .sometimes(checks::marks::answered_with("twin_failed"))
        .sometimes(checks::marks::answered_with("unfit_original"))
        .sometimes(checks::marks::answered_with("not_found"));
    guarded(scenario)
}

async fn customer(workload: Workload) -> Result<(), BoxError> {
    let mut stream = workload.stream("rests");
    for of in ResourceType::AT_ONCE {
        provision(&workload, &HOSTS, &wish(of.name(), of)).await;
        rest(&mut stream, 300).await;
    }
    for of in ResourceType::AT_ONCE {
        let request = wish(format!("anonymous-{}", of.name()), of).anonymous();
        provision(&workload, &HOSTS, &request.lasting(ANONYMOUS)).await;
        rest(&mut stream, 300).await;
    }
    for of in TWINS {
        let request = wish(format!("twin-{}", of.name()), of).twin_of(of.name());
        provision(&workload, &HOSTS, &request).await;
        rest(&mut stream, 300).await;
    }
    // There is room for another two, but nothing that they could be like.
    for name in ["db", "queue"] {
        delete(&workload, HOSTS[0], name).await;
    }
    let unfit = [
        ("of-nobody", ResourceType::Db, "nobody"),
        ("of-deleted", ResourceType::Db, "db"),
        ("of-another-type", ResourceType::Db, "cache"),
        ("of-anonymous", ResourceType::Cache, "anonymous-cache"),
    ];
    for (name, of, original) in unfit {
        provision(&workload, &HOSTS, &wish(name, of).twin_of(original)).await;
    }
    Ok(())
}

pub(crate) fn of_refused_twins() -> Scenario {
    let scenario = Scenario::new("provisioning/refused-twins")
        .must_find(["R60"])
        .claim("a twin whose object the backend refuses is refused as a twin, and is there at the next attempt")
        .topology(|stage| {
            // The first of each type is the original.
            let script = Script {
                operation: Operation::Create,
                resource_type: None,
                after: 1,
                count: 1,
                how: Scripted::Refused,
            };
            watched(stage.platform(&[script])).client("customer", |workload| async move {
                for of in TWINS {
                    provision(&workload, &HOSTS, &wish(of.name(), of)).await;
                    let twin = wish(format!("twin-{}", of.name()), of).twin_of(of.name());
                    provision(&workload, &HOSTS, &twin).await;
                    // Who has lost the answer asks again.
                    provision(&workload, &HOSTS, &twin).await;
                }
                Ok(())
            })
        })
        .sometimes(checks::marks::answered_with("twin_failed"))
        .sometimes(checks::marks::a_customer_came_again());
    guarded(scenario)
}

/// What customers without an account ask for, and do not get.
const ANONYMOUS: Duration = Duration::from_secs(48 * 3600);
