//! The HTTP responses to requests.

use chaosdrill_rt::{http, observe};
use serde_json::{Value, json};

use crate::guidance;

/// A response with an error code and instructions for agents.
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

/// A response with a body.
pub(crate) fn say(status: u16, body: &Value) -> http::Response {
    http::Response::new(status, body.to_string())
}
