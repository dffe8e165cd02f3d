//! Operations on the object stores of the current simulation.

use std::sync::Arc;

use bytes::Bytes;
use chaosdrill_core::{
    limits::WATCH_OBJECT_BYTES_MAX,
    trace::{
        EventKind, short_hash,
        vocabulary::{ObjectSeen, RowSeen},
    },
};
use futures_util::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory, path::Path};
use serde_json::Value;

use self::operations::{at, at_once};
use crate::sim::{
    handle,
    objects::{Objects, StoredObject},
    simulation::{self, with_world},
};

pub(crate) mod operations;

/// Runs `f` on the stores of the current simulation.
fn with<R>(f: impl FnOnce(&mut Objects) -> R) -> R {
    simulation::with(|simulation| f(&mut simulation.objects.borrow_mut()))
}

/// The store with this name, which all hosts share.
pub(crate) fn open(name: &str) -> Arc<InMemory> {
    with(|objects| objects.open(name))
}

/// Records what the watches see after an object was written or deleted.
pub(crate) fn changed(store: &str, path: &str) {
    let names = with_world(|world| {
        let watches = world.store_watches.iter();
        let concerned =
            watches.filter(|watch| watch.store == store && path.starts_with(&watch.prefix));
        concerned.map(|watch| watch.name.clone()).collect::<Vec<_>>()
    });
    if names.is_empty() {
        return;
    }
    let row = match read(&open(store), &at(path)) {
        Some(bytes) => describe(&bytes),
        None => Value::Null,
    };
    for name in names {
        if with(|objects| objects.see(store, &name, path, &row)) {
            let seen = || RowSeen { key: Value::from(path), row: row.clone() };
            handle::record(EventKind::Watch, &name, || seen().into_data());
        }
    }
}

fn read(objects: &InMemory, path: &Path) -> Option<Bytes> {
    let found = at_once(objects.get(path)).ok()?;
    at_once(found.bytes()).ok()
}

/// An object as a row: its size, its hash, and its text, parsed if it is JSON.
fn describe(bytes: &Bytes) -> Value {
    let is_shown = bytes.len() <= WATCH_OBJECT_BYTES_MAX;
    let text = std::str::from_utf8(bytes).ok().filter(|_| is_shown);
    ObjectSeen { bytes: bytes.len(), hash: short_hash(bytes), text }.into_row()
}

/// All objects of all stores.
pub(crate) fn all_objects() -> Vec<StoredObject> {
    let mut all = Vec::new();
    for (name, store) in with(|objects| objects.all()) {
        let listed = at_once(store.list(None).try_collect::<Vec<_>>());
        for meta in listed.expect("memory lists what it has") {
            let bytes = read(&store, &meta.location).unwrap_or_default();
            let path = meta.location.to_string();
            all.push(StoredObject { store: name.clone(), path, bytes });
        }
    }
    all
}
