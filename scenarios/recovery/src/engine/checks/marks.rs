//! Marks of the engine: what must have happened at least once for a drill to be meaningful.

use chaosdrill::{EventKind, Mark, Operation};
pub(crate) use chaosdrill_scenarios_common::checks::marks::a_host_went_down;

use super::graph::{Graph, Written, text};

fn count(items: impl Iterator) -> u64 {
    items.count() as u64
}

/// An unfinished operation was published by another program.
pub(crate) fn an_operation_was_rolled_forward() -> Mark {
    audited("an operation was rolled forward", "rolled_forward")
}

/// An unfinished operation was rolled back.
pub(crate) fn an_operation_was_taken_back() -> Mark {
    audited("an operation was taken back", "rolled_back")
}

fn audited(name: &'static str, outcome: &'static str) -> Mark {
    Mark::new(name, move |history| {
        let graph = Graph::of(history);
        count(graph.audits.iter().filter(|audit| text(audit.json, "outcome") == outcome))
    })
}

/// A recovery lost its compare-and-swap, and found its work already done.
pub(crate) fn a_recovery_found_its_work_done() -> Mark {
    converged("a recovery found its work done", true)
}

/// A recovery lost its compare-and-swap, and found that something else had been published.
pub(crate) fn a_recovery_found_something_else() -> Mark {
    converged("a recovery found something else published", false)
}

fn converged(name: &'static str, done: bool) -> Mark {
    Mark::new(name, move |history| {
        let of = history.observed("engine.converging");
        count(of.filter(|event| event.get("done").as_bool() == Some(done)))
    })
}

/// An audit of a rollback was recorded by another host than the one that published the rollback, and leaves out a table
/// of the intent.
pub(crate) fn a_late_audit_left_out_a_table() -> Mark {
    Mark::new("a late audit left out a table", |history| {
        let graph = Graph::of(history);
        let is_late = |audit: &&Written<'_>| {
            let operation = text(audit.json, "operation_id");
            let mut ends = graph
                .manifests
                .iter()
                .filter(|manifest| text(&manifest.json["commit"], "operation") == operation);
            let is_of_another =
                ends.next_back().is_some_and(|end| end.event.host != audit.event.host);
            let pins = graph.sidecars.get(operation).map_or(0, |sidecar| sidecar.pins().len());
            let named = audit.json["tables"].as_array().map_or(0, Vec::len);
            text(audit.json, "outcome") == "rolled_back" && is_of_another && named < pins
        };
        count(graph.audits.iter().filter(is_late))
    })
}

/// An attempt to write or to open failed with this cause.
pub(crate) fn refused(name: &'static str, cause: &'static str) -> Mark {
    Mark::new(name, move |history| {
        count(history.observed("engine.attempted").filter(|event| event.text("cause") == cause))
    })
}

/// The recovery of an operation was deferred for this reason.
pub(crate) fn deferred(name: &'static str, why: &'static str) -> Mark {
    Mark::new(name, move |history| {
        let resolved = history.observed("engine.resolved");
        count(resolved.filter(|event| event.text("how").contains(why)))
    })
}

/// A reader answered with an error.
pub(crate) fn a_read_was_refused() -> Mark {
    Mark::new("a read was refused", |history| {
        let is_refused = |op: &Operation<'_>| op.end.is_some_and(|end| end.kind == EventKind::Fail);
        count(history.operations("read").filter(is_refused))
    })
}

/// A sidecar could not be deleted.
pub(crate) fn a_sidecar_was_left() -> Mark {
    Mark::new("a sidecar was left", |history| count(history.observed("engine.sidecar_left")))
}

/// The recovery of an operation was deferred to its writer.
pub(crate) fn an_operation_was_deferred() -> Mark {
    Mark::new("an operation was deferred", |history| {
        let resolved = history.observed("engine.resolved");
        count(resolved.filter(|event| event.text("how").starts_with("Deferred")))
    })
}

/// A sender repeated a request.
pub(crate) fn a_request_was_sent_again() -> Mark {
    Mark::new("a request was sent again", |history| {
        let again = |op: &Operation<'_>| {
            let answers = op.end.and_then(|end| end.output()["answers"].as_array());
            answers.is_some_and(|answers| answers.len() > 1)
        };
        count(history.operations("write").filter(again))
    })
}
