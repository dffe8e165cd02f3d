//! Checks that customers get what they ask for.

use chaosdrill::{Check, Outcome};
use serde_json::Value;

use crate::checks::rows::{RESOURCES, is, text};

/// Without faults every request of a customer succeeds at last.
pub(crate) fn calm_customers_are_served() -> Check {
    Check::new("calm_customers_are_served", |history| {
        let names = ["provision", "show", "hold", "delete"].into_iter();
        let mut all = names.flat_map(|name| history.operations(name));
        let failed = all.find(|op| op.end.is_some() && !op.is_ok());
        Outcome::unless(failed.map(|op| {
            let seq = op.invoke.seq;
            let why = format!("#{seq} {} did not succeed, although nothing failed", op.invoke.name);
            Outcome::invalid(why, [seq])
        }))
    })
}

/// What was answered with 202 is active at last, after however many attempts.
pub(crate) fn deployments_are_served() -> Check {
    Check::new("deployments_are_served", |history| {
        let rows = history.rows(RESOURCES);
        let was_active = |request: &Value| {
            let is_it = |row: &Value| row["request_id"] == *request && is(row, &["active"]);
            rows.iter().any(|change| change.after.is_some_and(is_it))
        };
        let mut accepted = history.operations("provision").filter(|op| {
            op.end.is_some_and(|end| op.is_ok() && text(end.output(), "status") == "pending")
        });
        let unserved = accepted.find(|op| !was_active(&op.input()["request"]));
        Outcome::unless(unserved.map(|op| {
            let seq = op.invoke.seq;
            let request = &op.input()["request"];
            let why = format!("#{seq} request {request} was accepted, but never had an active row");
            Outcome::invalid(why, [seq])
        }))
    })
}
