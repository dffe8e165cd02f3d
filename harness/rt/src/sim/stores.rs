//! The object stores of one simulation, and what the scenario's watches see of them.
//!
//! A store is the memory of the host `store`, which never crashes: objects live as long as the simulation, whatever
//! becomes of the hosts that wrote them.

use std::{
    cell::RefCell, collections::BTreeMap, future::Future, io, path::Path as Folder, sync::Arc,
};

use bytes::Bytes;
use chaosdrill_core::{
    limits::WATCH_OBJECT_BYTES_MAX,
    trace::{EventKind, short_hash},
};
use futures_util::{FutureExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory, path::Path};
use serde_json::{Value, json};

use crate::sim::{clock, world};

thread_local! {
    static STORES: RefCell<BTreeMap<String, Store>> = const { RefCell::new(BTreeMap::new()) };
}

#[derive(Default)]
struct Store {
    objects: Arc<InMemory>,
    /// What each watch saw last, by watch and path.
    seen: BTreeMap<(String, String), Value>,
}

/// Objects whose path begins so, shown to checks at every change.
#[derive(Clone, Debug)]
pub struct StoreWatch {
    /// Name in the history.
    pub name: String,
    /// Which store, by the name in its URL.
    pub store: String,
    /// The beginning of the paths, as text; empty for all.
    pub prefix: String,
}

/// An object that a run left behind.
#[derive(Clone, Debug)]
pub struct StoredObject {
    /// Which store.
    pub store: String,
    /// Its path.
    pub path: String,
    /// Its content.
    pub bytes: Bytes,
}

/// Forgets the stores of the simulation before.
pub(crate) fn install() {
    STORES.set(BTreeMap::new());
}

/// The store of a name, the same for every host.
pub(crate) fn open(name: &str) -> Arc<InMemory> {
    STORES.with_borrow_mut(|stores| stores.entry(name.to_owned()).or_default().objects.clone())
}

/// Drives an operation of a store in memory, which never waits.
///
/// The store has a clock of its own: the time of an object does not depend on the skew of who wrote it.
pub(crate) fn at_once<F: Future>(operation: F) -> F::Output {
    clock::without_skew(|| operation.now_or_never()).expect("memory answers at once")
}

/// An object was written or deleted: the watches that it concerns see it.
pub(crate) fn changed(store: &str, path: &Path) {
    let names = world::with(|world| {
        let watches = world.store_watches.iter();
        let concerned = watches
            .filter(|watch| watch.store == store && path.as_ref().starts_with(&watch.prefix));
        concerned.map(|watch| watch.name.clone()).collect::<Vec<_>>()
    });
    if names.is_empty() {
        return;
    }
    let row = match read(&open(store), path) {
        Some(bytes) => describe(&bytes),
        None => Value::Null,
    };
    for name in names {
        let key = (name.clone(), path.to_string());
        let before = STORES.with_borrow_mut(|stores| {
            let seen = &mut stores.entry(store.to_owned()).or_default().seen;
            if row.is_null() { seen.remove(&key) } else { seen.insert(key, row.clone()) }
        });
        if before.unwrap_or_default() != row {
            world::record(
                EventKind::Watch,
                &name,
                || json!({ "key": path.as_ref(), "row": row.clone() }),
            );
        }
    }
}

fn read(objects: &InMemory, path: &Path) -> Option<Bytes> {
    let found = at_once(objects.get(path)).ok()?;
    at_once(found.bytes()).ok()
}

/// An object as a row: its size and hash, and its text, as JSON where it is some.
fn describe(bytes: &Bytes) -> Value {
    let mut row = json!({ "bytes": bytes.len(), "hash": short_hash(bytes) });
    if bytes.len() <= WATCH_OBJECT_BYTES_MAX
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        match serde_json::from_str::<Value>(text) {
            Ok(parsed) => row["json"] = parsed,
            Err(_) => row["text"] = Value::from(text),
        }
    }
    row
}

/// All objects of all stores, and forgets them.
pub(crate) fn take() -> Vec<StoredObject> {
    let stores = STORES.take();
    let mut all = Vec::new();
    for (name, store) in stores {
        let listed = at_once(store.objects.list(None).try_collect::<Vec<_>>());
        for meta in listed.expect("memory lists what it has") {
            let bytes = read(&store.objects, &meta.location).unwrap_or_default();
            let path = meta.location.to_string();
            all.push(StoredObject { store: name.clone(), path, bytes });
        }
    }
    all
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
