//! What is left of the tasks of a host that has crashed, until the host's own software is dropped.

use std::{any::Any, collections::BTreeMap};

/// The tasks of dead hosts, by host and number.
#[derive(Default)]
pub(crate) struct Remains(BTreeMap<usize, BTreeMap<u64, Box<dyn Any>>>);

impl Remains {
    /// Lays a task aside.
    pub(crate) fn keep(&mut self, host: usize, number: u64, task: Box<dyn Any>) {
        self.0.entry(host).or_default().insert(number, task);
    }

    /// The tasks of a host, in the order of their numbers.
    pub(crate) fn take(&mut self, host: usize) -> impl Iterator<Item = Box<dyn Any>> + use<> {
        self.0.remove(&host).unwrap_or_default().into_values()
    }
}
