//! The schema: staged by an operation, and put in force when its tables are published.
//!
//! It is never in force ahead of the manifest: every reader of the schema finds tables that match it.

use chaosdrill_rt::defect;

use super::{
    model::{Schema, Sidecar},
    objects::{Objects, PutError, StoreError},
};

/// The path of the schema in force.
pub const CURRENT: &str = "__schema/current.json";

/// Attempts to put a schema in force against concurrent changes.
const TRIES_MAX: u32 = 5;

/// The path of an operation's staged schema.
pub fn staging_of(operation: &str) -> String {
    format!("__schema/staging/{operation}.json")
}

/// Stages the schema of an operation.
///
/// # Errors
///
/// Fails with the store's error.
pub async fn stage(objects: &Objects, schema: &Schema) -> Result<(), PutError> {
    objects.create(&staging_of(&schema.operation), schema).await
}

/// Reads the schema in force.
///
/// # Errors
///
/// Fails with the store's error, or if there is none.
pub async fn read(objects: &Objects) -> Result<Schema, StoreError> {
    let found = objects.get(CURRENT).await?;
    let missing = || StoreError::Broken { path: CURRENT.into(), why: "it is not there".into() };
    Ok(found.ok_or_else(missing)?.value)
}

/// Whether the schema of an operation is staged, or in force already.
///
/// # Errors
///
/// Fails with the store's error.
pub async fn is_staged(objects: &Objects, sidecar: &Sidecar) -> Result<bool, StoreError> {
    let Some(version) = sidecar.schema else { return Ok(true) };
    if objects.get::<Schema>(&staging_of(&sidecar.operation_id)).await?.is_some() {
        return Ok(true);
    }
    let current = objects.get::<Schema>(CURRENT).await?;
    Ok(current.is_some_and(|current| current.value.version >= version))
}

/// Puts the staged schema of an operation in force, and deletes the staged copy.
///
/// # Errors
///
/// Fails with the store's error.
pub async fn promote(objects: &Objects, sidecar: &Sidecar) -> Result<(), StoreError> {
    defect!("G70", return Ok(()), ());
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

/// Deletes the staged schema of an operation.
///
/// # Errors
///
/// Fails with the store's error.
pub async fn discard(objects: &Objects, sidecar: &Sidecar) -> Result<(), StoreError> {
    match sidecar.schema {
        Some(_) => objects.delete(&staging_of(&sidecar.operation_id)).await,
        None => Ok(()),
    }
}
