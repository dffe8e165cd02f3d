//! Steps that touch the outside, their answers, watched rows and objects, and the operations of a workload.

use serde_json::{Map, Value, json};

use super::{
    Written,
    member::{ASKED, BYTES, ERROR, HASH, HIT, INPUT, JSON, KEY, OK, OP, OUTPUT, ROW, TEXT},
};
use crate::trace::EventKind;

/// A host passes a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundaryHit<'a> {
    /// The name of the boundary.
    pub site: &'a str,
    /// How often the host has passed it, including this time.
    pub hit: u32,
}

/// The answer of a step; the name of its event is the step's site.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The answer, or the error.
    pub result: Result<Value, String>,
    /// The request; null if a trace does not have it.
    pub asked: Value,
}

/// A watched row that changed; the name of its event is that of the watch.
#[derive(Clone, Debug, PartialEq)]
pub struct RowSeen {
    /// The key: the row's first column.
    pub key: Value,
    /// The row; null if it was deleted.
    pub row: Value,
}

/// A watched object as a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectSeen<'a> {
    /// The size.
    pub bytes: usize,
    /// The hash.
    pub hash: String,
    /// The content, if it is text and not too long; `into_row` parses it if it is JSON.
    pub text: Option<&'a str>,
}

/// The workload invokes an operation; the name of the event is that of the operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation<'a> {
    /// The operation's number.
    pub op: &'a str,
    /// The input.
    pub input: Value,
}

/// The end of an operation; the event's kind says whether the operation happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Ending<'a> {
    /// The operation's number.
    pub op: &'a str,
    /// The output.
    pub output: Value,
}

impl Written for BoundaryHit<'_> {
    fn kind(&self) -> EventKind {
        EventKind::Boundary
    }

    fn name(&self) -> &str {
        self.site
    }

    fn data(&self) -> Value {
        json!({ HIT: self.hit })
    }
}

impl Answer {
    /// The data of the event.
    pub fn into_data(self) -> Value {
        let mut data = Map::new();
        match self.result {
            Ok(answer) => data.insert(OK.to_owned(), answer),
            Err(error) => data.insert(ERROR.to_owned(), Value::String(error)),
        };
        if !self.asked.is_null() {
            data.insert(ASKED.to_owned(), self.asked);
        }
        Value::Object(data)
    }
}

impl RowSeen {
    /// The data of the event.
    pub fn into_data(self) -> Value {
        pair(KEY, self.key, ROW, self.row)
    }
}

impl ObjectSeen<'_> {
    /// The row of the event.
    pub fn into_row(self) -> Value {
        let mut row = json!({ BYTES: self.bytes, HASH: self.hash });
        if let Some(text) = self.text {
            match serde_json::from_str::<Value>(text) {
                Ok(parsed) => row[JSON] = parsed,
                Err(_) => row[TEXT] = Value::from(text),
            }
        }
        row
    }
}

impl Invocation<'_> {
    /// The data of the event.
    pub fn into_data(self) -> Value {
        pair(OP, Value::from(self.op), INPUT, self.input)
    }
}

impl Ending<'_> {
    /// The data of the event.
    pub fn into_data(self) -> Value {
        pair(OP, Value::from(self.op), OUTPUT, self.output)
    }
}

fn pair(first: &str, one: Value, second: &str, other: Value) -> Value {
    Value::Object(Map::from_iter([(first.to_owned(), one), (second.to_owned(), other)]))
}
