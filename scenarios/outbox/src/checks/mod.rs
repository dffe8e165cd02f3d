//! The checks of the outbox, by subject.

pub(crate) mod accounts;
pub(crate) mod claims;
pub(crate) mod delivery;
pub(crate) mod errors;
pub(crate) mod marks;
pub(crate) mod rows;
pub(crate) mod streams;
