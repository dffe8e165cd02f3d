//! Reads the rows of the scenario's watches after every committed write.
//!
//! The harness reads through connections of its own, on the simulation's thread and in no virtual time, so the pipeline
//! cannot notice. A watch is read again only if one of its tables was written, or always if the schema has triggers,
//! views or cascades. If a watch shows rows of one table as they are, only the rows that SQLite reports as written are
//! read (`by_row`).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use chaosdrill_core::limits::{STATEMENTS_PREPARED_MAX, WATCH_ROWS_MAX};
use rusqlite::{Connection, Error};
use serde_json::Value;

use self::{
    by_row::ByRow,
    values::{bytes_of, names_of, object, value},
};
use super::row_changes::RowChanges;
use crate::sim::{config::Watch, databases::file_of};

mod by_row;
mod values;

/// The part of a database's schema that matters to watches.
#[derive(Clone, Debug, Default)]
struct Schema {
    tables: BTreeSet<String>,
    /// The tables each of whose rows has a number, and whose every change is reported with it.
    numbered: BTreeSet<String>,
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
    /// The file of the database.
    file: PathBuf,
    /// The rows to read after a write, if the watch allows to read them one by one. Then `keys` is empty.
    by_row: Option<ByRow>,
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
            file: folder.join(file_of(&watch.database)),
            by_row: ByRow::of(&watch.sql),
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
        for watcher in &mut self.watchers {
            watcher.keys.clear();
            if let Some(by_row) = &mut watcher.by_row {
                by_row.forget();
            }
        }
    }

    /// Notes which rows of a database's file a connection wrote.
    pub(crate) fn note(&mut self, file: &Path, written: &RowChanges) {
        for watcher in &mut self.watchers {
            let Some(by_row) = &mut watcher.by_row else { continue };
            if written.is_elsewhere {
                by_row.note_any();
            } else if watcher.file == *file {
                match written.is_partial {
                    true => by_row.note_any(),
                    false => written.reported.iter().for_each(|change| by_row.note(change)),
                }
            }
        }
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
            let connection = super::open(&path).map_err(unreadable)?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS_PREPARED_MAX);
            self.connections.insert(database.to_owned(), connection);
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
            match watcher.look(connection, schema, changes) {
                Ok(Some(())) => {}
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
                let (name, has) = (text(1)?, |word: &str| sql.contains(word));
                if !["virtual", "without", "replace", "rowid", "oid"].into_iter().any(has) {
                    schema.numbered.insert(name.clone());
                }
                schema.tables.insert(name);
            }
            "trigger" | "view" => schema.is_entangled = true,
            _ => {}
        }
    }
    Ok(schema)
}

/// The result of reading all rows of a watch.
#[derive(Default)]
struct Look {
    /// The text of each row's key, by the row's bytes.
    keys: BTreeMap<Vec<u8>, String>,
    /// The rows whose bytes are new, by the text of their key.
    new: BTreeMap<String, (Value, Value)>,
}

impl Watcher {
    /// Reads the rows that may have changed, and appends the differences from the last look; `None` if there are too
    /// many rows.
    fn look(
        &mut self,
        connection: &Connection,
        schema: &Schema,
        changes: &mut Vec<Change>,
    ) -> Result<Option<()>, Error> {
        if let Some(by_row) = &mut self.by_row
            && !schema.is_entangled
            && schema.numbered.contains(by_row.table())
        {
            match by_row.look(connection, &self.rows) {
                Ok(Some(by_row::Look { gone, new })) => {
                    self.apply(gone, new, changes);
                    self.keys.clear();
                    return Ok(Some(()));
                }
                // The key does not identify a row: from now on, all are read.
                Ok(None) => {
                    self.keys = self.by_row.take().map(ByRow::into_keys).unwrap_or_default();
                }
                Err(_) => by_row.forget(),
            }
        }
        let Some(look) = self.read(connection)? else { return Ok(None) };
        let there: BTreeSet<&String> = look.keys.values().collect();
        let gone = self.rows.keys().filter(|text| !there.contains(text)).cloned().collect();
        self.apply(gone, look.new, changes);
        self.keys = look.keys;
        Ok(Some(()))
    }

    /// Reads all rows; `None` if there are too many.
    fn read(&mut self, connection: &Connection) -> Result<Option<Look>, Error> {
        let mut statement = connection.prepare_cached(&self.watch.sql)?;
        let names = names_of(&statement, 0);
        let mut rows = statement.query(())?;
        let mut look = Look::default();
        let mut count = 0;
        while let Some(row) = rows.next()? {
            count += 1;
            if count > WATCH_ROWS_MAX {
                return Ok(None);
            }
            let bytes = bytes_of(row, 0, names.len())?;
            let (bytes, text) = match self.keys.remove_entry(&bytes) {
                Some(known) => known,
                None => {
                    let key = value(row.get_ref(0)?);
                    let text = key.to_string();
                    look.new.insert(text.clone(), (key, object(row, &names, 0)?));
                    (bytes, text)
                }
            };
            look.keys.insert(bytes, text);
        }
        Ok(Some(look))
    }

    /// Appends the rows that are gone or differ from those of the last look, and remembers the new ones.
    fn apply(
        &mut self,
        gone: BTreeSet<String>,
        new: BTreeMap<String, (Value, Value)>,
        changes: &mut Vec<Change>,
    ) {
        let change = |key, row| Change { watch: self.watch.name.clone(), key, row };
        let gone = gone.into_iter().filter_map(|text| self.rows.remove(&text));
        changes.extend(gone.map(|(key, _)| change(key, Value::Null)));
        for (text, (key, row)) in new {
            if self.rows.get(&text).is_none_or(|(_, known)| *known != row) {
                changes.push(change(key.clone(), row.clone()));
            }
            self.rows.insert(text, (key, row));
        }
    }
}
