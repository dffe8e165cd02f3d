//! Steps that touch the outside, what comes back, what the harness sees of it, and the operations of a workload.

use serde_json::{Map, Value, json};

use super::{
    Written,
    member::{ASKED, BYTES, ERROR, HASH, HIT, INPUT, JSON, KEY, OK, OP, OUTPUT, ROW, TEXT},
};
use crate::trace::EventKind;

/// A host passes a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundaryHit<'a> {
    /// The boundary's name.
    pub site: &'a str,
    /// How often the host has passed it, this time included.
    pub hit: u32,
}

/// The answer of a step; its event has the step's site as its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What was answered, or what went wrong.
    pub result: Result<Value, String>,
    /// What was asked; null where a trace does not say.
    pub asked: Value,
}

/// A watched row that changed; its event has the watch's name.
#[derive(Clone, Debug, PartialEq)]
pub struct RowSeen {
    /// The key: the row's first column.
    pub key: Value,
    /// The row; null where it is gone.
    pub row: Value,
}

/// A watched object as a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectSeen<'a> {
    /// Its size.
    pub bytes: usize,
    /// Its hash.
    pub hash: String,
    /// What it says, where it is text and not too long; in the row as JSON where it is some.
    pub text: Option<&'a str>,
}

/// The workload asks for something; the event has the operation's name.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation<'a> {
    /// The operation's number.
    pub op: &'a str,
    /// What it is invoked with.
    pub input: Value,
}

/// How an operation ended; the event's kind says whether it happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Ending<'a> {
    /// The operation's number.
    pub op: &'a str,
    /// What came of it.
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
    /// The data of its event.
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
    /// The data of its event.
    pub fn into_data(self) -> Value {
        pair(KEY, self.key, ROW, self.row)
    }
}

impl ObjectSeen<'_> {
    /// The row of its event.
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
    /// The data of its event.
    pub fn into_data(self) -> Value {
        pair(OP, Value::from(self.op), INPUT, self.input)
    }
}

impl Ending<'_> {
    /// The data of its event.
    pub fn into_data(self) -> Value {
        pair(OP, Value::from(self.op), OUTPUT, self.output)
    }
}

fn pair(first: &str, one: Value, second: &str, other: Value) -> Value {
    Value::Object(Map::from_iter([(first.to_owned(), one), (second.to_owned(), other)]))
}
