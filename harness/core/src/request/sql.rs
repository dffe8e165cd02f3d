//! Steps at a database, and their answers.
//!
//! The types are those of sqlx's driver `Any`, which databases have in common.

use serde::{Deserialize, Serialize};

use super::Broken;

/// A connection of a host, by its number in the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionId(pub u64);

/// A step at a database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// Open a connection. Answered with [`Answer::Connection`].
    Connect {
        /// The URL of the database.
        url: String,
    },
    /// Execute one statement, or a text of several. Answered with [`Answer::Parts`].
    Execute {
        /// The connection.
        connection: ConnectionId,
        /// The site.
        site: String,
        /// The statement.
        statement: Statement,
    },
    /// Execute a step of a migration. Answered with [`Answer::Parts`], the parts of the last statement.
    Migrate {
        /// The connection.
        connection: ConnectionId,
        /// The site.
        site: String,
        /// The statements.
        statements: Vec<Statement>,
        /// Whether they are executed in one transaction.
        is_atomic: bool,
    },
    /// Prepare a statement without executing it. Answered with [`Answer::Description`].
    Describe {
        /// The connection.
        connection: ConnectionId,
        /// The site.
        site: String,
        /// The text.
        sql: String,
    },
    /// Read the clock of the database's machine, which is never skewed. Answered with [`Answer::UnixMs`].
    Clock {
        /// The connection.
        connection: ConnectionId,
    },
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// The text.
    pub sql: String,
    /// The arguments; `None` if it was sent without any, as a plain text.
    pub arguments: Option<Vec<Value>>,
}

/// The answer of a database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// An open connection.
    Connection(ConnectionId),
    /// The results of the statements of a text, in their order.
    Parts(Vec<Part>),
    /// What is known of a statement before it is executed.
    Description(Description),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    UnixMs(i64),
}

/// The result of one statement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The columns of its rows; empty if it returned no row.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
    /// The number of rows that it changed.
    pub affected: u64,
}

/// What is known of a statement before it is executed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The columns of its rows.
    pub columns: Vec<Column>,
    /// The number of its parameters.
    pub parameters: usize,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The name.
    pub name: String,
    /// The declared type; [`Type::Null`] if there is none.
    pub declared: Type,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    /// No type.
    Null,
    /// A truth value.
    Bool,
    /// An integer of 16 bits.
    SmallInt,
    /// An integer of 32 bits.
    Integer,
    /// An integer of 64 bits.
    BigInt,
    /// A floating-point number of 32 bits.
    Real,
    /// A floating-point number of 64 bits.
    Double,
    /// Text.
    Text,
    /// Bytes.
    Blob,
}

/// A value: an argument, or a column of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// No value of this type.
    Null(Type),
    /// A truth value.
    Bool(bool),
    /// An integer of 16 bits.
    SmallInt(i16),
    /// An integer of 32 bits.
    Integer(i32),
    /// An integer of 64 bits.
    BigInt(i64),
    /// A floating-point number of 32 bits.
    Real(f32),
    /// A floating-point number of 64 bits.
    Double(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// The error of a step at a database. Its text is that of the same error of sqlx.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Error {
    /// The connection is lost.
    #[error("error communicating with database: {0}")]
    Connection(Broken),
    /// The database refused the statement.
    #[error("error returned from database: (code: {code}) {message}")]
    Database {
        /// SQLite's extended result code as a decimal number, or the SQLSTATE.
        code: String,
        /// The database's message.
        message: String,
        /// The constraint that would be violated, if that is the reason.
        violates: Option<Constraint>,
    },
    /// A column has a type that cannot be passed on.
    #[error("error occurred while decoding column {column}: {message}")]
    Column {
        /// The name of the column.
        column: String,
        /// The reason.
        message: String,
    },
    /// A value cannot be decoded.
    #[error("error occurred while decoding: {message}")]
    Decode {
        /// The reason.
        message: String,
    },
    /// The parameters of the statement have a form that is not supported.
    #[error("encountered unexpected or invalid data: {message}")]
    Unsupported {
        /// The reason.
        message: String,
    },
    /// No machine of the run serves the URL.
    #[error("error with configuration: {message}")]
    Url {
        /// The reason.
        message: String,
    },
}

/// A kind of constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Constraint {
    /// A unique or primary key.
    Unique,
    /// A foreign key.
    ForeignKey,
    /// NOT NULL.
    NotNull,
    /// CHECK.
    Check,
}
