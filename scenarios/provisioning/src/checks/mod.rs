//! The checks of provisioning, as functions of the history.

pub(crate) mod answers;
pub(crate) mod audits;
pub(crate) mod circuit;
pub(crate) mod jobs;
pub(crate) mod mails;
pub(crate) mod marks;
pub(crate) mod objects;
pub(crate) mod promised;
pub(crate) mod rows;
pub(crate) mod served;
pub(crate) mod state;
pub(crate) mod trouble;
pub(crate) mod turns;
pub(crate) mod twins;
