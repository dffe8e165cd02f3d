//! The checks of the notifications, by subject.

pub(crate) mod claims;
pub(crate) mod dashboard;
pub(crate) mod delivery;
pub(crate) mod marks;
pub(crate) mod order;
pub(crate) mod rows;
pub(crate) mod schema;
pub(crate) mod states;
pub(crate) mod sweeps;
