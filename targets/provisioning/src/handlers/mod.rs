//! The handlers: one for each type of resource that is provided at once, one for the types that are built later, and
//! one for each type of twin.
//!
//! Each creates its row, asks the backend for the object, and ends in `finalize`, whose refusal it passes to
//! `respond_provision_failed`, or to what stands for it in twins and in deployments. No handler may skip a step, in any
//! function of this folder: a static check of the drill reads them.

mod deploys;
mod queues;
mod stores;
mod twins;

use std::sync::Arc;

use chaosdrill_rt::{defect, fail_point, http, observe};

use crate::{
    answer::refuse,
    finalize::Done,
    guidance,
    host::{Context, Host, Refused},
    resource::ResourceType,
    wire::{Ask, Twin},
};

/// Provisions a resource of a type.
pub(crate) async fn provision(
    host: &Arc<Host>,
    of: ResourceType,
    ask: &Ask,
    context: &Context,
) -> http::Response {
    match of {
        ResourceType::Db => stores::db(host, ask, context).await,
        ResourceType::Cache => stores::cache(host, ask, context).await,
        ResourceType::Nosql => stores::nosql(host, ask, context).await,
        ResourceType::Vector => stores::vector(host, ask, context).await,
        ResourceType::Queue => queues::queue(host, ask, context).await,
        ResourceType::Storage => queues::storage(host, ask, context).await,
        ResourceType::Webhook => queues::webhook(host, ask, context).await,
        ResourceType::Deploy | ResourceType::Stack => deploys::build(host, of, ask, context).await,
    }
}

/// Provisions a resource like one that exists, in another environment.
pub(crate) async fn twin(
    host: &Host,
    of: ResourceType,
    twin: &Twin,
    context: &Context,
) -> http::Response {
    let original = match host.original(of, twin).await {
        Ok(original) => original,
        Err(answer) => return answer,
    };
    let ask = Ask {
        request_id: twin.request_id.clone(),
        team: original.team,
        tier: original.tier,
        env: defect!("R42", original.env, twin.env.clone()),
        log_prefix: original.log_prefix,
        ttl_ms: None,
    };
    match of {
        ResourceType::Db => twins::db(host, &ask, context).await,
        ResourceType::Cache => twins::cache(host, &ask, context).await,
        ResourceType::Nosql => twins::nosql(host, &ask, context).await,
        _ => refuse(422, guidance::INVALID, None),
    }
}

/// The response for a resource that was provisioned.
async fn respond_created(host: &Host, done: &Done) -> http::Response {
    if fail_point!(crate::failpoints::BEFORE_ANSWER).is_err() {
        return refuse(503, guidance::IN_PROGRESS, Some(&done.resource.id));
    }
    host.created(&done.resource, Some(&done.url))
}

/// The response for a resource that was not.
fn respond_provision_failed(refused: &Refused) -> http::Response {
    refuse(refused.status, refused.code, Some(&refused.resource))
}

/// The same for a twin, whose original is as it was.
fn twin_core_error(refused: &Refused) -> http::Response {
    let code = match refused.code {
        guidance::PROVISION_FAILED => defect!("R60", refused.code, guidance::TWIN_FAILED),
        code => code,
    };
    refuse(refused.status, code, Some(&refused.resource))
}

/// Reports a deployment that has ended after its 202.
fn note_built(done: &Done) {
    observe!("build.done", resource = done.resource.id);
}

/// Reports a deployment that has failed after its 202: its row says so, too.
fn note_build_failed(refused: &Refused) {
    observe!("build.failed", resource = refused.resource, code = refused.code);
}
