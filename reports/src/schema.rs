//! The JSON Schemas of everything a drill writes down, so that others can read it without reading our code.
//!
//! An `$id` names what is described and the version of its format, and stands relative to nothing: it is a
//! name, not a place on the web.

use chaosdrill_core::{Plan, Record, TraceEvent, plan, record};
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

/// The version of trace events, which carry none of their own: they are versioned with the record.
const TRACE_VERSION: u32 = record::RECORD_VERSION;

/// Every schema with its short name, which is also the middle of its `$id`: `chaosdrill/record/v1`.
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        schema::<record::CampaignHeader>("campaign", record::RECORD_VERSION),
        schema::<record::CampaignLine>("campaign-line", record::RECORD_VERSION),
        schema::<Plan>("plan", plan::PLAN_VERSION),
        schema::<record::Proof>("proof", record::RECORD_VERSION),
        // `prove.json` is a list of these.
        schema::<Vec<record::Proof>>("prove", record::RECORD_VERSION),
        schema::<Record>("record", record::RECORD_VERSION),
        schema::<record::Summary>("summary", record::RECORD_VERSION),
        schema::<TraceEvent>("trace-event", TRACE_VERSION),
    ]
}

fn schema<T: JsonSchema>(name: &'static str, version: u32) -> (&'static str, Value) {
    let mut schema = schema_for!(T);
    schema.insert("$id".to_owned(), format!("chaosdrill/{name}/v{version}").into());
    (name, schema.to_value())
}
