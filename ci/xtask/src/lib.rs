//! Checks the house rules of this repository. Each rule is a pure function from files to complaints.
//!
//! | module | what it is |
//! |---|---|
//! | [`tree`] | the files of the repository, and complaints about them |
//! | [`source`] | the tokens and resolved names of Rust sources, without comments and strings |
//! | [`manifest`] | the manifests, as they are written |
//! | [`packages`] | the packages that cargo resolves the manifests to |
//! | [`limits`] | every bound of the rules |
//! | [`tidy`] | the rules |
//! | [`plain`] | the rule that needs a built binary |
//! | [`coverage`] | the page of code that no run reaches |
//! | [`measured`] | the page of measured figures, made from result files |
//! | [`repeat`] | a campaign made longer, to measure with |
//! | [`pages`] | pages whose commands are run, and their outputs compared |
//!
//! If the file that a rule reads is missing, the rule complains about that: a rule must never pass because it had
//! nothing to check.

pub mod coverage;
pub mod limits;
pub mod manifest;
pub mod measured;
pub mod packages;
pub mod pages;
pub mod plain;
pub mod repeat;
pub mod source;
pub mod tidy;
pub mod tree;
