//! A watch that shows each row of one table by itself, such as `SELECT id, state FROM jobs ORDER BY id`. After a write,
//! only the rows that were written are read.

use std::collections::{BTreeMap, BTreeSet};

use chaosdrill_core::limits::WATCH_ROWS_MAX;
use rusqlite::{Connection, Error, Row};
use serde_json::Value;

use super::values::{bytes_of, names_of, object, value};
use crate::sim::sqlite::row_changes::{Kind, RowChange};

/// Words of queries whose rows depend on more than one row of a table, and the names of a row's number.
const NOT_BY_ROW: [&str; 13] = [
    "all",
    "distinct",
    "except",
    "group",
    "having",
    "intersect",
    "join",
    "limit",
    "oid",
    "rowid",
    "_rowid_",
    "union",
    "where",
];

/// A query by row, and what it last showed.
pub(super) struct ByRow {
    /// The table, in lower case.
    table: String,
    /// Reads all rows, each with its number before its own columns.
    all: String,
    /// Reads the row with a number.
    one: String,
    /// By number: the bytes of each row, and the text of its key.
    seen: BTreeMap<i64, (Vec<u8>, String)>,
    written: Written,
}

/// The rows that were written since the last look.
enum Written {
    /// It is not known which.
    Any,
    These {
        rows: BTreeSet<i64>,
        deleted: BTreeSet<i64>,
    },
}

impl ByRow {
    /// The query by row; `None` if it is of another kind.
    pub(super) fn of(sql: &str) -> Option<Self> {
        let has_more = sql.contains(['(', ';', '"', '`', '[', '?', '$', ':', '@']);
        if has_more || sql.contains("--") || sql.contains("/*") {
            return None;
        }
        let lower = sql.to_ascii_lowercase();
        let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        if words.any(|word| NOT_BY_ROW.contains(&word)) {
            return None;
        }
        let columns_and_rest = lower.trim_start().strip_prefix("select")?;
        if !columns_and_rest.starts_with(char::is_whitespace) {
            return None;
        }
        let start = lower.len() - columns_and_rest.len();
        let froms: Vec<usize> = lower.match_indices("from").map(|(at, _)| at).collect();
        // A second one may be part of a name or of a text.
        let [from] = froms[..] else { return None };
        let rest = lower[from..].strip_prefix("from")?;
        let mut rest_words = rest.split_whitespace();
        let table = rest_words.next()?;
        let is_name = table.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let follows = [rest_words.next(), rest_words.next()];
        if !is_name || !matches!(follows, [None, None] | [Some("order"), Some("by")]) {
            return None;
        }
        let columns = sql[start..from].trim();
        let end = &sql[from..];
        Some(Self {
            table: table.to_owned(),
            all: format!("SELECT _rowid_, {columns} {end}"),
            one: format!("SELECT {columns} FROM {table} WHERE _rowid_ = ?1"),
            seen: BTreeMap::new(),
            written: Written::Any,
        })
    }

    /// The table, in lower case.
    pub(super) fn table(&self) -> &str {
        &self.table
    }

    /// Notes that a row was written.
    pub(super) fn note(&mut self, change: &RowChange) {
        if *change.table != *self.table {
            return;
        }
        let Written::These { rows, deleted } = &mut self.written else { return };
        let rowid = change.rowid;
        let is_known = self.seen.contains_key(&rowid);
        match change.kind {
            Kind::Inserted => drop(rows.insert(rowid)),
            Kind::Deleted => {
                rows.insert(rowid);
                deleted.insert(rowid);
            }
            // Otherwise it may have had another number before, which is not reported.
            Kind::Updated if is_known && !deleted.contains(&rowid) => drop(rows.insert(rowid)),
            Kind::Updated => self.written = Written::Any,
        }
    }

    /// Notes that any row may have been written.
    pub(super) fn note_any(&mut self) {
        self.written = Written::Any;
    }

    /// Forgets everything that it showed.
    pub(super) fn forget(&mut self) {
        self.seen.clear();
        self.written = Written::Any;
    }

    /// The bytes of each row that it showed, with the text of its key.
    pub(super) fn into_keys(self) -> BTreeMap<Vec<u8>, String> {
        self.seen.into_values().collect()
    }

    /// Reads what may have changed; `None` if rows share a key, or there are too many. `shown` has the text of each key
    /// that the watch has shown.
    pub(super) fn look(
        &mut self,
        connection: &Connection,
        shown: &BTreeMap<String, (Value, Value)>,
    ) -> Result<Option<Look>, Error> {
        let look = match &self.written {
            // Many rows are read faster all at once.
            Written::These { rows, .. } if rows.len() <= 8 + self.seen.len() / 2 => {
                let rows = rows.clone();
                self.look_at(&rows, connection, shown)?
            }
            _ => self.look_at_all(connection, shown)?,
        };
        if self.seen.len() > WATCH_ROWS_MAX {
            return Ok(None);
        }
        self.written = Written::These { rows: BTreeSet::new(), deleted: BTreeSet::new() };
        Ok(look)
    }

    fn look_at_all(
        &mut self,
        connection: &Connection,
        shown: &BTreeMap<String, (Value, Value)>,
    ) -> Result<Option<Look>, Error> {
        let mut statement = connection.prepare_cached(&self.all)?;
        let names = names_of(&statement, 1);
        let mut rows = statement.query(())?;
        let mut seen = BTreeMap::new();
        let mut new = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let rowid = row.get(0)?;
            let bytes = bytes_of(row, 1, names.len())?;
            let text = match self.seen.get(&rowid) {
                Some((known, text)) if *known == bytes => text.clone(),
                _ => {
                    let (text, shown) = shown_as(row, &names, 1)?;
                    new.insert(text.clone(), shown);
                    text
                }
            };
            seen.insert(rowid, (bytes, text));
            if seen.len() > WATCH_ROWS_MAX {
                return Ok(None);
            }
        }
        let there: BTreeSet<&String> = seen.values().map(|(_, text)| text).collect();
        if there.len() < seen.len() {
            return Ok(None);
        }
        let gone = shown.keys().filter(|text| !there.contains(text)).cloned().collect();
        self.seen = seen;
        Ok(Some(Look { gone, new }))
    }

    fn look_at(
        &mut self,
        written: &BTreeSet<i64>,
        connection: &Connection,
        shown: &BTreeMap<String, (Value, Value)>,
    ) -> Result<Option<Look>, Error> {
        let mut statement = connection.prepare_cached(&self.one)?;
        let names = names_of(&statement, 0);
        let mut changed = Vec::new();
        let mut new = BTreeMap::new();
        let mut gone = BTreeSet::new();
        for rowid in written {
            let known = self.seen.get(rowid);
            let mut rows = statement.query([rowid])?;
            let found = match rows.next()? {
                None => None,
                Some(row) => {
                    let bytes = bytes_of(row, 0, names.len())?;
                    if known.is_some_and(|(known, _)| *known == bytes) {
                        continue;
                    }
                    let (text, shown) = shown_as(row, &names, 0)?;
                    if new.insert(text.clone(), shown).is_some() {
                        return Ok(None);
                    }
                    Some((bytes, text))
                }
            };
            gone.extend(known.map(|(_, text)| text.clone()));
            changed.push((*rowid, found));
        }
        // The key of another row, which has not changed.
        if new.keys().any(|text| shown.contains_key(text) && !gone.contains(text)) {
            return Ok(None);
        }
        gone.retain(|text| !new.contains_key(text));
        for (rowid, found) in changed {
            match found {
                Some(found) => drop(self.seen.insert(rowid, found)),
                None => drop(self.seen.remove(&rowid)),
            }
        }
        Ok(Some(Look { gone, new }))
    }
}

/// What a look found.
pub(super) struct Look {
    /// The texts of the keys that are no longer there.
    pub(super) gone: BTreeSet<String>,
    /// Key and row of the rows that may be new, by the key's text.
    pub(super) new: BTreeMap<String, (Value, Value)>,
}

/// The text of a row's key, with the key and the row.
fn shown_as(
    row: &Row<'_>,
    names: &[String],
    start: usize,
) -> Result<(String, (Value, Value)), Error> {
    let key = value(row.get_ref(start)?);
    Ok((key.to_string(), (key, object(row, names, start)?)))
}
