//! The client of the backend, for the programs of the product.

use chaosdrill_rt::{
    http,
    time::{self, Duration},
};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::{
    error::BackendError,
    resource::ResourceType,
    wire::{Listed, Made, Object, Probe, Probed, Token},
};

/// Maximum wait for any answer of the backend, except for a creation.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(5);

/// Attempts to delete an object before the deletion fails.
const DELETES_MAX: u32 = 3;

/// The pause between two attempts to delete.
const REST: Duration = Duration::from_secs(1);

/// A connection to the backend.
#[derive(Clone, Debug)]
pub(crate) struct Backend {
    address: String,
    /// Maximum time for the backend to create an object.
    create_timeout: Duration,
}

impl Backend {
    pub(crate) fn new(address: &str, create_timeout: Duration) -> Self {
        Self { address: address.to_owned(), create_timeout }
    }

    /// Asks for an object. After an error, the object may exist all the same.
    pub(crate) async fn create(
        &self,
        token: &str,
        of: ResourceType,
    ) -> Result<Object, BackendError> {
        let body = json!(Token { token: token.to_owned(), resource_type: of.name().to_owned() });
        let made: Made = self.ask("backend.create", "/create", &body, self.create_timeout).await?;
        made.object.filter(|_| made.ok).ok_or(BackendError::Declined)
    }

    /// Deletes an object, with a few retries; succeeds if it does not exist.
    pub(crate) async fn delete(&self, token: &str, of: &str) -> Result<(), BackendError> {
        let body = json!(Token { token: token.to_owned(), resource_type: of.to_owned() });
        let mut tries = 1;
        loop {
            let answer: Result<serde_json::Value, _> =
                self.ask("backend.delete", "/delete", &body, ANSWER_WAIT_MAX).await;
            match answer {
                Ok(_) => return Ok(()),
                Err(error) if tries >= DELETES_MAX => return Err(error),
                Err(_) => {
                    tries += 1;
                    time::sleep(REST).await;
                }
            }
        }
    }

    /// Probes whether an object answers at a URL, and under which id the backend knows it.
    pub(crate) async fn probe(&self, url: &str, of: ResourceType) -> Result<Probed, BackendError> {
        let body = json!(Probe { url: url.to_owned(), resource_type: of.name().to_owned() });
        self.ask("backend.probe", "/probe", &body, ANSWER_WAIT_MAX).await
    }

    /// Lists all objects.
    pub(crate) async fn list(&self) -> Result<Vec<Listed>, BackendError> {
        self.ask("backend.list", "/list", &json!({}), ANSWER_WAIT_MAX).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        label: &str,
        path: &str,
        body: &serde_json::Value,
        patience: Duration,
    ) -> Result<T, BackendError> {
        let posted = http::post(label, &self.address, path, body.to_string());
        let response = time::timeout(patience, posted)
            .await
            .map_err(|_| BackendError::TimedOut(patience))?
            .map_err(BackendError::Transport)?;
        if !response.is_success() {
            return Err(BackendError::Refused(response.status));
        }
        serde_json::from_slice(&response.body).map_err(BackendError::Unreadable)
    }
}
