//! Per-table and schema locks within one program, so that each has one writer at a time.
//!
//! They spare the writers of one program conflicts at the store; writers of different programs settle theirs there. A
//! heal acquires the keys of the operation, too, so that it does not interfere with a writer of its own program.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use tokio::sync::{Mutex as Key, OwnedMutexGuard};

use super::model::Sidecar;

/// The key of the schema.
pub(crate) const SCHEMA: &str = "__schema";

/// All keys of a program.
#[derive(Debug, Default)]
pub(crate) struct Keys(Mutex<BTreeMap<String, Arc<Key<()>>>>);

impl Keys {
    /// Acquires keys, always in the same order.
    pub(crate) async fn take(&self, names: BTreeSet<String>) -> Vec<OwnedMutexGuard<()>> {
        let mut taken = Vec::new();
        for name in names {
            let key = {
                let mut keys = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                keys.entry(name).or_default().clone()
            };
            taken.push(key.lock_owned().await);
        }
        taken
    }
}

/// The keys of an operation.
pub(crate) fn of(sidecar: &Sidecar) -> BTreeSet<String> {
    let tables = sidecar.pins.iter().map(|pin| pin.table_key.clone());
    let schema = sidecar.schema.map(|_| SCHEMA.to_owned());
    tables.chain(schema).collect()
}
