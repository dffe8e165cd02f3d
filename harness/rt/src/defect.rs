//! Planted bugs, off by default: the proof that a drill's checks can fail.
//!
//! A defect stands where the matter is settled, in one to five lines, behind the target's own feature `defects`.
//! Without it, only the right expression is compiled. Here it is missing, and so is the function that the bug calls:
//!
//! ```
//! fn may_retry(attempts: u32) -> bool {
//!     chaosdrill_rt::defect!("X1", is_below_a_wrong_limit(attempts), attempts < 10)
//! }
//! assert!(may_retry(9));
//! assert!(!may_retry(10));
//! ```

#[cfg(feature = "sim")]
pub use chaosdrill_core::defect::{Class, Defect, Shows};
#[cfg(not(feature = "sim"))]
pub use types::{Class, Defect, Shows};

// A production build does not depend on core; these types are the same file there.
#[cfg(not(feature = "sim"))]
#[path = "../../core/src/defect.rs"]
mod types;

/// `defect!(id, wrong, right)`: the wrong expression if the defect is enabled, else the right one.
///
/// Without the feature `defects` of the calling crate, it is the right expression alone: the wrong one is not compiled.
/// Put what only wrong expressions use behind `#[cfg(feature = "defects")]` too, and give its name a `wrong`.
#[macro_export]
macro_rules! defect {
    ($id:literal, $wrong:expr, $right:expr $(,)?) => {
        match () {
            #[cfg(feature = "defects")]
            () if $crate::defect::is_on($id) => $wrong,
            () => $right,
        }
    };
}

/// Whether the simulation at hand enabled this defect; never outside one.
// Each `defect!` calls it, so its symbol in a program says that planted bugs were compiled in.
#[inline(never)]
pub fn is_on(id: &str) -> bool {
    #[cfg(feature = "sim")]
    return crate::sim::defect_is_on(id);
    #[cfg(not(feature = "sim"))]
    {
        let _ = id;
        false
    }
}
