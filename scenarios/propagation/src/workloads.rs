//! Drawn workloads: every upgrade is applied, for any team, any answers of the provisioner and any order of upgrades.

use std::time::Duration;

use chaosdrill::{BoxError, Mark, Scenario, Workload};
use chaosdrill_scenarios_common::sample::sample_steps;
use chaosdrill_target_propagation::Answer;
use proptest::{
    prelude::{Just, Strategy, prop_oneof},
    sample::subsequence,
};

use crate::{
    checks,
    clients::{TYPES, rest, team, upgrade, upgrade_by},
    stage::{PropagationStage, applying, script, watched},
};

/// A team: how the provisioner treats it, what it owns, and what it buys.
type Team = (&'static str, Vec<&'static str>, Vec<&'static str>);

fn teams() -> impl Strategy<Value = Vec<Team>> {
    let manner = prop_oneof![
        4 => Just("plain"),
        2 => Just("flaky"),
        2 => Just("shy"),
        1 => Just("silent"),
        1 => Just("slow"),
    ];
    let types = subsequence(TYPES.to_vec(), 0..=TYPES.len());
    // The last tier is not on sale.
    let tier = prop_oneof![
        3 => Just("pro"),
        3 => Just("team"),
        3 => Just("free"),
        3 => Just("hobby"),
        1 => Just("galactic"),
    ];
    proptest::collection::vec((manner, types, proptest::collection::vec(tier, 1..4)), 1..6)
}

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/workloads")
        .claim("in the end every resource is at the tier that its team bought last")
        .topology(|stage| {
            let skip = |reason: &str| Answer::Skip(reason.to_owned());
            let scripts = vec![
                script("flaky-", 2, Answer::Error),
                script("shy-", 1, skip("resource not reachable")),
                script("silent-", 1, skip("")),
                script("slow-", 2, Answer::Slow(Duration::from_secs(70))),
            ];
            watched(stage.pipeline(scripts)).client("customers", buy)
        })
        .sometimes(Mark::observed("provisioner.failed"))
        .sometimes(checks::marks::a_retry_succeeded());
    applying(scenario)
}

async fn buy(workload: Workload) -> Result<(), BoxError> {
    let mut stream = workload.stream("teams");
    // The provisioner fails for the first team at first, whatever is drawn.
    let mut teams = sample_steps(&workload, &mut stream, &teams());
    teams.insert(0, ("flaky", vec![TYPES[0]], vec!["pro"]));
    for (number, (manner, types, tiers)) in teams.iter().enumerate() {
        let name = format!("{manner}-{number}");
        team(&workload, &name, types).await;
        for (place, tier) in tiers.iter().enumerate() {
            let id = format!("{name}-up-{place}");
            if stream.chance(1, 5) {
                upgrade_by(&workload, id, &name, tier, "limits_refresh").await;
            } else {
                upgrade(&workload, id, &name, tier).await;
            }
            rest(&mut stream, 20).await;
        }
    }
    Ok(())
}
