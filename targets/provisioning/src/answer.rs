//! The answers to requests, as HTTP.

use chaosdrill_rt::{http, observe};
use serde_json::{Value, json};

use crate::guidance;

/// An answer with a code, and with what an agent is to do.
pub(crate) fn refuse(status: u16, code: &str, resource: Option<&str>) -> http::Response {
    let mut body = json!({ "error": code });
    if let Some(action) = guidance::agent_action(status, code) {
        body["agent_action"] = action.into();
    }
    if let Some(resource) = resource {
        body["resource_id"] = resource.into();
    }
    observe!("provision.answered", resource = resource, status = status, code = code);
    say(status, &body)
}

/// An answer with a body.
pub(crate) fn say(status: u16, body: &Value) -> http::Response {
    http::Response::new(status, body.to_string())
}
