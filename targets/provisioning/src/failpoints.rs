//! The catalogue of failpoints: the crash windows that no statement and no message marks already.

/// W1: the row is there, and the backend was not asked yet.
pub const ROW_CREATED: &str = "handler.row_created";
/// W2: the backend has the object, and nobody heard.
pub const OBJECT_MADE: &str = "backend.object_made";
/// W3: the object is there, and nothing of it is stored.
pub const FINALIZE_BEGINS: &str = "finalize.begins";
/// Between step 0 and step 1.
pub const PREFIX_STORED: &str = "finalize.prefix_stored";
/// W4: between step 1 and step 2.
pub const URL_STORED: &str = "finalize.url_stored";
/// W5: between step 2 and step 3.
pub const PROVIDER_STORED: &str = "finalize.provider_stored";
/// W6: the resource is active, and the customer has not heard.
pub const BEFORE_ANSWER: &str = "handler.before_answer";
/// W7: provisioning has failed, and nothing is undone.
pub const ROLLBACK_BEGINS: &str = "rollback.begins";
/// W8: the object is gone, and the row is pending.
pub const CLEANED_UP: &str = "rollback.cleaned_up";
/// W9: the row has failed, and there is no audit.
pub const SETTLED: &str = "rollback.settled";
/// The reconciler knows what it wants to do, and has not done it.
pub const DECIDED: &str = "reconciler.decided";
/// The reconciler has taken a row over, and nothing is undone.
pub const TAKEN_OVER: &str = "reconciler.taken_over";
/// The sweep knows the objects and the living, and has deleted nothing.
pub const LISTED: &str = "sweep.listed";
/// The reaper took an object down, and the row does not say so.
pub const TORN_DOWN: &str = "reaper.torn_down";

/// All of them.
pub const ALL: &[&str] = &[
    ROW_CREATED,
    OBJECT_MADE,
    FINALIZE_BEGINS,
    PREFIX_STORED,
    URL_STORED,
    PROVIDER_STORED,
    BEFORE_ANSWER,
    ROLLBACK_BEGINS,
    CLEANED_UP,
    SETTLED,
    DECIDED,
    TAKEN_OVER,
    LISTED,
    TORN_DOWN,
];
