//! Resources: their types, their states, and their rows.

use sqlx::{Row, any::AnyRow};

/// The type of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceType {
    /// A relational database.
    Db,
    /// A cache.
    Cache,
    /// A document store.
    Nosql,
    /// A queue.
    Queue,
    /// A bucket.
    Storage,
    /// An address to which others post; the product serves it itself, without an object of the backend.
    Webhook,
    /// A vector index.
    Vector,
    /// A deployment of one program.
    Deploy,
    /// A deployment of several programs together.
    Stack,
}

impl ResourceType {
    /// All types.
    pub const ALL: [Self; 9] = [
        Self::Db,
        Self::Cache,
        Self::Nosql,
        Self::Queue,
        Self::Storage,
        Self::Webhook,
        Self::Vector,
        Self::Deploy,
        Self::Stack,
    ];

    /// The types whose requests wait for the resource.
    pub const AT_ONCE: [Self; 7] = [
        Self::Db,
        Self::Cache,
        Self::Nosql,
        Self::Queue,
        Self::Storage,
        Self::Webhook,
        Self::Vector,
    ];

    /// The name in paths and rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Db => "db",
            Self::Cache => "cache",
            Self::Nosql => "nosql",
            Self::Queue => "queue",
            Self::Storage => "storage",
            Self::Webhook => "webhook",
            Self::Vector => "vector",
            Self::Deploy => "deploy",
            Self::Stack => "stack",
        }
    }

    /// The type of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// Whether its requests are answered with 202, before it is built.
    pub(crate) fn is_built_later(self) -> bool {
        matches!(self, Self::Deploy | Self::Stack)
    }

    /// Whether the backend stores an object for it.
    pub fn has_backend(self) -> bool {
        self != Self::Webhook
    }
}

/// The states of a row. The schema's CHECK has the same list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Being created; charged.
    Pending,
    /// In use by the customer; charged.
    Active,
    /// Held at the customer's request.
    Paused,
    /// Held by the operator.
    Suspended,
    /// It could not be created, and was rolled back.
    Failed,
    /// It has reached the end of its lifetime, and waits for its deletion.
    Expired,
    /// Deleted at the customer's request.
    Deleted,
    /// Deleted at the end of its lifetime.
    Reaped,
}

impl Status {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Active,
        Self::Paused,
        Self::Suspended,
        Self::Failed,
        Self::Expired,
        Self::Deleted,
        Self::Reaped,
    ];

    /// The name in rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Suspended => "suspended",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Deleted => "deleted",
            Self::Reaped => "reaped",
        }
    }

    /// The status of that name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}

/// A row as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    /// Its id, and the token under which the backend knows it.
    pub(crate) id: String,
    pub(crate) request_id: String,
    pub(crate) attempt: i64,
    pub(crate) team: String,
    pub(crate) resource_type: ResourceType,
    pub(crate) tier: String,
    pub(crate) env: String,
    pub(crate) log_prefix: String,
    pub(crate) status: Status,
    pub(crate) key_prefix: Option<String>,
    /// Encrypted.
    pub(crate) connection_url: Option<String>,
    pub(crate) provider_resource_id: Option<String>,
    /// The current or last holder.
    pub(crate) holder: String,
    /// It is being rolled back.
    pub(crate) doomed: bool,
    pub(crate) created_at: i64,
    /// The stage in which it failed.
    pub(crate) failed_stage: Option<String>,
    /// Why it failed.
    pub(crate) last_error: Option<String>,
    pub(crate) close_as: Option<String>,
}

impl Resource {
    /// Reads a row.
    pub(crate) fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let unknown = |what: &str, name: &str| {
            sqlx::Error::Decode(format!("{what} {name:?} is not known").into())
        };
        let status: String = row.try_get("status")?;
        let resource_type: String = row.try_get("resource_type")?;
        Ok(Self {
            id: row.try_get("resource_id")?,
            request_id: row.try_get("request_id")?,
            attempt: row.try_get("attempt")?,
            team: row.try_get("team")?,
            resource_type: ResourceType::of(&resource_type)
                .ok_or_else(|| unknown("the type", &resource_type))?,
            tier: row.try_get("tier")?,
            env: row.try_get("env")?,
            log_prefix: row.try_get("log_prefix")?,
            status: Status::of(&status).ok_or_else(|| unknown("the status", &status))?,
            key_prefix: row.try_get("key_prefix")?,
            connection_url: row.try_get("connection_url")?,
            provider_resource_id: row.try_get("provider_resource_id")?,
            holder: row.try_get("holder")?,
            doomed: row.try_get::<i64, _>("doomed")? != 0,
            created_at: row.try_get("created_at")?,
            failed_stage: row.try_get("failed_stage")?,
            last_error: row.try_get("last_error")?,
            close_as: row.try_get("close_as")?,
        })
    }
}
