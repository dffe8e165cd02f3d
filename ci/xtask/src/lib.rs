//! The house rules of this repository, each a pure function from files to complaints.
//!
//! | module | what it is |
//! |---|---|
//! | [`tree`] | the files, and what a rule finds wrong with them |
//! | [`source`] | Rust as words and resolved names, without comments and strings |
//! | [`manifest`] | what the manifests say |
//! | [`limits`] | every bound of the rules |
//! | [`packages`] | what cargo resolves them to |
//! | [`tidy`] | the rules |
//! | [`plain`] | the rule that needs a built binary |
//!
//! A rule whose source of truth is gone complains about that: a rule must never hold because it found nothing to
//! look at.

pub mod limits;
pub mod manifest;
pub mod packages;
pub mod plain;
pub mod source;
pub mod tidy;
pub mod tree;
