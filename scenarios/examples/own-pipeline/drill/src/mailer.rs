//! The simulated mailer. The checks ask it which mails were really sent.

use std::{
    collections::BTreeSet,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use chaosdrill_rt::{
    http::{self, Request, Response},
    net::TcpListener,
    observe,
};

/// The sent mails, by job. They survive a crash of the mailer's host, as if on disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mailbox(Arc<Mutex<BTreeSet<String>>>);

impl Mailbox {
    /// Sends mails until the listener fails.
    pub(crate) async fn serve(self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let listener = TcpListener::bind("mailer", "0.0.0.0:80").await?;
        http::serve(listener, move |request| std::future::ready(self.answer(&request))).await?;
        Ok(())
    }

    fn answer(&self, request: &Request) -> Response {
        let Some(job) = request.path.strip_prefix("/mails/") else {
            return Response::new(404, "no such path");
        };
        let is_new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(job.to_owned());
        if is_new {
            observe!("mail.sent", job = job);
        } else {
            observe!("mail.known", job = job);
        }
        Response::new(200, format!("receipt {job}"))
    }
}
