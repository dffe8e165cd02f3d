//! A command applies exactly what it planned: it ends if a source changes in between.

use std::time::Duration;

use chaosdrill::rt::{task, time};
use chaosdrill::{Scenario, fault::at};

use super::{
    checks::marks,
    operator::{Operator, config},
    stage::{ClusterStage, converging},
};

pub(crate) fn scenario() -> Scenario {
    let scenario = Scenario::new("recovery/source-edited")
        .claim(
            "a source that is edited between plan and use is not applied under the planned digest",
        )
        .topology(|stage| {
            stage.cluster().client("operator", |workload| async move {
                let operator = Operator::new(&workload, "a1").await;
                operator.import(&[]).await;
                let editor = Operator::new(&workload, "a1").await;
                let mut stream = workload.stream("edits");
                let editing = task::spawn(async move {
                    for number in 0..60 {
                        time::sleep(Duration::from_millis(stream.between(5, 120))).await;
                        editor
                            .write("sources/people.1", &format!("name\nedit{}", number % 7))
                            .await;
                        editor
                            .write("sources/people.2", &format!("name\nage\nedit{}", number % 5))
                            .await;
                    }
                });
                operator.attempt_once(&config(&[("people", 1), ("places", 1)])).await;
                operator.attempt_once(&config(&[("people", 2), ("places", 1)])).await;
                editing.await?;
                operator.apply(&config(&[("people", 2), ("places", 1)])).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let delay = Duration::from_millis(stream.between(100, 1_000));
            vec![at("fp:cluster.before_graph_create").on("a1").hit(1).delay(delay)]
        })
        .sometimes(marks::a_command_said("resource_content_changed"));
    converging(scenario.must_find(["G33"]))
}
