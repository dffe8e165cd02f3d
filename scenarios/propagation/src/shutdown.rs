//! A worker that is asked to shut down releases the rows it did not finish.

use std::time::Duration;

use chaosdrill::rt::{rng, time};
use chaosdrill::{Mark, Scenario};
use chaosdrill_target_propagation::{Answer, run_worker_until};

use crate::{
    clients::{customer, rest},
    stage::{PropagationStage, applying, script, watched, worker_config},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("propagation/shutdown")
        .claim("workers that are replaced during a batch release the unfinished rows, without using up an attempt")
        .topology(|stage| {
            let scripts = vec![
                script("long-", 2, Answer::Slow(Duration::from_secs(150))),
                script("", 2, Answer::Slow(Duration::from_secs(20))),
            ];
            let stage = ["w1", "w2"].into_iter().fold(stage.api().provisioner(scripts), |stage, name| {
                stage.supervised(name, Duration::from_secs(3), || {
                    let lasts = Duration::from_secs(45 + rng::below(240));
                    run_worker_until(worker_config(name), time::sleep(lasts))
                })
            });
            watched(stage).client("customers", |workload| async move {
                let mut stream = workload.stream("rests");
                for number in 0..3 {
                    customer(&workload, &format!("long-{number}"), &["postgres"]).await;
                    customer(&workload, &format!("short-{number}"), &["redis", "mongodb"]).await;
                    rest(&mut stream, 60).await;
                }
                Ok(())
            })
        })
        .sometimes(Mark::observed("worker.cancelled"))
        .sometimes(Mark::observed("runner.released"))
        .must_find(["P26", "P60"]);
    applying(scenario)
}
