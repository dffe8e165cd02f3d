//! A store that does not answer, or whose answer is lost, delays a command, but never makes it do the wrong thing.

use std::time::Duration;

use chaosdrill::{
    Scenario, Stream,
    fault::{ErrorKind, Fault, at},
};

use super::{
    operator::Operator,
    stage::{ClusterStage, converging},
};

/// The store calls of an applier, each with the minimum number of its hits in the story.
const CALLS: [(&str, u64); 24] = [
    ("store:put-if __cluster/lock.json", 7),
    ("store:get __cluster/lock.json", 7),
    ("store:delete __cluster/lock.json", 7),
    ("store:get __cluster/state.json", 14),
    ("store:put-if __cluster/state.json", 7),
    ("store:list __cluster/recoveries", 7),
    ("store:put-if __cluster/recoveries/*.json", 11),
    ("store:get __cluster/recoveries/*.json", 5),
    ("store:delete __cluster/recoveries/*.json", 8),
    ("store:list __cluster/approvals", 2),
    ("store:put-if __cluster/approvals/*.json", 2),
    ("store:list graphs/places.omni", 4),
    ("store:put-if graphs/places.omni/__schema/current.json", 2),
    ("store:put-if graphs/places.omni/tables/person/*.json", 2),
    ("store:put-if graphs/places.omni/__manifest.json", 2),
    ("store:put-if graphs/people.omni/__manifest.json", 3),
    ("store:put-if graphs/people.omni/__schema/current.json", 3),
    ("store:put-if graphs/people.omni/__schema/staging/*.json", 2),
    ("store:put-if graphs/people.omni/__recovery/*.json", 2),
    ("store:delete graphs/people.omni/__recovery/*.json", 2),
    ("store:put-if graphs/people.omni/tables/knows/*.json", 5),
    ("store:put-if graphs/people.omni/tables/person/*.json", 5),
    ("store:delete graphs/places.omni/tables/person/*.json", 2),
    ("store:delete graphs/places.omni/__manifest.json", 2),
];

fn draw(stream: &mut Stream) -> Fault {
    let (site, hits) = CALLS[stream.below(CALLS.len() as u64) as usize];
    let place = at(site).on("a1").hit(stream.between(1, hits) as u32);
    match stream.below(4) {
        0 | 1 => place.error(ErrorKind::Reset),
        2 if site.starts_with("store:put-if") => place.lost_ack_as(ErrorKind::Precondition),
        _ => place.lost_ack(),
    }
}

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/store-errors")
        .claim("errors of the store and lost answers make a command wait, never guess")
        .topology(|stage| {
            stage.cluster().client("operator", |workload| async move {
                Operator::new(&workload, "a1").await.story().await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let mut faults: Vec<Fault> = (0..4).map(|_| draw(stream)).collect();
            faults.sort_by_key(ToString::to_string);
            faults.dedup_by_key(|fault| fault.at.clone());
            faults
        })
        .chaos_at_most(Duration::from_secs(60 * 60));
    converging(scenario)
}
