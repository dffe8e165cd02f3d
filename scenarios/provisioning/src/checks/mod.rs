//! The checks of provisioning, as functions of the history.

pub(crate) mod answers;
pub(crate) mod marks;
pub(crate) mod objects;
pub(crate) mod rows;
pub(crate) mod state;
