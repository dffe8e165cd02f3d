//! A server that is asked to shut down finishes what it is sending, and begins nothing new.

use chaosdrill::Scenario;

use crate::{
    checks,
    clients::{create_all, minutes, moods, rest, shut_down},
    stage::{NotificationStage, resting, watched},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("notification/shutdown")
        .claim("a server that is shut down during a sweep drains, sends nothing afterwards, and loses nothing")
        .topology(|stage| {
            watched(stage.pipeline()).client("operator", |workload| async move {
                let known = &["calm", "refused once", "takes long"];
                create_all(&workload, "n", &moods(&workload, known, 20)).await;
                let mut stream = workload.stream("deployment");
                for round in ["a", "b", "c"] {
                    // Enough for both servers to be in a sweep for most of the time.
                    create_all(&workload, round, &["takes long"; 14]).await;
                    // At any time within a minute; sweeps begin every minute.
                    minutes(1).await;
                    rest(&mut stream, 60_000).await;
                    for server in ["s1", "s2"] {
                        shut_down(server).await;
                        rest(&mut stream, 20_000).await;
                    }
                }
                Ok(())
            })
        })
        .sometimes(checks::marks::a_sweep_was_cut_short_by_a_shutdown())
        .must_find(["N16", "N72"]);
    resting(scenario, 0)
}
