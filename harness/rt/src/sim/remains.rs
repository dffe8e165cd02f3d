//! Keeps the tasks of a crashed host until its runtime is gone.

use std::{any::Any, collections::BTreeMap};

/// The tasks of crashed hosts, by host and number.
#[derive(Default)]
pub(crate) struct Remains(BTreeMap<usize, BTreeMap<u64, Box<dyn Any>>>);

impl Remains {
    /// Keeps a task.
    pub(crate) fn keep(&mut self, host: usize, number: u64, task: Box<dyn Any>) {
        self.0.entry(host).or_default().insert(number, task);
    }

    /// Takes the task of a host with the lowest number.
    #[cfg(not(madsim))]
    pub(crate) fn take_first(&mut self, host: usize) -> Option<Box<dyn Any>> {
        self.0.get_mut(&host)?.pop_first().map(|(_, task)| task)
    }
}
