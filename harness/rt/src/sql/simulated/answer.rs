//! Describes a database's answer, short enough for every line of a trace.

use chaosdrill_core::trace::short_hash;
use either::Either;
use serde_json::{Map, Value, json};
use sqlx::{
    Column, Row,
    any::{AnyQueryResult, AnyRow, AnyTypeInfoKind},
};

/// A part of an answer: the result of a statement, or a row.
pub(super) type Step = Either<AnyQueryResult, AnyRow>;

/// The number of rows that a statement changed, or the number of rows it returned and their hash.
pub(super) fn describe(steps: &[Step]) -> Value {
    let affected: u64 = steps
        .iter()
        .filter_map(|step| step.as_ref().left())
        .map(AnyQueryResult::rows_affected)
        .sum();
    let rows: Vec<Value> =
        steps.iter().filter_map(|step| step.as_ref().right()).map(object).collect();
    if rows.is_empty() {
        return json!({ "affected": affected });
    }
    let count = rows.len();
    let text = Value::from(rows).to_string();
    json!({ "rows": count, "hash": short_hash(text.as_bytes()) })
}

/// A row as a JSON object.
fn object(row: &AnyRow) -> Value {
    let members = row.columns().iter().enumerate();
    Value::Object(
        members
            .map(|(index, column)| (column.name().to_owned(), value(row, index)))
            .collect::<Map<_, _>>(),
    )
}

/// The type of a column's value in a row.
fn kind(row: &AnyRow, index: usize) -> AnyTypeInfoKind {
    use sqlx::ValueRef;
    match row.try_get_raw(index) {
        Ok(raw) if !raw.is_null() => raw.type_info().kind(),
        _ => AnyTypeInfoKind::Null,
    }
}

/// One column of a row as JSON; bytes are written in hex.
fn value(row: &AnyRow, index: usize) -> Value {
    match kind(row, index) {
        AnyTypeInfoKind::Null => Value::Null,
        AnyTypeInfoKind::Bool => row.try_get::<bool, _>(index).map_or(Value::Null, Value::from),
        AnyTypeInfoKind::SmallInt | AnyTypeInfoKind::Integer => {
            row.try_get::<i32, _>(index).map_or(Value::Null, Value::from)
        }
        AnyTypeInfoKind::BigInt => row.try_get::<i64, _>(index).map_or(Value::Null, Value::from),
        AnyTypeInfoKind::Real | AnyTypeInfoKind::Double => {
            row.try_get::<f64, _>(index).map_or(Value::Null, Value::from)
        }
        AnyTypeInfoKind::Text => row.try_get::<String, _>(index).map_or(Value::Null, Value::from),
        AnyTypeInfoKind::Blob => {
            let hex =
                |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            row.try_get::<Vec<u8>, _>(index).map_or(Value::Null, |bytes| Value::from(hex(bytes)))
        }
    }
}
