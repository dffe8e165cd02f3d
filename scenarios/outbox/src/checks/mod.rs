//! The checks of the outbox, by subject.

pub(crate) mod accounts;
pub(crate) mod answers;
pub(crate) mod attempts;
pub(crate) mod claims;
pub(crate) mod content;
pub(crate) mod delivery;
pub(crate) mod errors;
pub(crate) mod marks;
pub(crate) mod races;
pub(crate) mod read_model;
pub(crate) mod rows;
pub(crate) mod stored_errors;
pub(crate) mod streams;
pub(crate) mod troubles;
pub(crate) mod waits;
