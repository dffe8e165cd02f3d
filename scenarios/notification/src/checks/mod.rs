//! The checks of the notifications, by subject.

pub(crate) mod answers;
pub(crate) mod claims;
pub(crate) mod dashboard;
pub(crate) mod delivery;
pub(crate) mod errors;
mod faults;
pub(crate) mod lists;
mod lives;
pub(crate) mod loops;
pub(crate) mod marks;
pub(crate) mod order;
pub(crate) mod plans;
mod requests;
pub(crate) mod rows;
pub(crate) mod schema;
pub(crate) mod sends;
pub(crate) mod settings;
pub(crate) mod states;
pub(crate) mod sweeps;
pub(crate) mod ways;
