//! A team has no more resources than its quota, and is charged for exactly those that it has.

use std::time::Duration;

use chaosdrill::rt::{task, time};
use chaosdrill::{
    BoxError, Scenario, Workload,
    fault::{ErrorKind, at},
};
use chaosdrill_target_provisioning::{HandlerConfig, ResourceType};

use crate::{
    checks,
    clients::{any_type, delete, hold, provision, rest, wish},
    stage::{ProvisioningStage, guarded, watched},
};

const QUOTA: i64 = 3;

fn tight(config: &mut HandlerConfig) {
    config.quota = QUOTA;
}

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("provisioning/quota")
        .must_find(["R37", "R61", "R62"])
        .claim("a team is charged for each resource and refunded once for each removed one, however many requests run at once")
        .topology(|stage| {
            let stage = stage.handler_with("h1", tight).handler_with("h2", tight);
            watched(stage.backend(&[]).neighbours()).client("team", team)
        })
        .faults_drawn(|stream| {
            let fail = |site: &str, hit| at(site).on_any().hit(hit).error(ErrorKind::Full);
            let hit = stream.between(1, 3) as u32;
            vec![
                fail("sql:resources.activate", hit),
                at("sql:fail.commit").on_any().hit(1).lost_ack(),
                at("sql:close.commit").on_any().hit(1).lost_ack(),
            ]
        })
        .always(checks::state::no_team_has_more_than(QUOTA))
        .sometimes(checks::marks::answered_with("quota_exceeded"))
        .sometimes(checks::marks::a_row_became("paused"));
    guarded(scenario)
}

/// A team makes several requests at once; existing resources are held, deleted, or expire.
async fn team(workload: Workload) -> Result<(), BoxError> {
    let mut stream = workload.stream("team");
    let mut members = Vec::new();
    for number in 0..6 {
        let (workload, of) = (workload.clone(), any_type(&mut stream));
        let wish = wish(format!("wish-{number}"), of).lasting(Duration::from_secs(1800));
        members.push(task::spawn(async move {
            provision(&workload, &["h1:80", "h2:80"], &wish.sent_at_most(20)).await
        }));
        rest(&mut stream, 20).await;
    }
    for member in members {
        member.await?;
    }
    for number in 0..6 {
        let request = format!("wish-{number}");
        if stream.chance(1, 2) {
            hold(&workload, "h1:80", &request, "paused").await;
        }
        delete(&workload, "h2:80", &request).await;
    }
    time::sleep(Duration::from_secs(120)).await;
    provision(&workload, &["h1:80"], &wish("last", ResourceType::Db)).await;
    Ok(())
}
