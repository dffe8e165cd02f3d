//! The checks, as functions of the history.

use std::collections::BTreeMap;

use chaosdrill::{Check, Outcome};

/// A job is settled once, under its current attempt.
pub(crate) fn settled_by_the_current_claim() -> Check {
    Check::new("settled_by_the_current_claim", |history| {
        let mut claims: BTreeMap<String, u64> = BTreeMap::new();
        for change in history.rows("jobs") {
            let Some(row) = change.after else { continue };
            let job = change.key.to_string();
            let (attempt, settled) = (&row["attempt"], &row["settled_attempt"]);
            if change.before.is_none_or(|before| before["attempt"] != *attempt) {
                claims.insert(job.clone(), change.event.seq);
            }
            if row["status"] == "sent" && settled != attempt {
                let claim = claims[&job];
                let why = format!(
                    "#{} {} settled job {job} under attempt {settled}; #{claim} attempt {attempt} is {}'s",
                    change.event.seq,
                    change.event.host,
                    row["worker"].as_str().unwrap_or("nobody"),
                );
                return Outcome::invalid(why, [change.event.seq, claim]);
            }
        }
        Outcome::valid()
    })
}

/// The mailer sends at most one mail per job.
pub(crate) fn no_mail_is_sent_twice() -> Check {
    Check::new("no_mail_is_sent_twice", |history| {
        let mut sent: BTreeMap<&str, u64> = BTreeMap::new();
        for mail in history.observed("mail.sent") {
            if let Some(first) = sent.insert(mail.text("job"), mail.seq) {
                let why = format!("the mail of job {} was sent twice", mail.text("job"));
                return Outcome::invalid(why, [first, mail.seq]);
            }
        }
        Outcome::valid()
    })
}

/// Every mail that the shop knows to be queued is sent, and recorded as sent.
pub(crate) fn every_mail_is_sent_and_recorded() -> Check {
    Check::new("every_mail_is_sent_and_recorded", |history| {
        let rows = history.last_rows("jobs");
        for added in history.operations("add").filter(|added| added.is_ok()) {
            let end = added.end.expect("an operation that is ok has an end");
            for job in end.output().as_array().into_iter().flatten() {
                let is_recorded =
                    rows.iter().any(|row| row["id"] == *job && row["status"] == "sent");
                let name = job.to_string();
                let is_sent = history.observed("mail.sent").any(|mail| mail.text("job") == name);
                if !is_recorded || !is_sent {
                    let why = format!("job {job}: mail sent {is_sent}, recorded {is_recorded}");
                    return Outcome::invalid(why, [end.seq]);
                }
            }
        }
        Outcome::valid()
    })
}
