//! Checks the lists of an operator and the numbers of a monitoring system against the rows.

use chaosdrill::{Check, Operation, Outcome, Priority};
use serde_json::Value;

use crate::checks::{
    lives::{Table, held_during},
    requests::invalid,
    rows::{int, is, text},
};

/// The columns that a list shows.
const SHOWN: [&str; 11] = [
    "id",
    "type",
    "channel",
    "recipient",
    "message",
    "status",
    "created_at",
    "sent_at",
    "retry_count",
    "next_retry_at",
    "last_error",
];

/// A list that an operator was shown.
struct Shown<'a> {
    status: &'a str,
    page: i64,
    per_page: i64,
    body: &'a Value,
}

impl<'a> Shown<'a> {
    /// `None` if the operation was not answered with a list.
    fn of(op: &Operation<'a>) -> Option<Self> {
        let (asked, body) = (&op.input()["body"], &op.output()["body"]);
        let (page, per_page) = (int(asked, "page"), int(asked, "per_page"));
        op.is_ok().then(|| Self { status: text(asked, "status"), page, per_page, body })
    }

    /// The notifications that belong on the list, newest first.
    fn right<'t>(&self, table: &Table<'t>) -> Vec<&'t Value> {
        let is_listed = |row: &&Value| self.status.is_empty() || is(row, self.status);
        let mut rows: Vec<&Value> = table.values().copied().filter(is_listed).collect();
        rows.sort_by_key(|row| (int(row, "created_at"), text(row, "id")));
        rows.reverse();
        rows
    }

    /// Whether the answer is the page that was asked for, with exactly these notifications.
    fn shows(&self, right: &[&Value]) -> bool {
        let Some(shown) = self.body["notifications"].as_array() else { return false };
        let number = |count: i64| usize::try_from(count).unwrap_or_default();
        let from = number(self.page - 1).saturating_mul(number(self.per_page));
        let page = right.iter().skip(from).take(number(self.per_page));
        let is_shown = |(row, shown): (&&Value, &Value)| {
            SHOWN.iter().all(|column| Some(&row[*column]) == shown.get(column))
        };
        let is_asked = self.body["page"] == self.page && self.body["per_page"] == self.per_page;
        is_asked && page.len() == shown.len() && page.zip(shown).all(is_shown)
    }
}

/// A list of all notifications, or of one status, shows exactly those that were there at some instant during the
/// request, with all that is stored about them.
pub(crate) fn lists_show_what_is_there() -> Check {
    Check::new("lists_show_what_is_there", |history| {
        let wrong = history.operations("list").find(|op| {
            let shown = Shown::of(op);
            shown.is_some_and(|shown| {
                !held_during(history, op, |table| shown.shows(&shown.right(table)))
            })
        });
        Outcome::unless(wrong.map(|op| invalid(&op, "a list shows what was never there")))
    })
    .priority(Priority::Medium)
}

/// The total of a list is there, and of the same instant as its rows.
pub(crate) fn totals_are_of_the_instant_of_the_rows() -> Check {
    Check::new("totals_are_of_the_instant_of_the_rows", |history| {
        let wrong = history.operations("list").find(|op| {
            let shown = Shown::of(op);
            shown.is_some_and(|shown| {
                !held_during(history, op, |table| {
                    let right = shown.right(table);
                    shown.body["total"].as_u64() == Some(right.len() as u64) && shown.shows(&right)
                })
            })
        });
        Outcome::unless(wrong.map(|op| invalid(&op, "a list shows a total of another instant")))
    })
    .priority(Priority::Medium)
}

/// The number of dead notifications was right at some instant during the request.
pub(crate) fn metrics_tell_the_dead() -> Check {
    Check::new("metrics_tell_the_dead", |history| {
        let wrong = history.operations("metrics").find(|op| {
            let told = op.output()["body"]["notification_dead_total"].as_i64();
            let is_right = |table: &Table<'_>| {
                let dead = table.values().filter(|row| is(row, "dead")).count();
                told == Some(dead as i64)
            };
            op.is_ok() && !held_during(history, op, is_right)
        });
        Outcome::unless(wrong.map(|op| invalid(&op, "the number of dead notifications is wrong")))
    })
    .priority(Priority::Low)
}

/// An API whose statistics are not wired answers every request for them, with zero.
pub(crate) fn unwired_statistics_are_zero() -> Check {
    Check::new("unwired_statistics_are_zero", |history| {
        let wrong = history.operations("metrics-unwired").find(|op| {
            let output = op.output();
            let statuses = output["statuses"].as_array().map(Vec::as_slice).unwrap_or_default();
            let mut answers = statuses.iter().filter_map(Value::as_i64);
            let is_refused = answers.any(|status| status != 200);
            let told = output["body"]["notification_dead_total"].as_i64();
            is_refused || (op.is_ok() && told != Some(0))
        });
        Outcome::unless(wrong.map(|op| invalid(&op, "statistics that are not wired are not zero")))
    })
    .priority(Priority::Low)
}
