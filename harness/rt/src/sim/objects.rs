//! The object stores of one simulation, and the objects that the scenario's watches saw last.
//!
//! A store is the memory of the host `store`, which never crashes: objects live as long as the simulation, whatever
//! happens to the hosts that wrote them.

use std::{collections::BTreeMap, io, path::Path as Folder, sync::Arc};

use bytes::Bytes;
use object_store::memory::InMemory;
use serde_json::Value;

#[derive(Default)]
struct Store {
    objects: Arc<InMemory>,
    /// The object that each watch saw last, by watch and path.
    seen: BTreeMap<(String, String), Value>,
}

/// All stores of a simulation, by name.
#[derive(Default)]
pub(crate) struct Objects(BTreeMap<String, Store>);

/// An object in object storage at the end of a run.
#[derive(Clone, Debug)]
pub struct StoredObject {
    /// The name of the store.
    pub store: String,
    /// Its path.
    pub path: String,
    /// Its content.
    pub bytes: Bytes,
}

impl Objects {
    /// The store with this name, which all hosts share.
    pub(crate) fn open(&mut self, name: &str) -> Arc<InMemory> {
        self.0.entry(name.to_owned()).or_default().objects.clone()
    }

    /// All stores, with their names.
    pub(crate) fn all(&self) -> Vec<(String, Arc<InMemory>)> {
        self.0.iter().map(|(name, store)| (name.clone(), store.objects.clone())).collect()
    }

    /// Updates the row that a watch sees of an object; null if the object was deleted. Returns whether the row changed.
    pub(crate) fn see(&mut self, store: &str, watch: &str, path: &str, row: &Value) -> bool {
        let key = (watch.to_owned(), path.to_owned());
        let seen = &mut self.0.entry(store.to_owned()).or_default().seen;
        let before = if row.is_null() { seen.remove(&key) } else { seen.insert(key, row.clone()) };
        before.unwrap_or_default() != *row
    }
}

/// Writes objects below a folder, as `store/<name>/<path>`.
pub(crate) fn keep(objects: &[StoredObject], to: &Folder) -> io::Result<()> {
    for object in objects {
        let path = to.join("store").join(&object.store).join(&object.path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, &object.bytes)?;
    }
    Ok(())
}
