//! Converts between sqlx's values and rows and the plain data of requests.

use std::sync::Arc;

use chaosdrill_core::request::sql::{Column, Description, Error, Part, Type, Value};
use either::Either;
use sqlx::{
    Any, Describe, SqlStr,
    any::{
        AnyArguments, AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo, AnyTypeInfoKind, AnyValue,
    },
};
use sqlx_core::any::{AnyColumn, AnyValueKind};

/// A part of an answer: the result of a statement, or a row.
pub(super) type Step = Either<AnyQueryResult, AnyRow>;

/// The values of a statement's arguments.
pub(super) fn to_values(arguments: AnyArguments) -> Result<Vec<Value>, Error> {
    arguments.values.0.into_iter().map(to_value).collect()
}

fn to_value(kind: AnyValueKind) -> Result<Value, Error> {
    // Most texts and bytes are not shared, and are moved.
    Ok(match kind {
        AnyValueKind::Null(kind) => Value::Null(to_type(kind)),
        AnyValueKind::Bool(value) => Value::Bool(value),
        AnyValueKind::SmallInt(number) => Value::SmallInt(number),
        AnyValueKind::Integer(number) => Value::Integer(number),
        AnyValueKind::BigInt(number) => Value::BigInt(number),
        AnyValueKind::Real(number) => Value::Real(number),
        AnyValueKind::Double(number) => Value::Double(number),
        AnyValueKind::Text(text) => Value::Text(Arc::unwrap_or_clone(text)),
        AnyValueKind::TextSlice(text) => Value::Text(text.as_ref().to_owned()),
        AnyValueKind::Blob(bytes) => Value::Blob(Arc::unwrap_or_clone(bytes)),
        other => {
            let message = format!("a simulation knows no value like {other:?}");
            return Err(Error::Unsupported { message });
        }
    })
}

/// The arguments of a statement.
pub(crate) fn to_arguments(values: &[Value]) -> AnyArguments {
    let mut arguments = AnyArguments::default();
    arguments.values.0 = values.iter().cloned().map(of_value).collect();
    arguments
}

fn of_value(value: Value) -> AnyValueKind {
    match value {
        Value::Null(kind) => AnyValueKind::Null(of_type(kind)),
        Value::Bool(value) => AnyValueKind::Bool(value),
        Value::SmallInt(number) => AnyValueKind::SmallInt(number),
        Value::Integer(number) => AnyValueKind::Integer(number),
        Value::BigInt(number) => AnyValueKind::BigInt(number),
        Value::Real(number) => AnyValueKind::Real(number),
        Value::Double(number) => AnyValueKind::Double(number),
        Value::Text(text) => AnyValueKind::Text(Arc::new(text)),
        Value::Blob(bytes) => AnyValueKind::Blob(Arc::new(bytes)),
    }
}

fn to_type(kind: AnyTypeInfoKind) -> Type {
    match kind {
        AnyTypeInfoKind::Null => Type::Null,
        AnyTypeInfoKind::Bool => Type::Bool,
        AnyTypeInfoKind::SmallInt => Type::SmallInt,
        AnyTypeInfoKind::Integer => Type::Integer,
        AnyTypeInfoKind::BigInt => Type::BigInt,
        AnyTypeInfoKind::Real => Type::Real,
        AnyTypeInfoKind::Double => Type::Double,
        AnyTypeInfoKind::Text => Type::Text,
        AnyTypeInfoKind::Blob => Type::Blob,
    }
}

fn of_type(kind: Type) -> AnyTypeInfoKind {
    match kind {
        Type::Null => AnyTypeInfoKind::Null,
        Type::Bool => AnyTypeInfoKind::Bool,
        Type::SmallInt => AnyTypeInfoKind::SmallInt,
        Type::Integer => AnyTypeInfoKind::Integer,
        Type::BigInt => AnyTypeInfoKind::BigInt,
        Type::Real => AnyTypeInfoKind::Real,
        Type::Double => AnyTypeInfoKind::Double,
        Type::Text => AnyTypeInfoKind::Text,
        Type::Blob => AnyTypeInfoKind::Blob,
    }
}

fn of_columns(columns: Vec<Column>) -> Vec<AnyColumn> {
    let column = |(ordinal, column): (usize, Column)| {
        let type_info = AnyTypeInfo { kind: of_type(column.declared) };
        AnyColumn { ordinal, name: column.name.into(), type_info }
    };
    columns.into_iter().enumerate().map(column).collect()
}

/// The rows and results of the statements of a text, in sqlx's order.
pub(super) fn of_parts(parts: Vec<Part>) -> Vec<Step> {
    let mut steps = Vec::new();
    for Part { columns, rows, affected } in parts {
        if !rows.is_empty() {
            let columns = of_columns(columns);
            let names = columns.iter().map(|column| (column.name.clone(), column.ordinal));
            let column_names = Arc::new(names.collect());
            steps.extend(rows.into_iter().map(|row| {
                let values = row.into_iter().map(|value| AnyValue { kind: of_value(value) });
                let (column_names, columns) = (Arc::clone(&column_names), columns.clone());
                Either::Right(AnyRow { column_names, columns, values: values.collect() })
            }));
        }
        let last_insert_id = None;
        steps.push(Either::Left(AnyQueryResult { rows_affected: affected, last_insert_id }));
    }
    steps
}

/// A prepared statement.
pub(super) fn of_description(sql: SqlStr, description: Description) -> AnyStatement {
    let columns = of_columns(description.columns);
    let names = columns.iter().map(|column| (column.name.clone(), column.ordinal));
    let column_names = Arc::new(names.collect());
    let parameters = Some(Either::Right(description.parameters));
    AnyStatement { sql, parameters, column_names, columns }
}

/// What sqlx's macros ask about a statement. Whether a column may be null is not known.
pub(super) fn to_describe(description: Description) -> Describe<Any> {
    let columns = of_columns(description.columns);
    let nullable = columns.iter().map(|_| None).collect();
    Describe { columns, parameters: Some(Either::Right(description.parameters)), nullable }
}
