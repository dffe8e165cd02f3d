//! Keys: within one program, one writer at a time for each table, and for the schema.
//!
//! They spare writers of one program the conflicts that writers of several programs settle at the store. Whoever
//! heals an operation takes its keys too, so that it does not meddle with a writer of its own program.

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
    /// Takes keys, always in the same order.
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
