//! Object storage. In a simulation, every call is a boundary, and travels to the host `store` and back.
//!
//! [`open`] returns an `ObjectStore` of the crate `object_store`, with that crate's paths, options and errors.
//! `file:///var/lib/tables` is a folder, and `memory:tables` lives as long as the process. In a simulation, both are
//! the store with that name (the last part of the URL). All hosts share it, and it survives their crashes.
//!
//! The site of a call is `store:`, a verb and the object's path, in which `*` replaces everything that looks like an
//! id: `store:put orders/*.json`. The verbs are `get`, `head`, `put`, `put-if` (creates an object, or replaces a known
//! version), `delete`, `copy` and `list`.
//!
//! A simulation does not support all of the trait: multipart uploads return an error. A folder cannot replace a known
//! version; code that must run on a folder too creates objects under new names instead.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use object_store::{Error, ObjectStore, local::LocalFileSystem, memory::InMemory};

#[cfg(feature = "sim")]
mod error;
#[cfg(feature = "sim")]
mod simulated;
#[cfg(feature = "sim")]
mod site;

/// Opens the store of a URL: `file:///a/folder` or `memory:name`.
///
/// # Errors
///
/// If the URL is neither, or the folder can be neither found nor created.
pub fn open(url: &str) -> Result<Arc<dyn ObjectStore>, Error> {
    let store = Url::parse(url)?;
    #[cfg(feature = "sim")]
    if let Some(here) = crate::sim::context::here() {
        return Ok(Arc::new(simulated::SimulatedStore::open(url, here)?));
    }
    match store {
        Url::Folder(folder) => {
            std::fs::create_dir_all(folder).map_err(|why| unusable(Box::new(why)))?;
            Ok(Arc::new(LocalFileSystem::new_with_prefix(folder)?))
        }
        Url::Memory(name) => Ok(in_memory(name)),
    }
}

enum Url<'a> {
    Folder(&'a str),
    Memory(&'a str),
}

impl<'a> Url<'a> {
    fn parse(url: &'a str) -> Result<Self, Error> {
        let absolute = |folder: &&str| folder.starts_with('/');
        if let Some(folder) = url.strip_prefix("file://").filter(absolute) {
            return Ok(Self::Folder(folder));
        }
        match url.strip_prefix("memory:") {
            Some(name) if !name.is_empty() => Ok(Self::Memory(name)),
            _ => Err(unusable(
                format!("`{url}` is no store; write `file:///a/folder` or `memory:name`").into(),
            )),
        }
    }
}

fn unusable(source: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Generic { store: "chaosdrill", source }
}

/// The stores of this process, by name.
fn in_memory(name: &str) -> Arc<dyn ObjectStore> {
    static STORES: Mutex<BTreeMap<String, Arc<InMemory>>> = Mutex::new(BTreeMap::new());
    let mut stores = STORES.lock().expect("nothing panics while it holds the stores");
    stores.entry(name.to_owned()).or_default().clone()
}

#[cfg(test)]
mod tests {
    use object_store::{ObjectStoreExt, PutMode, path::Path};

    use super::*;

    #[tokio::test]
    async fn outside_a_simulation_it_is_a_folder_or_memory() {
        let folder = std::env::temp_dir().join(format!("chaosdrill-store-{}", std::process::id()));
        for url in [format!("file://{}", folder.display()), "memory:a".to_owned()] {
            let path = Path::from("orders/1.json");
            open(&url).expect("a store").put(&path, "{}".into()).await.expect("room");
            let again = open(&url).expect("the same store");
            let read = again.get(&path).await.expect("it is there").bytes().await.expect("bytes");
            assert_eq!(read, "{}", "{url}");
            let taken = again.put_opts(&path, "{}".into(), PutMode::Create.into()).await;
            assert!(matches!(taken, Err(Error::AlreadyExists { .. })), "{url}: {taken:?}");
        }
        std::fs::remove_dir_all(folder).expect("the folder is ours");
        for url in ["memory:", "file://relative", "s3://bucket"] {
            assert!(open(url).is_err(), "{url}");
        }
    }
}
