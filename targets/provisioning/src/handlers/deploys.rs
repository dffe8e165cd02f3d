//! The handler of the types that are built for long: the answer is 202 as soon as the row is stored, and the row shows
//! how the build ends.

use std::sync::Arc;

use chaosdrill_rt::{defect, http, task};

use super::{note_build_failed, note_built};
use crate::{
    answer::accept,
    host::{Context, Host},
    resource::ResourceType,
    wire::Ask,
};

/// A deployment of one program, or of several together.
pub(super) async fn build(
    host: &Arc<Host>,
    of: ResourceType,
    ask: &Ask,
    context: &Context,
) -> http::Response {
    let created = match host.create_resource(of, ask).await {
        Ok(created) => created,
        Err(answer) => return answer,
    };
    let accepted = accept(&created.resource.id);
    let (host, context) = (host.clone(), context.clone());
    let build = async move {
        let object = match host.ask_backend(&created, &context).await {
            Ok(object) => object,
            Err(refused) => return note_build_failed(&refused),
        };
        match host.finalize(&created, &object, &context).await {
            Ok(done) => note_built(&done),
            Err(refused) => note_build_failed(&refused),
        }
    };
    defect!("R50", drop(build), drop(task::spawn(build)));
    accepted
}
