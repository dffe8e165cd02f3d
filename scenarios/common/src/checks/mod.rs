//! Checks by invariant. An invariant is written once if pipelines share the shape of its rows; a value then describes
//! the rows of each pipeline. Other checks live with their scenarios.
//!
//! | invariant | shared | of one pipeline |
//! |---|---|---|
//! | no silent success | [`outside::done_means_accepted`] | propagation `applied_means_the_world_agrees`, provisioning `created_means_addressable` |
//! | no limbo | [`rest::every_item_comes_to_rest`] | outbox `every_committed_message_is_published`, recovery `applies_converge` |
//! | bounded work | [`bounds::attempts_stay_within_the_ceiling`], [`bounds::effects_stay_within_the_bound`] | notification `asks_stay_within_the_budget` |
//! | exclusive holder | [`holders::holders_do_not_overlap`], [`settling::only_the_holder_settles`] | outbox `one_live_holder_per_message` |
//! | terminal is final | [`rest::terminal_is_final`] |  |
//! | all or nothing |  | outbox `commits_are_all_or_nothing`, recovery `every_write_is_whole_or_absent` |
//! | the retry schedule is exact | [`schedule::retries_keep_the_schedule`] |  |
//! | the class of an error decides |  | outbox `transient_errors_are_retried`, `permanent_errors_are_tried_once` |
//! | audit agrees with state, once | [`audit::audits_agree_with_states`] | propagation `dead_letters_are_counted_once`, recovery `one_audit_per_operation` |
//! | no lost update |  | outbox `exactly_one_of_the_racers_commits`, recovery `no_lost_update`, races `no_update_is_lost` |
//! | recovery converges |  | recovery `applies_converge`, `no_sidecar_is_left` |
//! | recovery destroys nothing of others |  | recovery `recovery_never_removes_data`, provisioning `the_sweep_spares_the_living` |
//! | approvals are good once |  | recovery `an_approval_is_used_up_with_its_execution`, `executed_approvals_fit_the_change` |
//! | what is reported is stored |  | recovery `reported_is_persisted`, provisioning `created_means_addressable` |
//! | blast radius |  | notification `nobody_starves`, recovery `healthy_graphs_serve`, propagation `what_is_picked_is_settled` |
//! | registries agree | [`registries::every_declared_kind_is_handled`] |  |
//! | labels stay bounded | [`labels::labels_stay_within_their_set`] |  |

pub mod audit;
pub mod bounds;
pub mod failures;
pub mod fault_free;
pub mod holders;
pub mod idle;
pub mod labels;
pub mod marks;
pub mod outside;
pub mod registries;
pub mod rest;
pub mod rows;
pub mod schedule;
pub mod settling;
