//! What must hold of every pipeline, by invariant: written once, and told by a shape where each pipeline's rows stand.
//!
//! | invariant | check |
//! |---|---|
//! | no limbo | [`rest::every_item_comes_to_rest`] |
//! | bounded work | [`bounds::attempts_stay_within_the_ceiling`], [`bounds::effects_stay_within_the_bound`] |
//! | exclusive holder | [`holders::holders_do_not_overlap`] |
//! | terminal is final | [`rest::terminal_is_final`] |
//! | the retry schedule is exact | [`schedule::retries_keep_the_schedule`] |
//! | audit agrees with state, exactly once | [`audit::audits_agree_with_states`] |
//! | registries agree | [`registries::every_declared_kind_is_handled`] |
//! | labels stay bounded | [`labels::labels_stay_within_their_set`] |
//!
//! What only one pipeline has stands with its scenarios.

pub(crate) mod audit;
pub(crate) mod bounds;
pub(crate) mod holders;
pub(crate) mod labels;
pub(crate) mod registries;
pub(crate) mod rest;
pub(crate) mod rows;
pub(crate) mod schedule;
pub(crate) mod weather;
