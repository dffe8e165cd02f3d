//! Sidecars: the stored intents of operations in flight.

use chaosdrill_rt::defect;

use super::{
    files::{Files, PutError, StoreError, chain},
    model::Sidecar,
};

/// The path of the sidecars.
pub const RECOVERIES: &str = "__cluster/recoveries";

/// All sidecars, readable or not.
#[derive(Debug, Default)]
pub struct Pending {
    /// The readable ones, by id: in the order in which their operations began.
    pub sidecars: Vec<Sidecar>,
    /// The unreadable ones: path, and reason. Their intent is unknown.
    pub unreadable: Vec<(String, Unreadable)>,
}

/// Why the intent of one or all sidecars is unknown.
#[derive(Debug)]
pub enum Unreadable {
    /// The store did not answer; a retry may succeed.
    Store(StoreError),
    /// It is invalid.
    Broken(String),
    /// It was written by a newer release.
    Newer(u32),
    /// It does not name its graph.
    Unattributed,
}

impl Unreadable {
    /// The error as a one-word code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(_) => "recovery_store_error",
            Self::Unattributed => "cluster_recovery_unattributed",
            Self::Broken(_) | Self::Newer(_) => "recovery_sidecar_unreadable",
        }
    }

    /// The error message.
    pub fn why(&self) -> String {
        match self {
            Self::Store(error) => chain(error),
            Self::Broken(why) => format!("it is broken: {why}"),
            Self::Newer(version) => format!("it has version {version}, of a newer release"),
            Self::Unattributed => "it names no graph".into(),
        }
    }
}

/// The path of a sidecar.
pub fn path(operation: &str) -> String {
    format!("{RECOVERIES}/{operation}.json")
}

/// Reads all sidecars, in the order of their ids.
pub async fn read_all(files: &Files, version_max: u32) -> Pending {
    let mut pending = Pending::default();
    let paths = match files.list(RECOVERIES).await {
        Ok(paths) => paths,
        Err(error) => {
            defect!("G41", return pending, ());
            pending.unreadable.push((RECOVERIES.to_owned(), Unreadable::Store(error)));
            return pending;
        }
    };
    for path in paths {
        match files.get(&path).await {
            Ok(Some(found)) => match parse(&found.bytes, version_max) {
                Ok(sidecar) => pending.sidecars.push(sidecar),
                #[cfg(feature = "defects")]
                Err(Unreadable::Newer(_)) if defect!("G31c", true, false) => {}
                #[cfg(feature = "defects")]
                Err(_) if defect!("G65", true, false) => drop(files.delete(&path).await),
                Err(why) => pending.unreadable.push((path, why)),
            },
            // It was deleted after the listing.
            Ok(None) => {}
            Err(error) => pending.unreadable.push((path, Unreadable::Store(error))),
        }
    }
    pending
}

fn parse(bytes: &[u8], version_max: u32) -> Result<Sidecar, Unreadable> {
    let broken = |error: serde_json::Error| Unreadable::Broken(error.to_string());
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(broken)?;
    let version = value["schema_version"].as_u64().and_then(|version| u32::try_from(version).ok());
    let version = version.ok_or_else(|| Unreadable::Broken("it has no version".into()))?;
    if version > version_max {
        return Err(Unreadable::Newer(version));
    }
    let sidecar: Sidecar = serde_json::from_value(value).map_err(broken)?;
    if sidecar.graph_id.is_empty() { Err(Unreadable::Unattributed) } else { Ok(sidecar) }
}

fn written(sidecar: &Sidecar) -> Vec<u8> {
    serde_json::to_vec(sidecar).unwrap_or_default()
}

/// Writes a new sidecar.
///
/// # Errors
///
/// Fails with the store's error; the sidecar may exist all the same.
pub async fn arm(files: &Files, sidecar: &Sidecar) -> Result<(), PutError> {
    files.put_new(&path(&sidecar.operation_id), &written(sidecar)).await
}

/// Records in a sidecar the version that its operation reached. It is for investigation only: nothing depends on it, so
/// a failure is ignored.
pub async fn confirm(files: &Files, sidecar: &Sidecar, version: u64) {
    defect!("G42", return, ());
    let path = path(&sidecar.operation_id);
    if let Ok(Some(found)) = files.get(&path).await {
        let confirmed = Sidecar { expected_manifest_version: Some(version), ..sidecar.clone() };
        let _ = files.put_over(&path, &written(&confirmed), &found).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        match parse(text.as_bytes(), 1) {
            Ok(sidecar) => format!("ok {}", sidecar.graph_id),
            Err(why) => why.code().to_owned(),
        }
    }

    fn with(version: u32, graph: &str, more: &str) -> String {
        format!(
            r#"{{"schema_version":{version},"operation_id":"1","started_at":0,"actor":"a","kind":"graph_create","graph_id":"{graph}","graph_uri":"","observed_manifest_version":null,"expected_manifest_version":null,"desired_schema_digest":"","state_cas_base":"","approval_id":null{more}}}"#
        )
    }

    #[test]
    fn what_is_not_understood_is_not_read() {
        assert_eq!(check(&with(1, "g", "")), "ok g");
        assert_eq!(check(&with(2, "g", "")), "recovery_sidecar_unreadable");
        assert_eq!(check(&with(1, "", "")), "cluster_recovery_unattributed");
        assert_eq!(check(&with(1, "g", r#","more":1"#)), "recovery_sidecar_unreadable");
        assert_eq!(check(&with(1, "g", "")[..80]), "recovery_sidecar_unreadable");
        assert_eq!(check("{}"), "recovery_sidecar_unreadable");
    }
}
