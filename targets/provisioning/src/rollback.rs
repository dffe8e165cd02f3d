//! Rolls back a failed provisioning: first the object, then the row, then the audit, whether or not the client still
//! waits.
//!
//! Before the object is deleted, the row is marked *doomed*: from then on, neither the reconciler nor a step whose
//! answer was lost can make it active. A row that is active after all is left alone. The row turns `failed` only when
//! the object is gone, or its leak is recorded in the same transaction. If the database does not answer, the row stays
//! as it is, and the reconciler continues when the lease has expired. The doomed row keeps why it failed, so that the
//! audit is the same whoever writes it.

use chaosdrill_rt::{
    defect, fail_point, observe,
    time::{self, Duration},
};

use crate::{
    Backoff,
    client::Backend,
    error::{ProvisionError, chain},
    failpoints,
    host::{Context, Host, Refused},
    resource::{Resource, Status},
    store::{Failure, Stage},
};

/// Attempts before the rollback is left to the reconciler.
const TRIES_MAX: u32 = 5;

/// The pause between two attempts.
const BACKOFF: Backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(8) };

/// Retries a step that must succeed before the response, up to a limit.
macro_rules! patiently {
    ($work:expr) => {{
        let mut failures = 0;
        loop {
            match $work {
                Err(ProvisionError::Storage { .. }) if failures < TRIES_MAX => {
                    failures += 1;
                    time::sleep(BACKOFF.after(failures)).await;
                }
                result => break result,
            }
        }
    }};
}

/// The state of a row that is to be rolled back.
enum Found {
    /// The resource is active, with what this request has stored.
    Active,
    /// It is pending and doomed, and this request must roll it back.
    Mine,
    /// Another program has rolled it back.
    Failed,
    /// Another program holds it, or it is no longer active.
    Others,
}

impl Host {
    /// Rolls back a failure. `Ok` if there was none after all: the resource is active with what this request has
    /// stored.
    pub(crate) async fn roll_back(
        &self,
        resource: &Resource,
        stage: Stage,
        why: &str,
        context: &Context,
    ) -> Result<(), Refused> {
        let found = patiently!(self.claim_failure(resource, stage, why).await);
        match found {
            Ok(Found::Active) => return Ok(()),
            Ok(Found::Mine) => {}
            // An object that was created late belongs to no resource.
            Ok(Found::Failed) => return Err(self.clean_up_late(resource).await),
            Ok(Found::Others) | Err(_) => return Err(Refused::in_progress(resource)),
        }
        defect!(
            "R5b",
            if self.settle(resource, stage, why, None).await.is_err() {
                return Err(Refused::in_progress(resource));
            },
            ()
        );
        if fail_point!(failpoints::ROLLBACK_BEGINS).is_err() {
            return Err(Refused::in_progress(resource));
        }
        let leak = if context.cleans_up() { clean_up(&self.backend, resource).await } else { None };
        if fail_point!(failpoints::CLEANED_UP).is_err() {
            return Err(Refused::in_progress(resource));
        }
        let settled =
            defect!("R5", Ok(true), self.settle(resource, stage, why, leak.clone()).await);
        match settled {
            Ok(true) => {}
            // Another program has rolled back the row, and has written its audit, too.
            Ok(false) => return Err(self.note_late_leak(resource, leak).await),
            Err(_) => {
                return Err(defect!("R64", Refused::rolled_back, Refused::in_progress)(resource));
            }
        }
        let _ = fail_point!(failpoints::SETTLED);
        Err(self.audit(resource, stage).await)
    }

    /// Looks at the failed row, and dooms it if this request still holds it as pending.
    async fn claim_failure(
        &self,
        resource: &Resource,
        stage: Stage,
        why: &str,
    ) -> Result<Found, ProvisionError> {
        if defect!("R13b", true, false) || self.store.doom(resource, stage, why).await? {
            return Ok(Found::Mine);
        }
        let Some(row) = self.store.look(&resource.id).await? else { return Ok(Found::Others) };
        let is_whole = row.connection_url.is_some()
            && row.connection_url == resource.connection_url
            && row.provider_resource_id == resource.provider_resource_id;
        Ok(match row.status {
            Status::Active if is_whole => Found::Active,
            Status::Failed => Found::Failed,
            _ => Found::Others,
        })
    }

    /// Marks the row as failed and refunds its charge. Returns whether this request did so: if it stalled for longer
    /// than its lease, the reconciler may have done it.
    async fn settle(
        &self,
        resource: &Resource,
        stage: Stage,
        why: &str,
        leak: Option<String>,
    ) -> Result<bool, ProvisionError> {
        let failure = Failure { stage, why, by_reconciler: false, leak: leak.as_deref() };
        patiently!(self.settle_once(resource, &failure).await)
    }

    async fn settle_once(
        &self,
        resource: &Resource,
        failure: &Failure<'_>,
    ) -> Result<bool, ProvisionError> {
        if self.store.fail(resource, failure).await? {
            return Ok(true);
        }
        // The change may have been made before, and its answer lost. The holder shows who made it.
        match self.store.look(&resource.id).await? {
            Some(row) if row.status == Status::Failed => Ok(row.holder == resource.holder),
            _ => Err(ProvisionError::NotPending),
        }
    }

    /// Deletes the object of a row that another program has rolled back, perhaps before the object existed.
    async fn clean_up_late(&self, resource: &Resource) -> Refused {
        let leak = clean_up(&self.backend, resource).await;
        self.note_late_leak(resource, leak).await
    }

    /// Records an object that may still exist although another program has rolled back its row.
    async fn note_late_leak(&self, resource: &Resource, leak: Option<String>) -> Refused {
        if let Some(why) = defect!("R63", None, leak)
            && patiently!(self.store.leak(resource, &why).await).is_err()
        {
            observe!("rollback.leak_lost", resource = resource.id);
        }
        Refused::rolled_back(resource)
    }

    /// Writes the audit of a failure. The response waits for it only briefly, and is the same without it: the
    /// reconciler writes missing audits.
    async fn audit(&self, resource: &Resource, stage: Stage) -> Refused {
        let written = self.store.audit(stage.audit(), resource);
        let patience = defect!("R10c", Duration::MAX, self.config.audit_patience);
        let lost = match time::timeout(patience, written).await {
            Ok(Ok(())) => return Refused::rolled_back(resource),
            Ok(Err(error)) => chain(&error),
            Err(_) => "it took too long".to_owned(),
        };
        observe!("audit.lost", resource = resource.id, error = lost);
        let refused = Refused::rolled_back(resource);
        defect!("R10b", Refused { status: 500, ..refused }, refused)
    }
}

/// Deletes the object of a row, if its type has one. Returns why it may still exist.
pub(crate) async fn clean_up(backend: &Backend, resource: &Resource) -> Option<String> {
    if defect!("R4", true, !resource.resource_type.has_backend()) {
        return None;
    }
    defect!("R49", return Some("it can wait".to_owned()), ());
    let deleted = backend.delete(&resource.id, resource.resource_type.name()).await;
    deleted.err().map(|error| chain(&error))
}
