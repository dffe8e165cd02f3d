//! The rows of a watch as JSON, and as bytes, which are compared faster.

use rusqlite::{Error, Row, Statement, types::ValueRef};
use serde_json::{Map, Value};

/// The names of the columns from `start` on.
pub(super) fn names_of(statement: &Statement<'_>, start: usize) -> Vec<String> {
    statement.column_names().into_iter().skip(start).map(ToOwned::to_owned).collect()
}

/// The bytes of `count` values from column `start` on; different values have different bytes.
pub(super) fn bytes_of(row: &Row<'_>, start: usize, count: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    for index in start..start + count {
        append(&mut bytes, row.get_ref(index)?);
    }
    Ok(bytes)
}

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

/// The values from column `start` on, as a JSON object.
pub(super) fn object(row: &Row<'_>, names: &[String], start: usize) -> Result<Value, Error> {
    let member =
        |(index, name): (usize, &String)| Ok((name.clone(), value(row.get_ref(start + index)?)));
    names.iter().enumerate().map(member).collect::<Result<Map<_, _>, Error>>().map(Value::Object)
}

/// A value as JSON; bytes are written in hex.
pub(super) fn value(value: ValueRef<'_>) -> Value {
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
