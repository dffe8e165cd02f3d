//! The names of members in the data of the harness's events.

/// The site at which a fault struck, or a host crashed.
pub const AT: &str = "at";
/// The request of an answer.
pub const ASKED: &str = "asked";
/// The size of a watched object.
pub const BYTES: &str = "bytes";
/// The two ends of a link.
pub const BETWEEN: &str = "between";
/// The act of a fault that struck at a boundary.
pub const DO: &str = "do";
/// The error.
pub const ERROR: &str = "error";
/// The event of the fault that killed a host.
pub const FAULT: &str = "fault";
/// How long a host stalls, in nanoseconds.
pub const FOR_NS: &str = "for_ns";
/// The hash of a watched object.
pub const HASH: &str = "hash";
/// How often a host has passed a boundary.
pub const HIT: &str = "hit";
/// The input of an operation.
pub const INPUT: &str = "input";
/// A watched object that is JSON.
pub const JSON: &str = "json";
/// The key of a watched row.
pub const KEY: &str = "key";
/// The number of a host's life.
pub const LIFE: &str = "life";
/// The answer.
pub const OK: &str = "ok";
/// The number of an operation.
pub const OP: &str = "op";
/// The output of an operation.
pub const OUTPUT: &str = "output";
/// The message of a task's panic.
pub const PANIC: &str = "panic";
/// A watched row.
pub const ROW: &str = "row";
/// How far a host's wall clock is off, in nanoseconds.
pub const SKEW_NS: &str = "skew_ns";
/// A watched object that is text.
pub const TEXT: &str = "text";
