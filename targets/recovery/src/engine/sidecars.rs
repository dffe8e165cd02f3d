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

/// Writes over one, if it still says what the caller knows of it: of several who would change it, one does.
///
/// # Errors
///
/// Where somebody else has changed it or taken it away, or the store's.
pub async fn rewrite(objects: &Objects, known: &Sidecar, to: &Sidecar) -> Result<(), PutError> {
    let path = path_of(&known.operation_id);
    match objects.get::<Sidecar>(&path).await? {
        Some(found) if found.value == *known => objects.replace(&path, to, &found).await,
        _ => Err(PutError::Taken(path)),
    }
}

/// Ends an operation that has moved nothing and never will. Its intent is emptied before it goes, so that nobody begins
/// to take it back in between: from then on tables would be moved, and nothing would say why.
///
/// # Errors
///
/// Where somebody has begun to take it back, or is done with it; or the store's. An open ends what is left.
pub async fn void(objects: &Objects, known: &Sidecar) -> Result<(), PutError> {
    rewrite(objects, known, &known.voided()).await?;
    Ok(retire(objects, &known.operation_id).await?)
}

/// Takes one away; what is left behind is taken away by the next who heals.
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
