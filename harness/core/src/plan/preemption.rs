//! A thread that is preempted at a planned call.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::{PREEMPTION_CALL_MAX, PREEMPTION_LIFE_MAX, PREEMPTION_THREAD_MAX};

/// A thread of a host is preempted before a call that the engine sees, and another thread of the host continues.
///
/// For engines whose hosts are processes with threads. All numbers count from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preemption {
    /// The host.
    pub host: String,
    /// The life of the host: 1 until its first restart.
    pub life: u32,
    /// The thread of that life, in the order of creation: 1 is the main thread.
    pub thread: u32,
    /// The call of that thread before which it is preempted, among the calls that the engine sees.
    pub call: u64,
}

impl Preemption {
    /// Checks this preemption by itself.
    ///
    /// # Errors
    ///
    /// A sentence that names the key and what it may be.
    pub fn validate(&self) -> Result<(), String> {
        if self.host.is_empty() {
            return Err("`host` is empty".to_owned());
        }
        let numbers = [
            ("life", u64::from(self.life), u64::from(PREEMPTION_LIFE_MAX)),
            ("thread", u64::from(self.thread), u64::from(PREEMPTION_THREAD_MAX)),
            ("call", self.call, PREEMPTION_CALL_MAX),
        ];
        for (key, number, most) in numbers {
            if number == 0 {
                return Err(format!("`{key}` counts from 1"));
            }
            if number > most {
                return Err(format!("`{key}` is {number}; the maximum is {most}"));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Preemption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, life, thread, call } = self;
        write!(f, "preempt thread {thread} of {host} in life {life} before call {call}")
    }
}
