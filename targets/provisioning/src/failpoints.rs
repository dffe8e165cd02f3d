//! The catalogue of failpoints: crash windows that are not already marked by a statement or a message.

/// W1: the row exists, and the backend has not been called yet.
pub const ROW_CREATED: &str = "handler.row_created";
/// W2: the backend has created the object, and no program has the answer yet.
pub const OBJECT_MADE: &str = "backend.object_made";
/// W3: the object exists, and none of it is stored yet.
pub const FINALIZE_BEGINS: &str = "finalize.begins";
/// Between step 0 and step 1.
pub const PREFIX_STORED: &str = "finalize.prefix_stored";
/// W4: between step 1 and step 2.
pub const URL_STORED: &str = "finalize.url_stored";
/// W5: between step 2 and step 3.
pub const PROVIDER_STORED: &str = "finalize.provider_stored";
/// W6: the resource is active, and the customer has no answer yet.
pub const BEFORE_ANSWER: &str = "handler.before_answer";
/// W7: provisioning has failed, and nothing is rolled back yet.
pub const ROLLBACK_BEGINS: &str = "rollback.begins";
/// W8: the object is deleted, and the row is still pending.
pub const CLEANED_UP: &str = "rollback.cleaned_up";
/// W9: the row has failed, and has no audit yet.
pub const SETTLED: &str = "rollback.settled";
/// The reconciler has decided, and has not acted yet.
pub const DECIDED: &str = "reconciler.decided";
/// The reconciler has taken over a row, and has rolled nothing back yet.
pub const TAKEN_OVER: &str = "reconciler.taken_over";
/// The sweep has listed the objects and the live resources, and has deleted nothing yet.
pub const LISTED: &str = "sweep.listed";
/// The reaper has deleted an object, and has not recorded it in the row yet.
pub const TORN_DOWN: &str = "reaper.torn_down";

/// All failpoints.
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
