//! A connection to SQLite, on the simulation's thread.
//!
//! It returns what sqlx's driver `Any` would return for SQLite: the same types, numbers of changed rows, errors and
//! messages. A test compares the two.

use std::{
    cell::Cell,
    path::{Path, PathBuf},
};

use chaosdrill_core::{
    limits::STATEMENTS_PREPARED_MAX,
    request::sql::{Column, Constraint, Description, Error, Part, Statement, Type, Value},
};
use rusqlite::{
    Batch, Row, ToSql,
    config::DbConfig,
    fallible_iterator::FallibleIterator,
    functions::FunctionFlags,
    types::{ToSqlOutput, ValueRef},
};

use super::{
    new_file,
    row_changes::{Collector, RowChanges, may_be_unreported},
};
use crate::sim::{
    clock,
    measure::measure,
    profile::Part as Profiled,
    simulation::{self, with_world},
};

/// Foreign keys are on by sqlx's default.
const SETTINGS: &str = "PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF;";

/// Settings for a new database; the file remembers them.
const SETTINGS_OF_A_NEW_FILE: &str = "PRAGMA journal_mode = WAL;";

/// An open connection.
pub(crate) struct Connection {
    sqlite: rusqlite::Connection,
    /// The number of changes that earlier users made. A new connection reports no change before its first write.
    changes_before: u64,
    /// The number of changes up to the last time that somebody asked for them.
    changes_known: Cell<u64>,
    file: PathBuf,
    collector: Collector,
}

impl Connection {
    /// Opens the file of a database, and creates it if it does not exist.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        measured(|| {
            let is_new = !path.exists();
            let is_copy = is_new && new_file::copy(path);
            let connection = super::open(path)?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS_PREPARED_MAX);
            connection.execute_batch(SETTINGS)?;
            if is_new && !is_copy {
                connection.execute_batch(SETTINGS_OF_A_NEW_FILE)?;
                new_file::remember(path);
            }
            // Without this guarantee, SQLite prepares many statements again for each value that is bound. What it could
            // learn from a value is of use only after ANALYZE.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
            seed_functions(&connection)?;
            Ok(Self {
                collector: Collector::new(&connection)?,
                sqlite: connection,
                changes_before: 0,
                changes_known: Cell::new(0),
                file: path.to_owned(),
            })
        })
        .map_err(error)
    }

    /// Executes a statement, or a text of several.
    pub(crate) fn execute(&self, statement: &Statement) -> Result<Vec<Part>, Error> {
        let in_transaction = !self.sqlite.is_autocommit();
        let done = measured(|| self.run(statement));
        if !in_transaction && !self.sqlite.is_autocommit() && self.collector.count() > 0 {
            // A text of several statements committed some changes, and began a transaction.
            self.report(&RowChanges { is_partial: true, ..RowChanges::default() });
        }
        self.report_changes();
        done
    }

    /// Executes the statements of a migration's step, and returns the parts of the last one.
    pub(crate) fn migrate(
        &self,
        statements: &[Statement],
        is_atomic: bool,
    ) -> Result<Vec<Part>, Error> {
        let done = measured(|| {
            let all = || statements.iter().try_fold(Vec::new(), |_, one| self.run(one));
            if !is_atomic {
                return all();
            }
            self.sqlite.execute_batch("BEGIN").map_err(error)?;
            let done = all().and_then(|last| {
                self.sqlite.execute_batch("COMMIT").map_err(error)?;
                Ok(last)
            });
            if done.is_err() {
                self.roll_back();
            }
            done
        });
        self.report_changes();
        done
    }

    /// Prepares a statement without executing it. A text of several statements has the columns of the first that
    /// returns rows.
    pub(crate) fn describe(&self, sql: &str) -> Result<Description, Error> {
        measured(|| {
            let mut batch = Batch::new(&self.sqlite, sql);
            let mut description = Description { columns: Vec::new(), parameters: 0 };
            while let Some(statement) = batch.next().map_err(error)? {
                description.parameters += statement.parameter_count();
                if description.columns.is_empty() {
                    description.columns = columns(&statement)?;
                }
            }
            Ok(description)
        })
    }

    /// Whether a row was inserted, changed or deleted since this was last asked, even if that was rolled back.
    pub(crate) fn has_changed_rows(&self) -> bool {
        let changes = self.sqlite.total_changes();
        self.changes_known.replace(changes) != changes
    }

    /// Prepares it for the next user, as if it were new.
    pub(crate) fn renew(&mut self) {
        self.changes_before = self.sqlite.total_changes();
    }

    /// Rolls back an open transaction, if there is one.
    pub(crate) fn roll_back(&self) {
        measured(|| {
            if !self.sqlite.is_autocommit() {
                self.sqlite
                    .execute_batch("ROLLBACK")
                    .expect("SQLite can roll back an open transaction");
            }
        });
        self.report_changes();
    }

    /// Reports the changed rows to the watches, unless a transaction is open: until it ends, they are not to be seen.
    fn report_changes(&self) {
        if !self.sqlite.is_autocommit() {
            return;
        }
        let changes = self.collector.take();
        if !changes.is_empty() {
            self.report(&changes);
        }
    }

    fn report(&self, changes: &RowChanges) {
        simulation::with(|it| it.row_watches.borrow_mut().note(&self.file, changes));
    }

    fn run(&self, statement: &Statement) -> Result<Vec<Part>, Error> {
        let mut used = 0;
        if let Ok(mut one) = self.sqlite.prepare_cached(&statement.sql)
            && !is_empty(&one)
        {
            return Ok(vec![self.part(&mut one, statement, &mut used)?]);
        }
        // It is not one statement, or cannot be prepared, or only after the statements before it were executed.
        let mut parts = Vec::new();
        let mut batch = Batch::new(&self.sqlite, &statement.sql);
        while let Some(mut one) = batch.next().map_err(error)? {
            parts.push(self.part(&mut one, statement, &mut used)?);
        }
        Ok(parts)
    }

    /// Executes one prepared statement of a text. `used` counts the arguments that earlier statements of the text took
    /// by position.
    fn part(
        &self,
        one: &mut rusqlite::Statement<'_>,
        text: &Statement,
        used: &mut usize,
    ) -> Result<Part, Error> {
        if let Some(arguments) = &text.arguments {
            bind(one, arguments, used)?;
        }
        if one.readonly() {
            return self.step(one);
        }
        let count = || (self.sqlite.total_changes(), self.collector.count());
        let (changed_before, reported_before) = count();
        let done = self.step(one);
        let (changed, reported) = count();
        // A failed statement is rolled back: then more rows are reported than changed, and not fewer.
        if changed - changed_before > reported - reported_before || may_be_unreported(&text.sql) {
            self.collector.is_partial();
        }
        done
    }

    fn step(&self, statement: &mut rusqlite::Statement<'_>) -> Result<Part, Error> {
        let mut part = Part::default();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(error)? {
            if part.rows.is_empty() {
                part.columns = columns(row.as_ref())?;
            }
            part.rows.push(values(row, &part.columns)?);
        }
        drop(rows);
        // For a statement that does not write, SQLite and thus sqlx repeat the number of the write before it.
        let has_written = self.sqlite.total_changes() > self.changes_before;
        part.affected = if has_written { self.sqlite.changes() } else { 0 };
        Ok(part)
    }
}

/// Runs an operation of SQLite. Its clock is the machine's, whatever the skew of the host that asks.
fn measured<T>(operation: impl FnOnce() -> T) -> T {
    let operation = || clock::without_skew(operation);
    measure(Profiled::Database, || match crate::sim::context::here() {
        Some(_) => measure(Profiled::DatabaseInHosts, operation),
        None => operation(),
    })
}

/// Replaces SQL's functions of randomness, which would ask the operating system.
fn seed_functions(connection: &rusqlite::Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
    let draw = || with_world(|world| world.draw_for_databases());
    connection.create_scalar_function("random", 0, flags, move |_| Ok(draw().cast_signed()))?;
    connection.create_scalar_function("randomblob", 1, flags, move |context| {
        let length = usize::try_from(context.get::<i64>(0)?).unwrap_or_default().max(1);
        let words = (0..length.div_ceil(8)).flat_map(|_| draw().to_le_bytes());
        Ok(words.take(length).collect::<Vec<u8>>())
    })
}

/// Whether the text has no code, only comments.
fn is_empty(statement: &rusqlite::Statement<'_>) -> bool {
    let may_be = statement.column_count() == 0 && statement.parameter_count() == 0;
    may_be && statement.readonly() && statement.expanded_sql().is_none()
}

/// Binds arguments to the parameters `?`, `?NNN` and `$NNN`.
fn bind(
    statement: &mut rusqlite::Statement<'_>,
    arguments: &[Value],
    used: &mut usize,
) -> Result<(), Error> {
    for index in 1..=statement.parameter_count() {
        let number = match statement.parameter_name(index) {
            None => {
                *used += 1;
                *used
            }
            Some(name) => number_of(name)?,
        };
        // A parameter without an argument is NULL, and so are all after it.
        let Some(argument) = arguments.get(number - 1) else { break };
        statement.raw_bind_parameter(index, Argument(argument)).map_err(error)?;
    }
    Ok(())
}

/// The number of a parameter, from its name; at least 1.
fn number_of(name: &str) -> Result<usize, Error> {
    let unsupported = |message| Err(Error::Unsupported { message });
    let Some(digits) = name.strip_prefix(['?', '$']) else {
        return unsupported(format!("unsupported SQL parameter format: {name}"));
    };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    match digits[..end].parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => unsupported(format!(
            "parameters with non-integer names are not currently supported: {digits}"
        )),
    }
}

/// An argument, as SQLite takes it.
struct Argument<'a>(&'a Value);

impl ToSql for Argument<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null(_) => ValueRef::Null,
            Value::Bool(value) => ValueRef::Integer(i64::from(*value)),
            Value::SmallInt(number) => ValueRef::Integer(i64::from(*number)),
            Value::Integer(number) => ValueRef::Integer(i64::from(*number)),
            Value::BigInt(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(f64::from(*number)),
            Value::Double(number) => ValueRef::Real(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn columns(statement: &rusqlite::Statement<'_>) -> Result<Vec<Column>, Error> {
    let column = |column: rusqlite::Column<'_>| {
        let name = column.name().to_owned();
        match declared(column.decl_type().unwrap_or_default()) {
            Ok(declared) => Ok(Column { name, declared }),
            Err(kind) => Err(Error::Column {
                column: name,
                message: format!(
                    "error in Any driver mapping: Any driver does not support the SQLite type SqliteTypeInfo({kind})"
                ),
            }),
        }
    };
    statement.columns().into_iter().map(column).collect()
}

/// The type of a declaration, by sqlx's rules, or the name of a type that `Any` lacks.
fn declared(declaration: &str) -> Result<Type, &'static str> {
    let text = declaration.to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    Ok(match text.as_str() {
        "int4" => Type::Integer,
        "boolean" | "bool" => return Err("Bool"),
        "date" => return Err("Date"),
        "time" => return Err("Time"),
        "datetime" | "timestamp" => return Err("Datetime"),
        _ if has(&["int"]) => Type::BigInt,
        _ if has(&["char", "clob", "text"]) => Type::Text,
        _ if has(&["blob"]) => Type::Blob,
        _ if has(&["real", "floa", "doub"]) => Type::Double,
        _ => Type::Null,
    })
}

fn values(row: &Row<'_>, columns: &[Column]) -> Result<Vec<Value>, Error> {
    let value = |(index, column): (usize, &Column)| {
        Ok(match row.get_ref(index).map_err(error)? {
            ValueRef::Null => Value::Null(column.declared),
            ValueRef::Integer(number) => Value::BigInt(number),
            ValueRef::Real(number) => Value::Double(number),
            ValueRef::Text(text) => match str::from_utf8(text) {
                Ok(text) => Value::Text(text.to_owned()),
                Err(why) => return Err(Error::Decode { message: why.to_string() }),
            },
            ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
        })
    };
    columns.iter().enumerate().map(value).collect()
}

fn error(error: rusqlite::Error) -> Error {
    use rusqlite::ffi;

    let (why, message) = match error {
        rusqlite::Error::SqliteFailure(why, message) => (why, message),
        rusqlite::Error::SqlInputError { error, msg, .. } => (error, Some(msg)),
        other => return Error::Unsupported { message: other.to_string() },
    };
    let violates = match why.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
            Some(Constraint::Unique)
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Some(Constraint::ForeignKey),
        ffi::SQLITE_CONSTRAINT_NOTNULL => Some(Constraint::NotNull),
        ffi::SQLITE_CONSTRAINT_CHECK => Some(Constraint::Check),
        _ => None,
    };
    let message = message.unwrap_or_else(|| why.to_string());
    Error::Database { code: why.extended_code.to_string(), message, violates }
}
