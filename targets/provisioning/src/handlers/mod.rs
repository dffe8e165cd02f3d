//! The handlers, one for each type of resource.
//!
//! Each creates its row, asks the backend for the object, and ends in `finalize`, whose refusal it passes to
//! `respond_provision_failed`. No handler may skip a step, in any function of this folder: a static check of the drill
//! reads them.

mod queues;
mod stores;

use std::sync::Arc;

use chaosdrill_rt::{fail_point, http};

use crate::{
    answer::refuse,
    finalize::Done,
    guidance,
    host::{Context, Host, Refused},
    resource::ResourceType,
    wire::Ask,
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
