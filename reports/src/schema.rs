//! The JSON Schemas of all files that a drill writes, so that other tools can read them without our code.
//!
//! An `$id` has the name and the version of a format. It is a name only, not a URL.

use chaosdrill_core::{Plan, Record, TraceEvent, plan, record};
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

/// The version of trace events. They have none of their own, and are versioned with the record.
const TRACE_VERSION: u32 = record::RECORD_VERSION;

/// All schemas with their short names. The short name is the middle of the `$id`: `chaosdrill/record/v1`.
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
