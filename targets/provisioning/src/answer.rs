//! The HTTP responses to requests.

use chaosdrill_rt::{defect, http, observe};
use serde_json::{Value, json};

use crate::{guidance, resource::Status};

/// A response with an error code and instructions for agents.
pub(crate) fn refuse(status: u16, code: &str, resource: Option<&str>) -> http::Response {
    let mut body = json!({ "error": code });
    if status >= 500 {
        body["retry_after_seconds"] = guidance::RETRY_AFTER_SECONDS.into();
    }
    if let Some(action) = guidance::agent_action(status, code) {
        body["agent_action"] = action.into();
    }
    if let Some(resource) = resource {
        body["resource_id"] = resource.into();
    }
    observe!("provision.answered", resource = resource, status = status, code = code);
    let response = say(status, &body);
    if status < 500 {
        return response;
    }
    let wait = guidance::RETRY_AFTER_SECONDS.to_string();
    defect!("R43", response, response.with_header("retry-after", wait))
}

/// The response to a request whose row is stored, and whose build has begun.
pub(crate) fn accept(resource: &str) -> http::Response {
    observe!("provision.answered", resource = resource, status = 202);
    say(202, &json!({ "resource_id": resource, "status": Status::Pending.name() }))
}

/// A response with a body.
pub(crate) fn say(status: u16, body: &Value) -> http::Response {
    http::Response::new(status, body.to_string())
}
