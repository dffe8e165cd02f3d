//! The schema: staged by an operation, and in force once its tables are published.
//!
//! It is never in force ahead of the manifest: whoever reads it finds tables that have it.

use super::{
    model::{Schema, Sidecar},
    objects::{Objects, PutError, StoreError},
};

/// Where the schema in force is.
pub const CURRENT: &str = "__schema/current.json";

/// How often it is tried to put a schema in force over those of others.
const TRIES_MAX: u32 = 5;

/// Where an operation stages its schema.
pub fn staging_of(operation: &str) -> String {
    format!("__schema/staging/{operation}.json")
}

/// Stages the schema of an operation.
///
/// # Errors
///
/// The store's.
pub async fn stage(objects: &Objects, schema: &Schema) -> Result<(), PutError> {
    objects.create(&staging_of(&schema.operation), schema).await
}

/// Whether the schema of an operation is staged, or in force already.
///
/// # Errors
///
/// The store's.
pub async fn is_staged(objects: &Objects, sidecar: &Sidecar) -> Result<bool, StoreError> {
    let Some(version) = sidecar.schema else { return Ok(true) };
    if objects.get::<Schema>(&staging_of(&sidecar.operation_id)).await?.is_some() {
        return Ok(true);
    }
    let current = objects.get::<Schema>(CURRENT).await?;
    Ok(current.is_some_and(|current| current.value.version >= version))
}

/// Puts the staged schema of an operation in force; once it is, nothing is staged any more.
///
/// # Errors
///
/// The store's.
pub async fn promote(objects: &Objects, sidecar: &Sidecar) -> Result<(), StoreError> {
    let path = staging_of(&sidecar.operation_id);
    let Some(staged) = objects.get::<Schema>(&path).await? else { return Ok(()) };
    for _ in 0..TRIES_MAX {
        let put = match objects.get::<Schema>(CURRENT).await? {
            Some(current) if current.value.version >= staged.value.version => Ok(()),
            Some(current) => objects.replace(CURRENT, &staged.value, &current).await,
            None => objects.create(CURRENT, &staged.value).await,
        };
        match put {
            Ok(()) => return objects.delete(&path).await,
            Err(PutError::Taken(_)) => {}
            Err(PutError::Store(error)) => return Err(error),
        }
    }
    Err(StoreError::Broken { path: CURRENT.into(), why: "others change it all the time".into() })
}

/// Takes away what an operation has staged.
///
/// # Errors
///
/// The store's.
pub async fn discard(objects: &Objects, sidecar: &Sidecar) -> Result<(), StoreError> {
    match sidecar.schema {
        Some(_) => objects.delete(&staging_of(&sidecar.operation_id)).await,
        None => Ok(()),
    }
}
