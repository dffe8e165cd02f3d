//! A rollback that comes late, or whose end cannot be stored, leaves nothing behind and promises nothing.

use std::time::Duration;

use chaosdrill::rt::time;
use chaosdrill::{
    Mark, Scenario,
    fault::{ErrorKind, Fault, at},
};
use chaosdrill_target_provisioning::{Operation, ResourceType, Script, Scripted};

use crate::{
    checks,
    clients::{provision, wish},
    stage::{ProvisioningStage, guarded, watched},
};

const HOSTS: [&str; 2] = ["h1:80", "h2:80"];

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

pub(crate) fn of_late_objects() -> Scenario {
    let scenario = Scenario::new("provisioning/late-object")
        .must_find(["R63"])
        .claim("an object that is made after its row was rolled back, and cannot be deleted, is recorded and deleted later")
        .topology(|stage| {
            // The first deletion is the reconciler's, which finds nothing.
            let script = Script {
                operation: Operation::Delete,
                resource_type: Some(ResourceType::Db),
                after: 1,
                count: 3,
                how: Scripted::Refused,
            };
            watched(stage.platform(&[script])).client("customer", |workload| async move {
                let begun = time::Instant::now();
                provision(&workload, &HOSTS, &wish("late", ResourceType::Db)).await;
                // The stall is over by then, and the reaper has come by.
                time::sleep(minutes(35).saturating_sub(begun.elapsed())).await;
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            // The reconciler gives up after 15 to 17 minutes.
            let lasts = Duration::from_secs(stream.between(20 * 60, 25 * 60));
            vec![at("fp:handler.row_created").on_any().hit(1).stall(lasts)]
        })
        .chaos_at_most(minutes(60))
        .always(checks::objects::what_cannot_be_deleted_is_a_leak())
        .sometimes(checks::marks::the_reconciler_settled_a_row())
        .sometimes(checks::marks::a_leak_was_written_down());
    guarded(scenario)
}

pub(crate) fn of_ends_that_are_not_stored() -> Scenario {
    let scenario = Scenario::new("provisioning/unsettled-rollback")
        .must_find(["R64"])
        .claim("a handler that cannot store the end of a rollback says that it is not known, and the reconciler ends it")
        .topology(|stage| {
            let script = Script {
                operation: Operation::Create,
                resource_type: None,
                after: 0,
                count: 1,
                how: Scripted::Refused,
            };
            watched(stage.platform(&[script])).client("customer", |workload| async move {
                // The first host is up by then.
                time::sleep(minutes(1)).await;
                for (name, of) in [("taken", ResourceType::Cache), ("unstored", ResourceType::Queue)] {
                    provision(&workload, &HOSTS, &wish(name, of)).await;
                }
                Ok(())
            })
        })
        .faults_drawn(|stream| {
            // The reconciler takes the row over after 5 to 7 minutes, and the handler comes back before it is done.
            let mut between = |from, to| minutes(stream.between(from, to));
            let lasts = [between(8, 12), between(10, 12)];
            let mut faults = vec![
                at("fp:rollback.cleaned_up").on("h1").hit(1).stall(lasts[0]),
                at("fp:reconciler.taken_over").on("reconciler").hit(1).stall(lasts[1]),
            ];
            // Each attempt to store the end of the next rollback.
            faults.extend((2..=7).map(|hit| -> Fault {
                at("sql:resources.fail").on("h1").hit(hit).error(ErrorKind::Full)
            }));
            faults
        })
        .chaos_at_most(minutes(60))
        .sometimes(Mark::observed("settle.lost"))
        .sometimes(checks::marks::answered_with("provision_in_progress"))
        .sometimes(checks::marks::the_reconciler_ended_a_rollback());
    guarded(scenario)
}
