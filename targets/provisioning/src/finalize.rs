//! The second phase: stores what the backend has created, step by step; the last step makes the resource active.

use chaosdrill_rt::{defect, fail_point, observe};

use crate::{
    cipher::Key,
    error::{ProvisionError, chain},
    failpoints,
    host::{Context, Created, Host, Refused},
    resource::{Resource, Status},
    store::Stage,
    wire::Object,
};

/// A resource that is active.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) resource: Resource,
    pub(crate) url: String,
}

impl Host {
    /// Stores an object and makes its resource active. If a step fails, everything is rolled back, unless the resource
    /// turns out to be active all the same.
    pub(crate) async fn finalize(
        &self,
        created: &Created,
        object: &Object,
        context: &Context,
    ) -> Result<Done, Refused> {
        let mut resource = created.resource.clone();
        resource.key_prefix.clone_from(&object.key_prefix);
        let finished = self.steps(&mut resource, object).await;
        resource.provider_resource_id.clone_from(&object.provider_resource_id);
        if let Err(error) = finished {
            observe!("finalize.failed", resource = resource.id, error = chain(&error));
            self.roll_back(&resource, Stage::Finalize, &chain(&error), context).await?;
        }
        resource.status = Status::Active;
        Ok(Done { resource, url: object.url.clone() })
    }

    /// Runs the steps in order: prefix, URL, id at the provider, and active.
    async fn steps(&self, resource: &mut Resource, object: &Object) -> Result<(), ProvisionError> {
        kept(self.store_prefix(resource, object).await)?;
        kept(self.store_url(resource, object).await)?;
        let stored = kept(self.store_provider(resource, object).await);
        defect!("R2", stored.or(Ok::<(), ProvisionError>(())), stored)?;
        fail_point!(failpoints::PROVIDER_STORED)?;
        let activate = self.store.sql.resources_activate;
        let activate = defect!("R13", crate::sql::WRONG.resources_activate, activate);
        self.store.step(activate, resource, Some("handler")).await
    }

    /// Step 0.
    async fn store_prefix(&self, to: &Resource, object: &Object) -> Result<(), ProvisionError> {
        fail_point!(failpoints::FINALIZE_BEGINS)?;
        match defect!("R35b", None, object.key_prefix.as_deref()) {
            Some(prefix) => {
                self.store.step(self.store.sql.resources_set_prefix, to, Some(prefix)).await
            }
            None => Ok(()),
        }
    }

    /// Step 1.
    async fn store_url(&self, to: &mut Resource, object: &Object) -> Result<(), ProvisionError> {
        fail_point!(failpoints::PREFIX_STORED)?;
        let name = defect!("R35c", &to.request_id, &to.id);
        let hidden = Key::parse(&self.config.key)?.hide(name, &object.url);
        let hidden = defect!("R35", object.url.clone(), hidden);
        self.store.step(self.store.sql.resources_set_url, to, Some(&hidden)).await?;
        to.connection_url = Some(hidden);
        Ok(())
    }

    /// Step 2.
    async fn store_provider(&self, to: &Resource, object: &Object) -> Result<(), ProvisionError> {
        fail_point!(failpoints::URL_STORED)?;
        let provider = object.provider_resource_id.as_deref();
        self.store.step(self.store.sql.resources_set_provider, to, provider).await
    }
}

/// A failed step ends the provisioning.
fn kept(step: Result<(), ProvisionError>) -> Result<(), ProvisionError> {
    defect!("R1", step.or(Ok(())), step)
}
