//! Dispatches one row: asks the provisioner to bring each resource of the team to its tier.

use chaosdrill_kit::chain;
use chaosdrill_rt::{
    defect, http,
    sql::Pool,
    time::{self, Instant},
};
use sqlx::{Row, any::AnyRow};

use crate::{
    error::{PipelineError, storage},
    kinds::{self, Support},
    skips,
    sql::Sql,
    stop::{Stop, until},
    wire::{Regrade, Regraded},
};

#[cfg(feature = "defects")]
const HOUR: time::Duration = time::Duration::from_secs(60 * 60);

/// The client of the provisioner.
#[derive(Clone, Debug)]
pub(crate) struct Dispatcher {
    pub(crate) pool: Pool,
    pub(crate) sql: &'static Sql,
    /// The address of the provisioner, such as `provisioner:80`.
    pub(crate) provisioner: String,
}

/// The desired state of a resource.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) token: String,
    pub(crate) resource_type: String,
    provider_resource_id: String,
    tier: String,
    pub(crate) generation: i64,
}

/// A resource that needs no further work.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) token: String,
    pub(crate) generation: i64,
    /// The current connection limit, if the provisioner reported it.
    pub(crate) conn_limit: Option<i64>,
}

/// A resource that the provisioner did not change, for a reason that is not allowed.
#[derive(Clone, Debug)]
pub(crate) struct Skip {
    pub(crate) token: String,
    pub(crate) resource_type: String,
    pub(crate) reason: String,
}

/// Why a call to the provisioner failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("the provisioner cannot be reached")]
    Transport(#[source] std::io::Error),
    #[error("the provisioner answered {0}: {1}")]
    Refused(u16, String),
    #[error("the provisioner's answer cannot be understood")]
    Answer(#[source] serde_json::Error),
}

/// Why a row was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DispatchError {
    #[error("no handler registered for kind {0:?}")]
    UnknownKind(String),
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    #[error("{token}: {source}")]
    Call { token: String, source: CallError },
    #[error("{token}: nobody knows what a resource of type {resource_type:?} needs")]
    UnknownType { token: String, resource_type: String },
    #[error("unexpected skip: {}", in_words(.0))]
    UnexpectedSkip(Vec<Skip>),
    #[error("the dispatch took too long")]
    TimedOut,
    #[error("the dispatch was broken off")]
    Cancelled,
    #[error("the success could not be saved: {0}")]
    Unsaved(String),
    #[error("given up: of {0} dispatches hardly one came to an end")]
    Poison(i64),
}

fn in_words(skips: &[Skip]) -> String {
    let words = skips.iter().map(|skip| {
        let reason = if skip.reason.is_empty() { "no reason given" } else { &skip.reason };
        format!("{} ({}): {reason}", skip.token, skip.resource_type)
    });
    words.collect::<Vec<_>>().join("; ")
}

impl DispatchError {
    /// The resources that were skipped without an allowed reason, if that is the error.
    pub(crate) fn skips(&self) -> &[Skip] {
        match self {
            Self::UnexpectedSkip(skips) => skips,
            _ => &[],
        }
    }

    /// How many attempts the failure uses up: a dispatch that never began is none.
    pub(crate) fn attempts(&self) -> i64 {
        i64::from(!matches!(self, Self::Poison(_)))
    }

    /// The text of the error, as it is stored.
    pub(crate) fn line(&self) -> String {
        crate::scrub::scrub(&chain(self))
    }
}

impl Dispatcher {
    /// Brings every resource of a team to its tier. A failed call does not stop the others.
    pub(crate) async fn regrade_team(
        &self,
        propagation: &str,
        team: &str,
        deadline: Instant,
        stop: &Stop,
    ) -> Result<Vec<Done>, DispatchError> {
        let mut done = Vec::new();
        let mut skips = Vec::new();
        let mut first_error = None;
        let read = time::timeout_at(deadline, self.resources(team)).await;
        for resource in read.map_err(|_| DispatchError::TimedOut)?? {
            match kinds::support(&resource.resource_type) {
                Support::Excluded => continue,
                Support::Regraded if !kinds::is_paid(&resource.tier) => continue,
                Support::Regraded => {}
                Support::Unknown => {
                    let Resource { token, resource_type, .. } = resource;
                    first_error.get_or_insert(DispatchError::UnknownType { token, resource_type });
                    continue;
                }
            }
            defect!("P48", drop(self.ask(propagation, &resource, deadline, stop).await), ());
            match self.ask(propagation, &resource, deadline, stop).await {
                Ok(answer) if answer.applied || skips::is_allowed(&answer.skip_reason) => {
                    done.push(resource.done(&answer));
                }
                Ok(answer) => skips.push(resource.skip(answer.skip_reason)),
                Err(error @ (DispatchError::TimedOut | DispatchError::Cancelled)) => {
                    return Err(error);
                }
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            Some(error) => Err(error),
            None if !skips.is_empty() => {
                defect!("P1", Ok(done), Err(DispatchError::UnexpectedSkip(skips)))
            }
            None => Ok(done),
        }
    }

    /// Asks the provisioner to bring one resource to its tier, until the deadline at the latest.
    pub(crate) async fn ask(
        &self,
        propagation: &str,
        resource: &Resource,
        deadline: Instant,
        stop: &Stop,
    ) -> Result<Regraded, DispatchError> {
        let wish = Regrade {
            propagation: propagation.to_owned(),
            token: resource.token.clone(),
            provider_resource_id: resource.provider_resource_id.clone(),
            resource_type: resource.resource_type.clone(),
            tier: resource.tier.clone(),
            generation: defect!("P64", resource.generation + 1, resource.generation),
        };
        let deadline = defect!("P63", deadline + HOUR, deadline);
        let called = time::timeout_at(deadline, self.call(&wish));
        let asked = until(stop.cancelled(), called).await.ok_or(DispatchError::Cancelled)?;
        let failed = |source| DispatchError::Call { token: wish.token.clone(), source };
        asked.map_err(|_| DispatchError::TimedOut)?.map_err(failed)
    }

    async fn call(&self, wish: &Regrade) -> Result<Regraded, CallError> {
        let body = serde_json::to_vec(wish).map_err(CallError::Answer)?;
        let posted = http::post("provisioner.regrade", &self.provisioner, "/regrade", body);
        let response = posted.await.map_err(CallError::Transport)?;
        if !response.is_success() {
            let said = String::from_utf8_lossy(&response.body).into_owned();
            return Err(CallError::Refused(response.status, defect!("P61", String::new(), said)));
        }
        serde_json::from_slice(&response.body).map_err(CallError::Answer)
    }

    async fn resources(&self, team: &str) -> Result<Vec<Resource>, PipelineError> {
        let failed = storage("read the resources");
        let rows = sqlx::query(self.sql.resources_of_team)
            .bind(team.to_owned())
            .fetch_all(&self.pool)
            .await
            .map_err(&failed)?;
        rows.iter().map(Resource::read).collect::<Result<_, _>>().map_err(failed)
    }
}

impl Resource {
    pub(crate) fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            token: row.try_get("token")?,
            resource_type: row.try_get("resource_type")?,
            provider_resource_id: row.try_get("provider_resource_id")?,
            tier: row.try_get("tier")?,
            generation: row.try_get("generation")?,
        })
    }

    pub(crate) fn done(self, answer: &Regraded) -> Done {
        let Self { token, generation, .. } = self;
        Done { token, generation, conn_limit: answer.conn_limit }
    }

    fn skip(self, reason: String) -> Skip {
        let Self { token, resource_type, .. } = self;
        Skip { token, resource_type, reason }
    }
}
