//! The backend: stands for the outside world. It stores its objects on its own disk, each under a token, and counts
//! every call. Scripts make it slow, let it refuse, or lose its answers.

use std::sync::Arc;

use chaosdrill_kit::Program;
use chaosdrill_rt::{
    fail_point, http,
    net::TcpListener,
    observe,
    sql::{Pool, Statements},
    statements,
    time::{self, Duration},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sqlx::Row;

use crate::{
    BoxError,
    error::chain,
    resource::ResourceType,
    start,
    wire::{Listed, Made, Object, Probe, Probed, Token},
};

statements! {
    struct Sql {
        backend_table: &'static str,
        backend_table_of_calls: &'static str,
        backend_count: &'static str,
        backend_create: &'static str,
        backend_delete: &'static str,
        backend_probe: &'static str,
        backend_list: &'static str,
    }
}

static SQL: Sql = Sql::of(Statements::new(include_str!("../sql/backend.sqlite.sql")));

/// The configuration of a backend.
#[derive(Clone, Debug)]
pub struct BackendConfig {
    /// Its own database.
    pub database_url: String,
    /// The address to listen on, such as `0.0.0.0:80`.
    pub listen: String,
    /// Its scripted faults.
    pub scripts: Vec<Script>,
    /// The suffix of its ids and prefixes: arbitrary bytes, so that no client assumes plain text.
    pub suffix: String,
}

impl BackendConfig {
    /// The defaults: port 80, and no faults.
    pub fn new(database_url: impl Into<String>) -> Self {
        Self {
            database_url: database_url.into(),
            listen: "0.0.0.0:80".into(),
            scripts: Vec::new(),
            suffix: String::new(),
        }
    }
}

/// An operation of a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Creates an object.
    Create,
    /// Deletes an object.
    Delete,
    /// Probes whether an object answers.
    Probe,
}

/// Calls that are answered differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// The operation.
    pub operation: Operation,
    /// The type; every type if it is `None`.
    pub resource_type: Option<ResourceType>,
    /// Calls of each type to skip first.
    pub after: u32,
    /// Calls of each type to affect.
    pub count: u32,
    /// The effect on these calls.
    pub how: Scripted,
}

/// The effect of a script on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripted {
    /// It is refused with 503, and has no effect.
    Refused,
    /// It is answered with 200 and a soft refusal, and has no effect. A probe reports that no object answers.
    Declined,
    /// It takes this long.
    Slow(Duration),
    /// It has its effect, but the answer is an error.
    Lost,
}

/// Runs a backend, for ever.
///
/// # Errors
///
/// Fails only if it cannot start.
pub fn run_backend(config: BackendConfig) -> Program<'static> {
    Box::pin(backend(config))
}

async fn backend(config: BackendConfig) -> Result<(), BoxError> {
    let pool = start::connect(&config.database_url).await?;
    let backend = Arc::new(Backend { pool, config });
    backend.make_ready().await;
    let listener = TcpListener::bind("backend", &backend.config.listen).await?;
    let answer = move |request: http::Request| {
        let backend = backend.clone();
        async move { backend.answer(&request).await }
    };
    http::serve(listener, answer).await?;
    Ok(())
}

struct Backend {
    pool: Pool,
    config: BackendConfig,
}

/// Why a call failed.
enum Trouble {
    Storage(sqlx::Error),
    Refused(u16),
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Storage(error)
    }
}

impl Backend {
    /// Prepares the database; retries until it is available.
    async fn make_ready(&self) {
        let mut failures = 0;
        while let Err(error) = self.make_tables().await {
            failures += 1;
            start::wait("tables", failures, &error).await;
        }
    }

    async fn make_tables(&self) -> Result<(), sqlx::Error> {
        for table in [SQL.backend_table, SQL.backend_table_of_calls] {
            sqlx::query(table).execute(&self.pool).await?;
        }
        Ok(())
    }

    async fn answer(&self, request: &http::Request) -> http::Response {
        let answered = match request.path.as_str() {
            "/create" => self.create(request).await,
            "/delete" => self.delete(request).await,
            "/probe" => self.probe(request).await,
            "/list" => self.list().await,
            _ => Err(Trouble::Refused(404)),
        };
        match answered {
            Ok(body) => http::Response::new(200, body.to_string()),
            Err(Trouble::Refused(status)) => http::Response::new(status, "not now"),
            Err(Trouble::Storage(error)) => http::Response::new(500, chain(&error)),
        }
    }

    /// Counts a call, and returns the script's effect on it.
    async fn count(&self, of: Operation, of_type: &str) -> Result<Option<Scripted>, Trouble> {
        let row = sqlx::query(SQL.backend_count)
            .bind(of.name())
            .bind(of_type.to_owned())
            .fetch_one(&self.pool)
            .await?;
        let calls: i64 = row.try_get("calls")?;
        let means = |script: &&Script| {
            let first = i64::from(script.after) + 1;
            script.operation == of
                && script.resource_type.is_none_or(|known| known.name() == of_type)
                && (first..first + i64::from(script.count)).contains(&calls)
        };
        let scripted = self.config.scripts.iter().find(means).map(|script| script.how);
        if let Some(how) = scripted {
            observe!("backend.scripted", operation = of.name(), of = of_type, call = calls);
            match how {
                Scripted::Refused => return Err(Trouble::Refused(503)),
                Scripted::Slow(lasts) => time::sleep(lasts).await,
                Scripted::Declined | Scripted::Lost => {}
            }
        }
        Ok(scripted)
    }

    async fn create(&self, request: &http::Request) -> Result<Value, Trouble> {
        let asked: Token = read(request)?;
        observe!("backend.asked", token = asked.token);
        let created = self.create_for(&asked).await;
        observe!("backend.answers", token = asked.token);
        created
    }

    async fn create_for(&self, asked: &Token) -> Result<Value, Trouble> {
        let scripted = self.count(Operation::Create, &asked.resource_type).await?;
        if scripted == Some(Scripted::Declined) {
            return Ok(json!(Made { ok: false, object: None }));
        }
        let object = self.make(asked).await?;
        observe!("backend.created", token = asked.token, of = asked.resource_type);
        let is_lost = fail_point!(crate::failpoints::OBJECT_MADE).is_err();
        if is_lost || scripted == Some(Scripted::Lost) {
            return Err(Trouble::Refused(500));
        }
        Ok(json!(Made { ok: true, object: Some(object) }))
    }

    async fn make(&self, asked: &Token) -> Result<Object, sqlx::Error> {
        let Token { token, resource_type } = asked;
        let suffix = &self.config.suffix;
        let row = sqlx::query(SQL.backend_create)
            .bind(token.clone())
            .bind(resource_type.clone())
            .bind(format!("{resource_type}-{token}{suffix}"))
            .bind((resource_type == "cache").then(|| format!("{token}{suffix}:")))
            .bind(format!("{resource_type}://{token}:secret@backend/{token}"))
            .bind(time::unix_ms())
            .fetch_one(&self.pool)
            .await?;
        Ok(Object {
            provider_resource_id: row.try_get("provider_resource_id")?,
            key_prefix: row.try_get("key_prefix")?,
            url: row.try_get("url")?,
        })
    }

    async fn delete(&self, request: &http::Request) -> Result<Value, Trouble> {
        let asked: Token = read(request)?;
        observe!("backend.delete_asked", token = asked.token);
        let scripted = self.count(Operation::Delete, &asked.resource_type).await?;
        if scripted == Some(Scripted::Declined) {
            return Err(Trouble::Refused(409));
        }
        let deleted =
            sqlx::query(SQL.backend_delete).bind(asked.token.clone()).execute(&self.pool).await?;
        observe!("backend.deleted", token = asked.token, found = deleted.rows_affected());
        if scripted == Some(Scripted::Lost) {
            return Err(Trouble::Refused(500));
        }
        Ok(json!({}))
    }

    async fn probe(&self, request: &http::Request) -> Result<Value, Trouble> {
        let asked: Probe = read(request)?;
        let scripted = self.count(Operation::Probe, &asked.resource_type).await?;
        let row = sqlx::query(SQL.backend_probe).bind(asked.url).fetch_optional(&self.pool).await?;
        let probed = match row {
            Some(row) if scripted != Some(Scripted::Declined) => Probed {
                reachable: row.try_get::<i64, _>("is_there")? != 0,
                provider_resource_id: row.try_get("provider_resource_id")?,
            },
            _ => Probed { reachable: false, provider_resource_id: None },
        };
        observe!("backend.probed", reachable = probed.reachable);
        if scripted == Some(Scripted::Lost) {
            return Err(Trouble::Refused(500));
        }
        Ok(json!(probed))
    }

    async fn list(&self) -> Result<Value, Trouble> {
        let rows = sqlx::query(SQL.backend_list).fetch_all(&self.pool).await?;
        let mut objects = Vec::new();
        for row in rows {
            objects.push(Listed {
                token: row.try_get("token")?,
                resource_type: row.try_get("resource_type")?,
                created_at: row.try_get("created_at")?,
            });
        }
        Ok(json!(objects))
    }
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Probe => "probe",
        }
    }
}

fn read<T: DeserializeOwned>(request: &http::Request) -> Result<T, Trouble> {
    serde_json::from_slice(&request.body).map_err(|_| Trouble::Refused(400))
}
