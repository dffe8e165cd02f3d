//! Sidecars: the objects in which operations in flight are written down.

use chaosdrill_rt::defect;

use super::{
    config::EngineConfig,
    error::EngineError,
    model::Sidecar,
    objects::{Found, Objects, PutError, StoreError},
};

/// Where they are.
pub const SIDECARS: &str = "__recovery";

/// Where one is.
pub fn path_of(operation: &str) -> String {
    format!("{SIDECARS}/{operation}.json")
}

/// The paths of all of them, in the order in which their operations began.
///
/// # Errors
///
/// The store's: then nobody knows what is pending, and nothing may be built upon it.
pub async fn list(objects: &Objects) -> Result<Vec<String>, EngineError> {
    match objects.list(SIDECARS).await {
        Ok(paths) => Ok(paths),
        Err(error) => defect!("G26", Ok(Vec::new()), Err(error.into())),
    }
}

/// Reads one; nothing where it is gone.
///
/// # Errors
///
/// The store's, or where it is broken or of a newer release: then nobody knows what it intends.
pub async fn read(
    objects: &Objects,
    path: &str,
    config: &EngineConfig,
) -> Result<Option<Found<Sidecar>>, EngineError> {
    let Some(raw) = objects.get_bytes(path).await? else { return Ok(None) };
    let broken =
        |why: serde_json::Error| StoreError::Broken { path: path.to_owned(), why: why.to_string() };
    let value: serde_json::Value = serde_json::from_slice(&raw.value).map_err(broken)?;
    let version = value["schema_version"].as_u64().unwrap_or(u64::MAX);
    if version > u64::from(config.reads_sidecars_up_to) {
        if defect!("G31", true, false) {
            return Ok(None);
        }
        return Err(EngineError::NewerSidecar { path: path.to_owned(), version });
    }
    let sidecar: Sidecar = serde_json::from_value(value).map_err(broken)?;
    Ok(Some(raw.with(sidecar)))
}

/// Writes one, before anything moves.
///
/// # Errors
///
/// The store's; it may be there all the same.
pub async fn arm(objects: &Objects, sidecar: &Sidecar) -> Result<(), PutError> {
    let path = path_of(&sidecar.operation_id);
    if defect!("G31b", true, false) {
        return objects.overwrite(&path, sidecar).await;
    }
    objects.create(&path, sidecar).await
}

/// Says to which versions all commits have led.
///
/// # Errors
///
/// Where somebody has taken it away, or the store's.
pub async fn confirm(objects: &Objects, confirmed: &Sidecar) -> Result<(), PutError> {
    let path = path_of(&confirmed.operation_id);
    match objects.get::<Sidecar>(&path).await? {
        Some(found) => objects.replace(&path, confirmed, &found).await,
        None => Err(PutError::Taken(path)),
    }
}

/// Takes one away; what is left behind is taken away by the next who heals.
pub async fn retire(objects: &Objects, operation: &str) -> Result<(), StoreError> {
    objects.delete(&path_of(operation)).await
}
