//! Sidecars: the stored intents of operations in flight.

use chaosdrill_rt::defect;

use super::{
    config::EngineConfig,
    error::EngineError,
    model::Sidecar,
    objects::{Found, Objects, PutError, StoreError},
};

/// The path of the sidecars.
pub const SIDECARS: &str = "__recovery";

/// The path of a sidecar.
pub fn path_of(operation: &str) -> String {
    format!("{SIDECARS}/{operation}.json")
}

/// Lists the paths of all sidecars, in the order in which their operations began.
///
/// # Errors
///
/// Fails with the store's error: the pending operations are then unknown, and no write may build upon the tables.
pub async fn list(objects: &Objects) -> Result<Vec<String>, EngineError> {
    match objects.list(SIDECARS).await {
        Ok(paths) => Ok(paths),
        Err(error) => defect!("G26", Ok(Vec::new()), Err(error.into())),
    }
}

/// Reads a sidecar; `None` if it is gone.
///
/// # Errors
///
/// Fails with the store's error, or if the sidecar is invalid or of a newer release: its intent is then unknown.
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
        defect!("G31", return Ok(None), ());
        return Err(EngineError::NewerSidecar { path: path.to_owned(), version });
    }
    let sidecar: Sidecar = serde_json::from_value(value).map_err(broken)?;
    Ok(Some(raw.with(sidecar)))
}

/// Writes a new sidecar, before anything moves.
///
/// # Errors
///
/// Fails with the store's error; the sidecar may exist all the same.
pub async fn arm(objects: &Objects, sidecar: &Sidecar) -> Result<(), PutError> {
    let path = path_of(&sidecar.operation_id);
    defect!("G31b", return objects.put_wrongly(&path, sidecar).await, ());
    objects.create(&path, sidecar).await
}

/// Replaces a sidecar if it is still as the caller knows it: of several concurrent changes, one succeeds.
///
/// # Errors
///
/// Fails if the sidecar was changed or deleted, or with the store's error.
pub async fn rewrite(objects: &Objects, known: &Sidecar, to: &Sidecar) -> Result<(), PutError> {
    let path = path_of(&known.operation_id);
    match objects.get::<Sidecar>(&path).await? {
        Some(found) if found.value == *known => objects.replace(&path, to, &found).await,
        _ => Err(PutError::Taken(path)),
    }
}

/// Ends an operation that has moved nothing and never will. The intent is emptied before the deletion, so that no
/// program begins a rollback in between: that would move tables without a sidecar to explain it.
///
/// # Errors
///
/// Fails if another program has begun or finished a rollback, or with the store's error. An open ends what is left.
pub async fn void(objects: &Objects, known: &Sidecar) -> Result<(), PutError> {
    rewrite(objects, known, &known.voided()).await?;
    Ok(retire(objects, &known.operation_id).await?)
}

/// Deletes a sidecar; if that fails, the next heal deletes it.
pub async fn retire(objects: &Objects, operation: &str) -> Result<(), StoreError> {
    objects.delete(&path_of(operation)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::model::Kind, files::Files};

    #[tokio::test]
    async fn of_two_who_would_end_an_operation_one_does() {
        let objects = Objects::new(Files::open("memory:sidecars").expect("a store"));
        let armed = |operation_id: &str| Sidecar {
            schema_version: 2,
            operation_id: operation_id.into(),
            kind: Kind::Mutation,
            actor_id: "c1-1".into(),
            process: "w1".into(),
            branch: "main".into(),
            pins: Vec::new(),
            additional_registrations: Vec::new(),
            tombstones: vec!["extra1".into()],
            merge_source_commit_id: None,
            schema: None,
        };
        let claimed = |by: &Sidecar| Sidecar { process: "opener".into(), ..by.clone() };

        let first = armed("1");
        arm(&objects, &first).await.expect("written");
        rewrite(&objects, &first, &claimed(&first)).await.expect("claimed");
        assert!(matches!(void(&objects, &first).await, Err(PutError::Taken(_))));
        assert_eq!(list(&objects).await.expect("a list"), [path_of("1")]);

        let second = armed("2");
        arm(&objects, &second).await.expect("written");
        rewrite(&objects, &second, &second.voided()).await.expect("emptied");
        let late = rewrite(&objects, &second, &claimed(&second)).await;
        assert!(matches!(late, Err(PutError::Taken(_))));

        let third = armed("3");
        arm(&objects, &third).await.expect("written");
        void(&objects, &third).await.expect("ended");
        assert_eq!(list(&objects).await.expect("a list"), [path_of("1"), path_of("2")]);
    }
}
