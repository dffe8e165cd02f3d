//! Marks of provisioning: what must have happened at least once for a drill to be meaningful.

use std::collections::BTreeSet;

use chaosdrill::{
    EventKind, Mark, Operation,
    vocabulary::{HostChange, Strike},
};
pub(crate) use chaosdrill_scenarios_common::checks::marks::{a_host_went_down, a_link_was_cut};

use crate::checks::rows::{LEAKS, MAILS, RESOURCES, is, text};

fn count(items: impl Iterator) -> u64 {
    items.count() as u64
}

/// A customer got credentials.
pub(crate) fn a_customer_was_served() -> Mark {
    Mark::new("a customer was served", |history| {
        count(history.operations("provision").filter(Operation::is_ok))
    })
}

/// A customer repeated a request, and was served.
pub(crate) fn a_customer_came_again() -> Mark {
    Mark::new("a customer came again", |history| {
        let is_late = |op: &Operation<'_>| {
            let answers =
                |end: &chaosdrill::Event| end.output()["answers"].as_array().map(Vec::len);
            op.is_ok() && op.end.and_then(answers).is_some_and(|sends| sends > 1)
        };
        count(history.operations("provision").filter(is_late))
    })
}

/// An answer carried this code.
pub(crate) fn answered_with(code: &'static str) -> Mark {
    Mark::new(format!("an answer was {code}"), move |history| {
        count(history.observed("provision.answered").filter(|event| event.text("code") == code))
    })
}

/// A customer was shown that what it was answered 202 for has failed.
pub(crate) fn a_failed_deployment_was_shown() -> Mark {
    Mark::new("a failed deployment was shown", |history| {
        let is_failed =
            |op: &Operation<'_>| op.end.is_some_and(|end| text(end.output(), "status") == "failed");
        count(history.operations("show").filter(is_failed))
    })
}

/// A customer got a mail.
pub(crate) fn a_customer_was_mailed() -> Mark {
    Mark::new("a customer was mailed", |history| count(history.last_rows(MAILS).into_iter()))
}

/// A row reached this status.
pub(crate) fn a_row_became(status: &'static str) -> Mark {
    Mark::new(format!("a row became {status}"), move |history| {
        let became = |row: Option<&serde_json::Value>| row.is_some_and(|row| is(row, &[status]));
        let rows = history.rows(RESOURCES);
        count(rows.iter().filter(|change| became(change.after) && !became(change.before)))
    })
}

/// A resource of this type was active.
pub(crate) fn a_type_became_active(of: &'static str) -> Mark {
    Mark::new(format!("a {of} became active"), move |history| {
        let rows = history.rows(RESOURCES).into_iter().filter_map(|change| change.after);
        count(rows.filter(|row| text(row, "resource_type") == of && is(row, &["active"])))
    })
}

/// A row was settled by the reconciler.
pub(crate) fn the_reconciler_settled_a_row() -> Mark {
    Mark::new("the reconciler settled a row", |history| {
        let rows = history.last_rows(RESOURCES);
        count(rows.into_iter().filter(|row| text(row, "settled_by") == "reconciler"))
    })
}

/// The reconciler ended a rollback that a handler had begun.
pub(crate) fn the_reconciler_ended_a_rollback() -> Mark {
    Mark::new("the reconciler ended a rollback", |history| {
        let rows = history.last_rows(RESOURCES).into_iter().filter(|row| is(row, &["failed"]));
        count(rows.filter(|row| {
            text(row, "settled_by") == "reconciler" && text(row, "failed_stage") != "reconcile"
        }))
    })
}

/// A deployment was asked for again, and accepted again.
pub(crate) fn a_deployment_was_accepted_again() -> Mark {
    Mark::new("a deployment was accepted again", |history| {
        let answered = history.observed("provision.answered");
        let mut accepted = BTreeSet::new();
        let accepts = answered.filter(|event| event.int("status") == Some(202));
        count(accepts.filter(|event| !accepted.insert(event.text("resource"))))
    })
}

/// A leak was recorded.
pub(crate) fn a_leak_was_written_down() -> Mark {
    Mark::new("a leak was written down", |history| count(history.last_rows(LEAKS).into_iter()))
}

/// An answer was lost.
pub(crate) fn an_answer_was_lost() -> Mark {
    Mark::new("an answer was lost", |history| {
        count(history.of_kind(EventKind::Fault, Strike::LOST_ACK))
    })
}

/// A host stalled and resumed.
pub(crate) fn a_host_stood_still() -> Mark {
    Mark::new("a host stood still", |history| {
        count(history.of_kind(EventKind::Host, HostChange::RESUMED))
    })
}
