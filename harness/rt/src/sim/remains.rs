//! Keeps the tasks of a crashed host until the host's own software is dropped.

use std::{any::Any, collections::BTreeMap};

/// The tasks of crashed hosts, by host and number.
#[derive(Default)]
pub(crate) struct Remains(BTreeMap<usize, BTreeMap<u64, Box<dyn Any>>>);

impl Remains {
    /// Keeps a task.
    pub(crate) fn keep(&mut self, host: usize, number: u64, task: Box<dyn Any>) {
        self.0.entry(host).or_default().insert(number, task);
    }

    /// Takes the tasks of a host, in the order of their numbers.
    pub(crate) fn take(&mut self, host: usize) -> impl Iterator<Item = Box<dyn Any>> + use<> {
        self.0.remove(&host).unwrap_or_default().into_values()
    }
}
