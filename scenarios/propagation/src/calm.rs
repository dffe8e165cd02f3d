//! Without faults an upgrade reaches the provisioner: a test of the drill itself.

use chaosdrill::{Mark, Scenario};

use crate::{
    clients::{TYPES, customer, rest, upgrade, upgrade_by},
    stage::{PropagationStage, applying, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/calm")
        .claim("an upgrade is carried out for every resource of the team that has limits, of whatever type")
        .topology(|stage| {
            watched(stage.pipeline(vec![])).client("customers", |workload| async move {
                let mut stream = workload.stream("rests");
                for team in ["ada", "bob", "cyd"] {
                    customer(&workload, team, &TYPES).await;
                    rest(&mut stream, 40).await;
                }
                upgrade(&workload, "ada-up-2", "ada", "team").await;
                upgrade(&workload, "bob-down", "bob", "free").await;
                upgrade_by(&workload, "cyd-refresh", "cyd", "pro", "limits_refresh").await;
                Ok(())
            })
        })
        .sometimes(Mark::observed("provisioner.answered"));
    applying(scenario)
}
