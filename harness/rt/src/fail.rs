//! Failpoints: named places in a pipeline's code at which a fault may strike, through the `fail` crate.
//!
//! A target lists the names in one catalogue and marks each place once:
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
//! Without the feature `sim`, a failpoint compiles to nothing. The await is inside the macro, so even the size of the
//! caller's future does not change.

pub use crate::injected::Injected;

/// Passes a failpoint; returns `Err` if a fault injects an error.
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

/// Passes a failpoint; returns `Err` if a fault injects an error.
#[cfg(not(feature = "sim"))]
#[macro_export]
macro_rules! fail_point {
    ($name:expr) => {{
        let _: &'static str = $name;
        ::core::result::Result::<(), $crate::fail::Injected>::Ok(())
    }};
}
