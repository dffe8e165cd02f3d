//! Handlers of the types that store data and are queried.

use chaosdrill_rt::http;

use super::{respond_created, respond_provision_failed};
use crate::{
    host::{Context, Host},
    resource::ResourceType,
    wire::Ask,
};

/// A relational database.
pub(super) async fn db(host: &Host, ask: &Ask, context: &Context) -> http::Response {
    let created = match host.create_resource(ResourceType::Db, ask).await {
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

/// A cache, whose keys have a prefix of their own.
pub(super) async fn cache(host: &Host, ask: &Ask, context: &Context) -> http::Response {
    let created = match host.create_resource(ResourceType::Cache, ask).await {
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

/// A document store.
pub(super) async fn nosql(host: &Host, ask: &Ask, context: &Context) -> http::Response {
    let created = match host.create_resource(ResourceType::Nosql, ask).await {
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

/// A vector index.
pub(super) async fn vector(host: &Host, ask: &Ask, context: &Context) -> http::Response {
    let created = match host.create_resource(ResourceType::Vector, ask).await {
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
