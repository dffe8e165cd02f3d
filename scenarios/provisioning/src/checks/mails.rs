//! Checks what customers are mailed: everything that they should hear, nothing else, and nothing twice.

use std::{ops::Range, time::Duration};

use chaosdrill::{Check, Event, History, Outcome};
use chaosdrill_scenarios_common::checks::rows::last_rows_by_key;
use serde_json::Value;

use crate::checks::{
    rows::{AUDITS, MAILS, RESOURCES, int, text},
    trouble,
};

/// The kinds of audits that customers should hear of: those about a request whose end they may not have been answered.
pub(crate) const HEARD: [&str; 1] = ["provision.reconcile_abandoned"];

/// A mail is about an audit that exists and that customers should hear of, and goes to the team of the resource.
pub(crate) fn customers_hear_only_what_concerns_them() -> Check {
    Check::new("customers_hear_only_what_concerns_them", |history| {
        let wrong = history.rows(MAILS).into_iter().find_map(|change| {
            let (seq, mail) = (change.event.seq, change.after?);
            let why = why_not(history, seq, mail)?;
            Some((seq, format!("#{seq} the mail about {} {why}", mail["resource_id"])))
        });
        Outcome::unless(wrong.map(|(seq, why)| Outcome::invalid(why, [seq])))
    })
}

/// Why a mail should not have been sent; `None` if it was right.
fn why_not(history: &History<'_>, seq: u64, mail: &Value) -> Option<String> {
    if !HEARD.contains(&text(mail, "kind")) {
        return Some(format!("is about an audit {}, which is not for customers", mail["kind"]));
    }
    let audits = history.rows(AUDITS).into_iter();
    let mut earlier = audits.filter(|it| it.event.seq < seq).filter_map(|it| it.after);
    let is_of_it = |row: &Value| row["resource_id"] == mail["resource_id"];
    if !earlier.any(|audit| audit["kind"] == mail["kind"] && is_of_it(audit)) {
        return Some("has no audit".to_owned());
    }
    if text(mail, "team").is_empty() {
        return Some("goes to nobody: the resource has no team".to_owned());
    }
    let resources = last_rows_by_key(history, RESOURCES);
    let owner = resources.values().find(|(_, row)| is_of_it(row));
    let is_owner = owner.is_some_and(|(_, row)| row["team"] == mail["team"]);
    (!is_owner).then(|| format!("went to {}, whose resource it is not", mail["team"]))
}

/// Everything that the team of a resource should hear is mailed.
pub(crate) fn every_mail_owed_is_sent() -> Check {
    Check::new("every_mail_owed_is_sent", |history| {
        let mails = history.last_rows(MAILS);
        let resources = last_rows_by_key(history, RESOURCES);
        let audits = history.rows(AUDITS).into_iter();
        let owed = audits.filter_map(|change| Some((change.event.seq, change.after?)));
        let silent = owed.into_iter().find(|(_, audit)| {
            let row = resources.get(&audit["resource_id"].to_string());
            let has_team = row.is_some_and(|(_, row)| !text(row, "team").is_empty());
            let is_heard = HEARD.contains(&text(audit, "kind"));
            let is_of_it = |mail: &&Value| {
                mail["kind"] == audit["kind"] && mail["resource_id"] == audit["resource_id"]
            };
            is_heard && has_team && !mails.iter().any(is_of_it)
        });
        Outcome::unless(silent.map(|(seq, audit)| {
            let why = format!("the customer has no mail about {} #{seq}", audit["kind"]);
            Outcome::invalid(why, [seq])
        }))
    })
}

/// The hosts between an audit and its mail.
const MAILING: [&str; 2] = ["forwarder", "mailer"];

/// A mail is posted once, and once more at most for each trouble between the forwarder, the mailer and their databases
/// that may have hidden, since its audit was written, that it was accepted.
pub(crate) fn mails_are_not_repeated() -> Check {
    Check::new("mails_are_not_repeated", |history| {
        let audits = history.rows(AUDITS);
        let wrong = history.rows(MAILS).into_iter().find_map(|change| {
            let (seq, mail) = (change.event.seq, change.after?);
            let posts = int(mail, "posts");
            let is_of_it = |audit: &Value| {
                audit["kind"] == mail["kind"] && audit["resource_id"] == mail["resource_id"]
            };
            let audit = audits.iter().find(|audit| audit.after.is_some_and(is_of_it));
            let since = audit.map_or(seq, |audit| audit.event.seq);
            let kept_out = kept_out(history, &mail["resource_id"], since..seq);
            let bound = 1 + (trouble::count(history, &MAILING, since..seq) + kept_out) as i64;
            let key = change.key;
            let why =
                format!("#{seq} mail {key} was posted {posts} times, and {bound} are allowed");
            (posts > bound).then_some((seq, why))
        });
        Outcome::unless(wrong.map(|(seq, why)| Outcome::invalid(why, [seq])))
    })
}

/// How often, between two events, a post could not be written down because a host that was held up within a statement
/// had the lock of the database.
fn kept_out(history: &History<'_>, resource: &Value, during: Range<u64>) -> usize {
    let locked: Vec<(Duration, Duration)> =
        history.events().iter().filter_map(trouble::held_in_a_statement).collect();
    let is_kept_out = |event: &&Event| {
        during.contains(&event.seq)
            && event.get("resource") == resource
            && event.text("error").contains("database is locked")
            && locked.iter().any(|(from, to)| (*from..=*to).contains(&event.at()))
    };
    history.observed("forwarder.mail_failed").filter(is_kept_out).count()
}
