//! The checks of the propagation, by subject.

pub(crate) mod answers;
pub(crate) mod audit_content;
pub(crate) mod audits;
pub(crate) mod backstop;
pub(crate) mod calls;
pub(crate) mod ceiling;
pub(crate) mod claims;
pub(crate) mod indicators;
pub(crate) mod jobs;
pub(crate) mod marks;
pub(crate) mod rounds;
pub(crate) mod rows;
pub(crate) mod settings;
pub(crate) mod world;
