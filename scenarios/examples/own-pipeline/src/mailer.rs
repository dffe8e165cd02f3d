//! A client of the mailer: `POST /mails/ID` is answered with a receipt. A repeated id is answered with the same
//! receipt, and no second mail is sent.

use std::time::Duration;

use chaosdrill_rt::{http, time};

use crate::{error::Error, queue::Claim};

/// How long an answer may take; shorter than any lease.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Sends the mail of a claimed job.
pub(crate) async fn send(mailer: &str, claim: &Claim) -> Result<String, Error> {
    let path = format!("/mails/{}", claim.job);
    let mail = format!("{}\n{}", claim.recipient, claim.body);
    let answer = http::post("mailer.send", mailer, &path, mail);
    let answer = time::timeout(ANSWER_WITHIN, answer).await??;
    if answer.is_success() {
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    } else {
        Err(Error::MailerRefused(answer.status))
    }
}
