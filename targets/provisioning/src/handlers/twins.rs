//! Handlers of twins: a second resource like one that the team has, in another environment.

use chaosdrill_rt::http;

use super::{respond_created, twin_core_error};
use crate::{
    host::{Context, Host},
    resource::ResourceType,
    wire::Ask,
};

/// The twin of a relational database.
pub(super) async fn db(host: &Host, ask: &Ask, context: &Context) -> http::Response {
    let created = match host.create_resource(ResourceType::Db, ask).await {
        Ok(created) => created,
        Err(answer) => return answer,
    };
    let object = match host.ask_backend(&created, context).await {
        Ok(object) => object,
        Err(refused) => return twin_core_error(&refused),
    };
    match host.finalize(&created, &object, context).await {
        Ok(done) => respond_created(host, &done).await,
        Err(refused) => twin_core_error(&refused),
    }
}

/// The twin of a cache.
pub(super) async fn cache(host: &Host, ask: &Ask, context: &Context) -> http::Response {
    let created = match host.create_resource(ResourceType::Cache, ask).await {
        Ok(created) => created,
        Err(answer) => return answer,
    };
    let object = match host.ask_backend(&created, context).await {
        Ok(object) => object,
        Err(refused) => return twin_core_error(&refused),
    };
    match host.finalize(&created, &object, context).await {
        Ok(done) => respond_created(host, &done).await,
        Err(refused) => twin_core_error(&refused),
    }
}

/// The twin of a document store.
pub(super) async fn nosql(host: &Host, ask: &Ask, context: &Context) -> http::Response {
    let created = match host.create_resource(ResourceType::Nosql, ask).await {
        Ok(created) => created,
        Err(answer) => return answer,
    };
    let object = match host.ask_backend(&created, context).await {
        Ok(object) => object,
        Err(refused) => return twin_core_error(&refused),
    };
    match host.finalize(&created, &object, context).await {
        Ok(done) => respond_created(host, &done).await,
        Err(refused) => twin_core_error(&refused),
    }
}
