//! Without faults an upgrade reaches the provisioner: a test of the drill itself.

use chaosdrill::{Mark, Scenario};

use crate::{
    checks::{self, backstop::TICK},
    clients::{TYPES, customer, rest, team_at, team_with, upgrade, upgrade_by},
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
                // Names that are taken: nothing of it may be acknowledged.
                team_at(&workload, "ada", "enterprise", &["postgres"]).await;
                team_with(&workload, "eve", "ada-postgres", "postgres").await;
                Ok(())
            })
        })
        .always(checks::settings::runners_keep_their_tick(TICK))
        .sometimes(Mark::observed("provisioner.answered"))
        .sometimes(checks::marks::another_tier_was_reported())
        .must_find(["P24", "P39", "P45", "P46", "P48", "P52", "P52b"]);
    applying(scenario)
}
