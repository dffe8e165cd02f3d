//! Handlers of the types that receive data from others.

use chaosdrill_rt::http;

use super::{respond_created, respond_provision_failed};
use crate::{
    host::{Context, Host},
    resource::ResourceType,
    wire::{Ask, Object},
};

/// A queue.
pub(super) async fn queue(host: &Host, ask: &Ask, context: &Context) -> http::Response {
    let created = match host.create_resource(ResourceType::Queue, ask).await {
        Ok(created) => created,
        Err(answer) => return answer,
    };
    let object = match host.ask_backend(&created, context).await {
        Ok(object) => object,
        Err(refused) => return respond_provision_failed(&refused),
    };
    match host.finalize(&created, &object, context).await {
        Ok(done) => respond_created(host, &done).await,
        Err(refused) => respond_provision_failed(&refused),
    }
}

/// A bucket.
pub(super) async fn storage(host: &Host, ask: &Ask, context: &Context) -> http::Response {
    let created = match host.create_resource(ResourceType::Storage, ask).await {
        Ok(created) => created,
        Err(answer) => return answer,
    };
    let object = match host.ask_backend(&created, context).await {
        Ok(object) => object,
        Err(refused) => return respond_provision_failed(&refused),
    };
    match host.finalize(&created, &object, context).await {
        Ok(done) => respond_created(host, &done).await,
        Err(refused) => respond_provision_failed(&refused),
    }
}

/// An address to which others post. The product serves it itself: there is no object to create or delete.
pub(super) async fn webhook(host: &Host, ask: &Ask, context: &Context) -> http::Response {
    let created = match host.create_resource(ResourceType::Webhook, ask).await {
        Ok(created) => created,
        Err(answer) => return answer,
    };
    let url = format!("https://hooks.provisioning.example/{}", created.resource.id);
    let address = Object { provider_resource_id: None, key_prefix: None, url };
    match host.finalize(&created, &address, context).await {
        Ok(done) => respond_created(host, &done).await,
        Err(refused) => respond_provision_failed(&refused),
    }
}
