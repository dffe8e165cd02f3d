//! Checks of twins: each is like a resource that may have one, and is refused in words of its own.

use chaosdrill::{Check, History, Operation, Outcome, Priority};
use serde_json::Value;

use crate::checks::rows::{RESOURCES, is, text};

/// A twin is made only of an original that is active, of the same type, and has a team that pays; any other request for
/// one is refused: with 404 if there is no original, and with 409 if it is not fit.
pub(crate) fn a_twin_has_a_fit_original() -> Check {
    Check::new("a_twin_has_a_fit_original", |history| {
        for op in history.operations("provision").filter(|op| is_of_twin(op)) {
            let (seq, request) = (op.invoke.seq, &op.input()["request"]);
            let end = op.end.map_or(u64::MAX, |end| end.seq);
            let (is_known, is_fit) = original(history, op.input(), seq..end);
            if is_fit {
                continue;
            }
            let made = history.rows(RESOURCES).into_iter().find(|change| {
                change.event.seq < end
                    && change.after.is_some_and(|row| row["request_id"] == *request)
            });
            if let Some(made) = made {
                let why = format!("#{seq} twin {request} has a row, but no original that fits");
                return Outcome::invalid(why, [seq, made.event.seq]);
            }
            let expected = if is_known { 409 } else { 404 };
            let answer = op.end.and_then(|end| end.output()["answers"].as_array()?.last());
            let status = answer.and_then(|answer| answer["status"].as_i64());
            if status.is_some_and(|status| status < 500 && status != expected) {
                let status = status.unwrap_or_default();
                let why =
                    format!("#{seq} twin {request} was answered with {status}, not {expected}");
                return Outcome::invalid(why, [seq]);
            }
        }
        Outcome::valid()
    })
}

fn is_of_twin(op: &Operation<'_>) -> bool {
    op.input()["original"].is_string()
}

/// Whether the original of a request existed, and whether it was fit, at some time between two events.
fn original(history: &History<'_>, input: &Value, during: std::ops::Range<u64>) -> (bool, bool) {
    let is_of_it = |row: &Value| row["request_id"] == input["original"];
    let fits = |row: &Value| {
        is(row, &["active"]) && !text(row, "team").is_empty() && row["resource_type"] == input["of"]
    };
    let rows = history.rows(RESOURCES).into_iter();
    let rows = rows.filter(|change| change.event.seq < during.end);
    let (mut is_known, mut is_fit) = (false, false);
    for change in rows {
        let Some(row) = change.after.filter(|row| is_of_it(row)) else { continue };
        is_known = true;
        // Until the request was made only the last state counts, and from then on each.
        is_fit = fits(row) || (is_fit && change.event.seq >= during.start);
    }
    (is_known, is_fit)
}

/// Only a twin that failed is refused as a twin, and it is not refused in other words.
pub(crate) fn refusals_fit_their_entry() -> Check {
    Check::new("refusals_fit_their_entry", |history| {
        let wrong = history.operations("provision").find_map(|op| {
            let end = op.end?;
            let odd = if is_of_twin(&op) { "provision_failed" } else { "twin_failed" };
            let mut answers = end.output()["answers"].as_array()?.iter();
            answers.any(|answer| text(answer, "code") == odd).then_some((end.seq, odd))
        });
        Outcome::unless(wrong.map(|(seq, odd)| {
            let why = format!("#{seq} the answer was {odd}, which is not for this entry point");
            Outcome::invalid(why, [seq])
        }))
    })
    .priority(Priority::Low)
}
