//! The forwarder: mails the audits that customers should hear of, each once, and no others.

use chaosdrill_kit::Program;
use chaosdrill_rt::{
    defect, observe,
    time::{self, Duration},
};

use crate::{
    BoxError, audit,
    error::{ProvisionError, chain},
    mailer::{self, Mail},
    start,
    store::Store,
};

/// The configuration of a forwarder.
#[derive(Clone, Debug)]
pub struct ForwarderConfig {
    /// The database of the resources and their audits.
    pub database_url: String,
    /// The address of the mailer.
    pub mailer: String,
    /// The pause between two passes.
    pub every: Duration,
    /// Maximum number of mails of a kind per pass.
    pub batch: u32,
}

impl ForwarderConfig {
    /// The defaults: every 5 min, 100 mails.
    pub fn new(database_url: impl Into<String>, mailer: impl Into<String>) -> Self {
        Self {
            database_url: database_url.into(),
            mailer: mailer.into(),
            every: Duration::from_secs(5 * 60),
            batch: 100,
        }
    }
}

/// Runs a forwarder, for ever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_forwarder(config: ForwarderConfig) -> Program<'static> {
    Box::pin(forwarder(config))
}

async fn forwarder(config: ForwarderConfig) -> Result<(), BoxError> {
    let (pool, sql) = start::open("forwarder", &config.database_url).await?;
    let store = Store::new(pool, sql, "forwarder", Duration::ZERO);
    loop {
        if let Err(error) = pass(&config, &store).await {
            observe!("forwarder.pass_failed", error = chain(&error));
        }
        time::sleep(config.every).await;
    }
}

async fn pass(config: &ForwarderConfig, store: &Store) -> Result<(), ProvisionError> {
    defect!("R32", return Ok(()), ());
    for kind in audit::mailed() {
        for (resource_id, team) in store.unmailed(kind, config.batch).await? {
            let mail_id = format!("{kind} of {resource_id}");
            let mail = Mail { mail_id, team, kind: kind.to_owned(), resource_id };
            // A later pass tries again; the others need not wait.
            if let Err(error) = send(config, store, &mail).await {
                let resource = &mail.resource_id;
                observe!("forwarder.mail_failed", resource = resource, error = error);
                store.put_behind(kind, resource).await;
            }
        }
    }
    Ok(())
}

/// Posts a mail, and records that.
///
/// # Errors
///
/// Returns the words of the error.
async fn send(config: &ForwarderConfig, store: &Store, mail: &Mail) -> Result<(), String> {
    mailer::post(&config.mailer, mail).await.map_err(|error| chain(&error))?;
    store.mailed(&mail.kind, &mail.resource_id).await.map_err(|error| chain(&error))
}
