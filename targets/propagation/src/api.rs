//! The producer: accepts upgrades over HTTP, and commits each with the row of its propagation in one transaction.
//!
//! `POST /teams` creates a team, `POST /upgrades` upgrades one, and `POST /requeue` is for the operator. Of the status
//! codes, 200 is success, 503 asks the sender to retry, 409 reports a team at another tier, and 422 is any other final
//! refusal.

use std::sync::Arc;

use chaosdrill_kit::{Program, chain};
use chaosdrill_rt::{
    defect, fail_point, http,
    net::TcpListener,
    sql::{Connection, Pool},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sqlx::Row;

use crate::{
    BoxError,
    error::{PipelineError, storage},
    kinds,
    release::Release,
    sql::{self, Sql},
    start,
    wire::{NewResource, NewTeam, Requeue, Upgrade},
};

/// Maximum length of a name, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// The requeue without its reset of the count of dispatches.
#[cfg(feature = "defects")]
const KEEPS_PICKS: &str = "-- name: propagation.requeue
UPDATE pending_propagations SET failed_at = NULL, attempts = 0, next_attempt_at = $2
WHERE id = $1 AND failed_at IS NOT NULL
RETURNING team_id";

/// The configuration of the producer.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// The database of teams and propagations.
    pub database_url: String,
    /// The address to listen on, such as `0.0.0.0:80`.
    pub listen: String,
}

impl ApiConfig {
    /// The defaults: listens on port 80.
    pub fn new(database_url: impl Into<String>) -> Self {
        Self { database_url: database_url.into(), listen: "0.0.0.0:80".into() }
    }
}

/// Runs the producer forever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_api(config: ApiConfig) -> Program<'static> {
    Box::pin(api(config))
}

async fn api(config: ApiConfig) -> Result<(), BoxError> {
    let pool = start::open(&config.database_url, Release::Current).await?;
    let sql = sql::of(&pool)?;
    let api = Arc::new(Api { pool, sql });
    let listener = TcpListener::bind("api", &config.listen).await?;
    let answer = move |request: http::Request| {
        let api = api.clone();
        async move { api.answer(&request).await }
    };
    http::serve(listener, answer).await?;
    Ok(())
}

struct Api {
    pool: Pool,
    sql: &'static Sql,
}

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("{0}")]
    Never(String),
    #[error("team {team} is there, at tier {tier}")]
    OtherTier { team: String, tier: String },
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

impl Refusal {
    fn status(&self) -> u16 {
        match self {
            Self::Pipeline(error) if error.is_transient() => 503,
            Self::OtherTier { .. } => 409,
            _ => 422,
        }
    }

    /// The tier that the answer reports; `None` if the refusal is about something else.
    fn tier(&self) -> Option<&str> {
        match self {
            Self::OtherTier { tier, .. } => Some(tier),
            _ => None,
        }
    }
}

impl Api {
    async fn answer(&self, request: &http::Request) -> http::Response {
        let answered = match request.path.as_str() {
            "/teams" => match read(request) {
                Ok(team) => self.create(&team).await,
                Err(refusal) => Err(refusal),
            },
            "/upgrades" => match read(request) {
                Ok(upgrade) => self.upgrade(&upgrade).await,
                Err(refusal) => Err(refusal),
            },
            "/requeue" => match read(request) {
                Ok(requeue) => self.requeue(&requeue).await,
                Err(refusal) => Err(refusal),
            },
            _ => Err(Refusal::Never("nothing is here".into())),
        };
        match answered {
            Ok(body) => http::Response::new(200, body.to_string()),
            Err(refusal) => {
                let mut body = json!({ "error": chain(&refusal) });
                if let Some(tier) = refusal.tier() {
                    body["tier"] = tier.into();
                }
                http::Response::new(refusal.status(), body.to_string())
            }
        }
    }

    /// Creates a team with its resources, all or nothing. A repeated request finds what it did.
    async fn create(&self, new: &NewTeam) -> Result<Value, Refusal> {
        named(&[&new.team])?;
        sold(&new.tier)?;
        let mut tx = self.pool.begin("team").await.map_err(storage("begin a team"))?;
        let now = tx.unix_ms().await.map_err(storage("ask for the time"))?;
        let made = sqlx::query(self.sql.teams_create)
            .bind(new.team.clone())
            .bind(new.tier.clone())
            .bind(now)
            .execute(&mut *tx)
            .await
            .map_err(storage("make a team"))?;
        if defect!("P52", false, made.rows_affected() == 0) {
            self.is_at_its_tier(&mut tx, new).await?;
        }
        for resource in &new.resources {
            named(&[&resource.token, &resource.resource_type])?;
            let made = sqlx::query(self.sql.resources_create)
                .bind(resource.token.clone())
                .bind(new.team.clone())
                .bind(resource.resource_type.clone())
                .bind(format!("provider-{}", resource.token))
                .bind(new.tier.clone())
                .execute(&mut *tx)
                .await
                .map_err(storage("make a resource"))?;
            if defect!("P52b", false, made.rows_affected() == 0) {
                self.is_its_resource(&mut tx, new, resource).await?;
            }
        }
        tx.commit().await.map_err(storage("commit a team"))?;
        Ok(json!({}))
    }

    /// Refuses a new team if there is one of its name at another tier, because it was upgraded or is another's.
    async fn is_at_its_tier(
        &self,
        connection: &mut Connection,
        new: &NewTeam,
    ) -> Result<(), Refusal> {
        let tier = sqlx::query_scalar::<_, String>(self.sql.teams_tier)
            .bind(new.team.clone())
            .fetch_one(connection)
            .await
            .map_err(storage("look for the team"))?;
        if tier == new.tier {
            return Ok(());
        }
        Err(Refusal::OtherTier { team: new.team.clone(), tier })
    }

    /// Refuses a new resource if its token is that of another team or of another type.
    async fn is_its_resource(
        &self,
        connection: &mut Connection,
        new: &NewTeam,
        resource: &NewResource,
    ) -> Result<(), Refusal> {
        let known = sqlx::query_as::<_, (String, String)>(self.sql.resources_find)
            .bind(resource.token.clone())
            .fetch_one(connection)
            .await
            .map_err(storage("look for the resource"))?;
        if known == (new.team.clone(), resource.resource_type.clone()) {
            return Ok(());
        }
        Err(Refusal::Never(format!("the token {} belongs to another resource", resource.token)))
    }

    /// Commits the upgrade and its propagation, all or nothing.
    async fn upgrade(&self, upgrade: &Upgrade) -> Result<Value, Refusal> {
        named(&[&upgrade.id, &upgrade.team, &upgrade.kind])?;
        sold(&upgrade.tier)?;
        let mut tx = self.pool.begin("upgrade").await.map_err(storage("begin an upgrade"))?;
        if self.is_known(&mut tx, upgrade).await? {
            return Ok(json!({ "propagation": upgrade.id, "repeated": true }));
        }
        let now = tx.unix_ms().await.map_err(storage("ask for the time"))?;
        self.record(&mut tx, upgrade, now).await?;
        defect!("P21", (), self.enqueue(&mut tx, upgrade, now).await?);
        tx.commit().await.map_err(storage("commit an upgrade"))?;
        fail_point!(crate::failpoints::BEFORE_ANSWER).map_err(PipelineError::from)?;
        defect!(
            "P21",
            if let Ok(mut connection) = self.pool.acquire().await {
                let _ = self.enqueue(&mut connection, upgrade, now).await;
            },
            ()
        );
        Ok(json!({ "propagation": upgrade.id, "repeated": false }))
    }

    /// Whether the same upgrade was recorded before.
    async fn is_known(
        &self,
        connection: &mut Connection,
        upgrade: &Upgrade,
    ) -> Result<bool, Refusal> {
        let failed = storage("look for the upgrade");
        let known = sqlx::query(self.sql.upgrades_find)
            .bind(upgrade.id.clone())
            .fetch_optional(connection)
            .await
            .map_err(&failed)?;
        let Some(known) = known else { return Ok(false) };
        let is_column = |column: &str, value: &str| {
            known.try_get::<String, _>(column).is_ok_and(|known| known == value)
        };
        let is_same = is_column("team_id", &upgrade.team)
            && is_column("tier", &upgrade.tier)
            && is_column("kind", &upgrade.kind);
        if is_same {
            Ok(true)
        } else {
            Err(Refusal::Never(format!("the id {} belongs to another upgrade", upgrade.id)))
        }
    }

    async fn record(
        &self,
        connection: &mut Connection,
        upgrade: &Upgrade,
        now: i64,
    ) -> Result<(), Refusal> {
        let changed = sqlx::query(self.sql.teams_upgrade)
            .bind(upgrade.team.clone())
            .bind(upgrade.tier.clone())
            .execute(&mut *connection)
            .await
            .map_err(storage("upgrade the team"))?;
        if changed.rows_affected() == 0 {
            return Err(Refusal::Never(format!("there is no team {}", upgrade.team)));
        }
        defect!("P46", (), self.upgrade_resources(connection, upgrade).await?);
        sqlx::query(self.sql.upgrades_record)
            .bind(upgrade.id.clone())
            .bind(upgrade.team.clone())
            .bind(upgrade.tier.clone())
            .bind(upgrade.kind.clone())
            .bind(now)
            .execute(connection)
            .await
            .map_err(storage("remember the upgrade"))?;
        Ok(())
    }

    async fn upgrade_resources(
        &self,
        connection: &mut Connection,
        upgrade: &Upgrade,
    ) -> Result<(), PipelineError> {
        sqlx::query(self.sql.resources_upgrade)
            .bind(upgrade.team.clone())
            .bind(upgrade.tier.clone())
            .execute(connection)
            .await
            .map_err(storage("upgrade the resources"))?;
        Ok(())
    }

    async fn enqueue(
        &self,
        connection: &mut Connection,
        upgrade: &Upgrade,
        now: i64,
    ) -> Result<(), PipelineError> {
        sqlx::query(self.sql.propagation_enqueue)
            .bind(upgrade.id.clone())
            .bind(upgrade.kind.clone())
            .bind(upgrade.team.clone())
            .bind(upgrade.tier.clone())
            .bind(now)
            .execute(connection)
            .await
            .map_err(storage("enqueue the propagation"))?;
        Ok(())
    }

    /// Schedules a failed row again, with its counts reset.
    async fn requeue(&self, requeue: &Requeue) -> Result<Value, Refusal> {
        named(&[&requeue.id, &requeue.propagation])?;
        let mut tx = self.pool.begin("requeue").await.map_err(storage("begin to requeue"))?;
        let known = sqlx::query_scalar::<_, String>(self.sql.requeues_find)
            .bind(requeue.id.clone())
            .fetch_optional(&mut *tx)
            .await
            .map_err(storage("look for the wish"))?;
        if let Some(known) = defect!("P67", None, known) {
            let is_same = known == requeue.propagation;
            let other = || Refusal::Never(format!("the id {} belongs to another wish", requeue.id));
            return if is_same { Ok(json!({ "repeated": true })) } else { Err(other()) };
        }
        let now = tx.unix_ms().await.map_err(storage("ask for the time"))?;
        let statement = defect!("P65", KEEPS_PICKS, self.sql.propagation_requeue);
        let team = sqlx::query_scalar::<_, String>(statement)
            .bind(requeue.propagation.clone())
            .bind(now)
            .fetch_optional(&mut *tx)
            .await
            .map_err(storage("requeue the propagation"))?;
        let Some(team) = team else {
            defect!(
                "P47",
                {
                    self.record_requeue(&mut tx, requeue, now).await?;
                    tx.commit().await.map_err(storage("commit the wish"))?;
                },
                ()
            );
            return Err(Refusal::Never(format!("{} has not failed", requeue.propagation)));
        };
        self.record_requeue(&mut tx, requeue, now).await?;
        sqlx::query(self.sql.audit_append)
            .bind(requeue.propagation.clone())
            .bind(team)
            .bind("operator")
            .bind("propagation.requeued")
            .bind(format!("{} is tried again", requeue.propagation))
            .bind(json!({ "request": requeue.id }).to_string())
            .bind(now)
            .execute(&mut *tx)
            .await
            .map_err(storage("write the audit"))?;
        tx.commit().await.map_err(storage("commit the requeue"))?;
        Ok(json!({ "repeated": false }))
    }

    async fn record_requeue(
        &self,
        connection: &mut Connection,
        requeue: &Requeue,
        now: i64,
    ) -> Result<(), PipelineError> {
        sqlx::query(self.sql.requeues_record)
            .bind(requeue.id.clone())
            .bind(requeue.propagation.clone())
            .bind(now)
            .execute(connection)
            .await
            .map_err(storage("remember the wish"))?;
        Ok(())
    }
}

fn read<T: DeserializeOwned>(request: &http::Request) -> Result<T, Refusal> {
    serde_json::from_slice(&request.body).map_err(|error| Refusal::Never(error.to_string()))
}

/// Refuses invalid names.
fn named(names: &[&str]) -> Result<(), Refusal> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    let is_name =
        |name: &str| !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(is_plain);
    match names.iter().find(|name| !is_name(name)) {
        Some(name) => Err(Refusal::Never(format!("{name:?} names nothing"))),
        None => Ok(()),
    }
}

fn sold(tier: &str) -> Result<(), Refusal> {
    if kinds::TIERS.contains(&tier) {
        return Ok(());
    }
    Err(Refusal::Never(format!("there is no tier {tier:?}")))
}
