//! Marks of the cluster: what must have happened at least once for a drill to be meaningful.

use chaosdrill::Mark;
pub(crate) use chaosdrill_scenarios_common::checks::marks::a_host_went_down;

/// The lock of a dead holder was removed by force.
pub(crate) fn a_lock_was_taken_away() -> Mark {
    Mark::observed("cluster.lock_forced")
}

/// A command reported this code.
pub(crate) fn a_command_said(code: &'static str) -> Mark {
    Mark::new(format!("a command said {code}"), move |history| {
        let says = |event: &&chaosdrill::Event| {
            let all = event.get("diagnostics").as_array();
            all.is_some_and(|all| all.iter().any(|said| said["code"] == code))
        };
        history.observed("cluster.reported").filter(says).count() as u64
    })
}

/// A command opened a graph, and the engine rolled an unfinished operation forward or back.
pub(crate) fn the_engine_recovered_an_operation() -> Mark {
    Mark::new("the engine recovered an operation", |history| {
        let is_recovery = |event: &&chaosdrill::Event| {
            event.text("mode") == "Open" && event.text("how").starts_with("Done")
        };
        history.observed("engine.resolved").filter(is_recovery).count() as u64
    })
}

/// A server quarantined a graph for this code, or all graphs.
pub(crate) fn a_server_put_aside(code: &'static str) -> Mark {
    Mark::new(format!("a server put a graph aside: {code}"), move |history| {
        let says = |event: &&chaosdrill::Event| {
            let quarantined = event.get("quarantined").as_object();
            event.text("fatal") == code
                || quarantined.is_some_and(|all| all.values().any(|why| why == code))
        };
        history.observed("server.looked").filter(says).count() as u64
    })
}

/// A client that asked for one graph, or for all, got this status.
pub(crate) fn a_client_was_answered(status: u16) -> Mark {
    Mark::new(format!("a client was answered {status}"), move |history| {
        let answers = history.operations("question");
        answers.filter(|op| op.output()["status"] == status).count() as u64
    })
}

/// An operator was refused a forced unlock, for a reason with these words in it.
pub(crate) fn an_unlock_was_refused(words: &'static str) -> Mark {
    Mark::new(format!("an unlock was refused: {words}"), move |history| {
        let unlocks = history.operations("unlock");
        let says = |why: &str| why.contains(words);
        unlocks.filter(|op| op.output()["error"].as_str().is_some_and(says)).count() as u64
    })
}

/// An apply that did not succeed reported this code.
pub(crate) fn an_attempt_said(code: &'static str) -> Mark {
    Mark::new(format!("an attempt said {code}"), move |history| {
        let says = |op: &chaosdrill::Operation<'_>| {
            let all = op.output()["said"].as_array();
            all.is_some_and(|all| all.iter().any(|said| said[0] == code))
        };
        history.operations("attempt").filter(says).count() as u64
    })
}
