//! Checks that approvals are valid for one change, and for one execution of it.

use chaosdrill::{Check, Outcome, vocabulary::member::JSON};

use super::world::{added, replay};

/// A graph is removed only under an approval of this removal.
pub(crate) fn executed_approvals_fit_the_change() -> Check {
    Check::new("executed_approvals_fit_the_change", |history| {
        replay(history, |world, event, _| {
            if event.name != "graph.removed" {
                return None;
            }
            let id = event.text("approval");
            let Some(approval) = world.json(&format!("__cluster/approvals/{id}.json")) else {
                let why =
                    format!("#{} a graph was removed under {id}, which does not exist", event.seq);
                return Some(Outcome::invalid(why, [event.seq]));
            };
            let bound = [
                ("bound_config_digest", "config"),
                ("bound_before_digest", "before"),
                ("bound_after_digest", "after"),
            ];
            let wrong = bound.into_iter().find(|(bound, is)| &approval[bound] != event.get(is));
            wrong.map(|(bound, is)| {
                let why = format!(
                    "#{} graph {} was removed under approval {id}: its {bound} is {}, but that of the change is {}",
                    event.seq, event.text("graph"), approval[bound], event.get(is)
                );
                Outcome::invalid(why, [event.seq])
            })
        })
    })
}

/// An approval is used up together with its removal: neither earlier, nor without it.
pub(crate) fn an_approval_is_used_up_with_its_execution() -> Check {
    Check::new("an_approval_is_used_up_with_its_execution", |history| {
        replay(history, |world, event, change| {
            let change = change?;
            let after = &change.after?[JSON];
            let is_used = |id: &str| {
                world.ledger().is_some_and(|ledger| !ledger["approval_records"][id].is_null())
            };
            let file = change.path.strip_prefix("__cluster/approvals/");
            if let Some(id) = file.map(|file| file.trim_end_matches(".json")) {
                return (!after["consumed_at"].is_null() && !is_used(id)).then(|| {
                    let why = format!("#{} approval {id} is marked as used, but the ledger does not have its removal", event.seq);
                    Outcome::invalid(why, [event.seq])
                });
            }
            let ledger = change.ledger?;
            let buried = added(ledger.before, ledger.after, "observations");
            let open = buried
                .iter()
                .filter_map(|tombstone| tombstone["approval_id"].as_str())
                .find(|id| !is_used(id));
            open.map(|id| {
                let why = format!(
                    "#{} a graph got a tombstone under approval {id}, which is not used up",
                    event.seq
                );
                Outcome::invalid(why, [event.seq])
            })
        })
    })
}
