//! An operator may have a lock taken away only if it is the one that the operator saw, and only if it is old.

use std::time::Duration;

use chaosdrill::rt::{task, time};
use chaosdrill::{
    Scenario,
    fault::{Restart, at},
};
use chaosdrill_target_recovery::cluster::lock::LOCK;

use super::{
    checks::marks,
    operator::{Operator, config},
    stage::{ClusterStage, converging},
};

/// Longer than a lock's lease.
const OLD: Duration = Duration::from_secs(310);

/// How long an operator takes to remove a lock; another has removed it by then, and runs a command that takes longer.
const LATE: Duration = Duration::from_secs(10);

pub(crate) fn late() -> Scenario {
    let scenario = Scenario::new("recovery/late-unlock")
        .claim("a forced unlock that comes late is refused if the lock has changed hands, and so is one of a lock that is not old")
        .topology(|stage| {
            stage.applier("a2").cluster().client("operator", |workload| async move {
                let operator = Operator::new(&workload, "a1").await;
                let wanted = config(&[("people", 2), ("places", 1)]);
                operator.import(&[]).await;
                operator.apply(&config(&[("people", 1), ("places", 1)])).await;
                operator.attempt_once(&wanted).await;
                time::sleep(OLD).await;
                let old = operator.attempt_once(&wanted).await;
                let (other, of_other) = (operator.at("a2"), wanted.clone());
                let faster = task::spawn(async move { other.apply(&of_other).await });
                time::sleep(LATE).await;
                operator.force_unlock(old.lock_id()).await;
                let young = operator.attempt_once(&wanted).await;
                operator.force_unlock(young.lock_id()).await;
                faster.await?;
                operator.apply(&wanted).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            let back = Restart::After(Duration::from_secs(stream.between(5, 60)));
            let slow = Duration::from_secs(stream.between(25, 50));
            let begun = "fp:cluster.before_schema_apply";
            vec![at(begun).on("a1").crash_before(back), at(begun).on("a2").delay(slow)]
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(marks::a_lock_was_taken_away())
        .sometimes(marks::an_unlock_was_refused("lock by now"))
        .sometimes(marks::an_unlock_was_refused("its holder may be alive"));
    converging(scenario.must_find(["G64", "G64b"]))
}

/// A lock restored from a broken copy.
const BROKEN: &str = r#"{"version":1,"lock_id":"00000000000000000000000001","oper"#;

pub(crate) fn unreadable() -> Scenario {
    let scenario = Scenario::new("recovery/unreadable-lock")
        .claim("while the lock cannot be read, every command fails and no forced unlock removes it, until a person does")
        .topology(|stage| {
            stage.cluster().client("operator", |workload| async move {
                let operator = Operator::new(&workload, "a1").await;
                let wanted = config(&[("people", 2), ("places", 1)]);
                operator.import(&[]).await;
                operator.apply(&config(&[("people", 1), ("places", 1)])).await;
                operator.write(LOCK, BROKEN).await;
                operator.attempt(&wanted).await;
                operator.force_unlock("00000000000000000000000001").await;
                time::sleep(OLD).await;
                operator.attempt(&wanted).await;
                operator.delete(LOCK).await;
                operator.apply(&wanted).await;
                Ok(())
            })
        })
        .chaos_at_most(Duration::from_secs(60 * 60))
        .sometimes(marks::a_command_said("lock_unreadable"))
        .sometimes(marks::an_unlock_was_refused("the lock cannot be read"));
    converging(scenario.must_find(["G66", "G67"]))
}
