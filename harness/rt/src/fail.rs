//! Failpoints: named places in a pipeline's code where a fault may strike, through the `fail` crate.
//!
//! A target keeps the names in one catalogue and marks each place once:
//!
//! ```
//! use chaosdrill_rt::{fail::Injected, fail_point};
//!
//! mod failpoints {
//!     pub const AFTER_CLAIM: &str = "outbox.after_claim";
//!     pub const ALL: &[&str] = &[AFTER_CLAIM];
//! }
//!
//! async fn dispatch() -> Result<(), Injected> {
//!     fail_point!(failpoints::AFTER_CLAIM)?;
//!     Ok(())
//! }
//! ```
//!
//! Without the feature `sim` a failpoint is no code at all: the await stands inside the macro, so not even the
//! size of the caller's future changes.

pub use crate::injected::Injected;

/// Passes a failpoint; `Err` where a fault orders an error.
#[cfg(feature = "sim")]
#[macro_export]
macro_rules! fail_point {
    ($name:expr) => {{
        $crate::__private::fail_crate::fail_point!($name);
        match $crate::sim::failpoint::take() {
            None => ::core::result::Result::Ok(()),
            Some(strike) => strike.pass($name).await,
        }
    }};
}

/// Passes a failpoint; `Err` where a fault orders an error.
#[cfg(not(feature = "sim"))]
#[macro_export]
macro_rules! fail_point {
    ($name:expr) => {{
        let _: &'static str = $name;
        ::core::result::Result::<(), $crate::fail::Injected>::Ok(())
    }};
}
