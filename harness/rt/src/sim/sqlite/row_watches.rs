//! Reads the rows of the scenario's watches after every committed write.
//!
//! The harness reads through connections of its own, on the simulation's thread and in no virtual time, so the pipeline
//! cannot notice. A watch is read again only if one of its tables was written, or always if the schema has triggers,
//! views or cascades.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use chaosdrill_core::limits::WATCH_ROWS_MAX;
use rusqlite::{Connection, Error, Row, types::ValueRef};
use serde_json::{Map, Value};

use crate::sim::{config::Watch, databases::file_of};

/// The part of a database's schema that matters to watches.
#[derive(Clone, Debug, Default)]
struct Schema {
    tables: BTreeSet<String>,
    /// Whether a write to one table may change another, or a watch may see one table through another.
    is_entangled: bool,
}

/// A watch, and the rows it last saw.
struct Watcher {
    watch: Watch,
    /// The words in its query.
    words: BTreeSet<String>,
    /// Key and row, by the key's text.
    rows: BTreeMap<String, (Value, Value)>,
    /// The text of each row's key, by the row's bytes. Most rows are unchanged, so they need not be converted to JSON
    /// to find out.
    keys: BTreeMap<Vec<u8>, String>,
}

/// All watches of rows, and what they last saw.
#[derive(Default)]
pub(crate) struct RowWatches {
    folder: PathBuf,
    watchers: Vec<Watcher>,
    connections: BTreeMap<String, Connection>,
    schemas: BTreeMap<String, Schema>,
}

/// A row that was inserted, changed or deleted.
pub(crate) struct Change {
    pub(crate) watch: String,
    pub(crate) key: Value,
    pub(crate) row: Value,
}

/// The words of a statement, in lower case. All tables that its text names are among them.
pub(crate) fn words(sql: &str) -> impl Iterator<Item = String> {
    let code = sql.lines().filter(|line| !line.trim_start().starts_with("--"));
    let words = code.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    words.filter(|word| word.len() > 1).map(str::to_ascii_lowercase)
}

impl RowWatches {
    pub(crate) fn new(folder: PathBuf, watches: &[Watch]) -> Self {
        let watcher = |watch: &Watch| Watcher {
            watch: watch.clone(),
            words: words(&watch.sql).collect(),
            rows: BTreeMap::new(),
            keys: BTreeMap::new(),
        };
        let watchers = watches.iter().map(watcher).collect();
        Self { folder, watchers, ..Self::default() }
    }

    /// Discards the schema of a database, which may have changed.
    pub(crate) fn forget_schema(&mut self, database: &str) {
        self.schemas.remove(database);
        // Prepared statements keep their columns, and the same bytes may now be other columns.
        if let Some(connection) = self.connections.get(database) {
            connection.flush_prepared_statement_cache();
        }
        self.watchers.iter_mut().for_each(|watcher| watcher.keys.clear());
    }

    /// Closes the connections.
    pub(crate) fn close(&mut self) {
        *self = Self::default();
    }

    /// Reads the watches of a database that a commit may have changed. While it is being migrated, a watch may name a
    /// column that is not there yet, or no longer.
    pub(crate) fn look(
        &mut self,
        database: &str,
        written: &BTreeSet<String>,
        is_migrating: bool,
        changes: &mut Vec<Change>,
    ) -> Result<(), String> {
        if !self.watchers.iter().any(|watcher| watcher.watch.database == database) {
            return Ok(());
        }
        let unreadable = |why| format!("the schema of {database} cannot be read: {why}");
        if !self.connections.contains_key(database) {
            let path = self.folder.join(file_of(database));
            self.connections.insert(database.to_owned(), super::open(&path).map_err(unreadable)?);
        }
        let connection = &self.connections[database];
        if !self.schemas.contains_key(database) {
            self.schemas.insert(database.to_owned(), schema(connection).map_err(unreadable)?);
        }
        let schema = &self.schemas[database];
        let concerns = |word: &String| schema.tables.contains(word) && written.contains(word);
        for watcher in &mut self.watchers {
            let is_concerned = schema.is_entangled || watcher.words.iter().any(concerns);
            if watcher.watch.database != database || !is_concerned {
                continue;
            }
            match watcher.read(connection) {
                Ok(Some(new)) => watcher.compare(new, changes),
                Ok(None) => {
                    let name = &watcher.watch.name;
                    return Err(format!("watch {name} returned more than {WATCH_ROWS_MAX} rows"));
                }
                // Before the migrations have run, the watched table does not exist.
                Err(why) if lacks(&why, "table") => {}
                Err(why) if is_migrating && lacks(&why, "column") => {}
                Err(why) => {
                    return Err(format!("watch {} cannot be read: {why}", watcher.watch.name));
                }
            }
        }
        Ok(())
    }
}

/// Whether a query failed because something that it names, such as a table, does not exist.
fn lacks(why: &Error, what: &str) -> bool {
    let (Error::SqliteFailure(_, Some(message)) | Error::SqlInputError { msg: message, .. }) = why
    else {
        return false;
    };
    message.strip_prefix("no such ").is_some_and(|rest| rest.starts_with(what))
}

fn schema(connection: &Connection) -> Result<Schema, Error> {
    let mut schema = Schema::default();
    let mut statement = connection.prepare_cached("SELECT type, name, sql FROM sqlite_master")?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let text = |column| {
            let text: Option<String> = row.get(column)?;
            Ok::<_, Error>(text.unwrap_or_default().to_ascii_lowercase())
        };
        match text(0)?.as_str() {
            "table" => {
                let sql = text(2)?;
                let acts = ["cascade", "set null", "set default"];
                schema.is_entangled |= acts.iter().any(|act| sql.contains(act));
                schema.tables.insert(text(1)?);
            }
            "trigger" | "view" => schema.is_entangled = true,
            _ => {}
        }
    }
    Ok(schema)
}

/// The result of reading a watch.
#[derive(Default)]
struct Look {
    /// The text of each row's key, by the row's bytes.
    keys: BTreeMap<Vec<u8>, String>,
    /// The rows whose bytes are new, by the text of their key.
    new: BTreeMap<String, (Value, Value)>,
}

impl Watcher {
    /// Reads all rows; `None` if there are too many.
    fn read(&mut self, connection: &Connection) -> Result<Option<Look>, Error> {
        let mut statement = connection.prepare_cached(&self.watch.sql)?;
        let names: Vec<String> =
            statement.column_names().into_iter().map(ToOwned::to_owned).collect();
        let mut rows = statement.query(())?;
        let mut look = Look::default();
        let mut bytes = Vec::new();
        let mut count = 0;
        while let Some(row) = rows.next()? {
            count += 1;
            if count > WATCH_ROWS_MAX {
                return Ok(None);
            }
            bytes.clear();
            for index in 0..names.len() {
                append(&mut bytes, row.get_ref(index)?);
            }
            let (bytes, text) = match self.keys.remove_entry(&bytes) {
                Some(known) => known,
                None => {
                    let key = value(row.get_ref(0)?);
                    let text = key.to_string();
                    look.new.insert(text.clone(), (key, object(row, &names)?));
                    (bytes.clone(), text)
                }
            };
            look.keys.insert(bytes, text);
        }
        Ok(Some(look))
    }

    /// Appends the differences from the last look.
    fn compare(&mut self, look: Look, changes: &mut Vec<Change>) {
        let there: BTreeSet<&String> = look.keys.values().collect();
        let change = |key, row| Change { watch: self.watch.name.clone(), key, row };
        let gone = self.rows.extract_if(.., |text, _| !there.contains(text));
        changes.extend(gone.map(|(_, (key, _))| change(key, Value::Null)));
        for (text, (key, row)) in look.new {
            if self.rows.get(&text).is_none_or(|(_, known)| *known != row) {
                changes.push(change(key.clone(), row.clone()));
            }
            self.rows.insert(text, (key, row));
        }
        self.keys = look.keys;
    }
}

/// Appends the bytes of a value; different values have different bytes.
fn append(bytes: &mut Vec<u8>, value: ValueRef<'_>) {
    let mut add = |kind: u8, what: &[u8]| {
        bytes.push(kind);
        bytes.extend((what.len() as u64).to_le_bytes());
        bytes.extend(what);
    };
    match value {
        ValueRef::Null => add(0, &[]),
        ValueRef::Integer(number) => add(1, &number.to_le_bytes()),
        ValueRef::Real(number) => add(2, &number.to_bits().to_le_bytes()),
        ValueRef::Text(text) => add(3, text),
        ValueRef::Blob(blob) => add(4, blob),
    }
}

/// A row as a JSON object.
fn object(row: &Row<'_>, names: &[String]) -> Result<Value, Error> {
    let member = |(index, name): (usize, &String)| Ok((name.clone(), value(row.get_ref(index)?)));
    names.iter().enumerate().map(member).collect::<Result<Map<_, _>, Error>>().map(Value::Object)
}

/// A value as JSON; bytes are written in hex.
fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::from(number),
        ValueRef::Real(number) => Value::from(number),
        ValueRef::Text(text) => std::str::from_utf8(text).map_or(Value::Null, Value::from),
        ValueRef::Blob(blob) => {
            Value::from(blob.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        }
    }
}
