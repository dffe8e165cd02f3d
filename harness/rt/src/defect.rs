//! Planted bugs, disabled by default: they prove that a drill's checks can fail.
//!
//! A defect is one to five lines at the place in the code that makes the decision, behind the target's own feature
//! `defects`. Without the feature, only the right expression is compiled. This example lacks the feature, and also the
//! function that the bug would call:
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

// A production build does not depend on core, so it includes the same file for these types.
#[cfg(not(feature = "sim"))]
#[path = "../../core/src/defect.rs"]
mod types;

/// `defect!(id, wrong, right)` evaluates the wrong expression if the defect is enabled, and otherwise the right one.
///
/// Without the feature `defects` of the calling crate, the wrong expression is not compiled. Put items that only wrong
/// expressions use behind `#[cfg(feature = "defects")]` too, with `wrong` in their names.
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

/// Whether the current simulation enabled this defect; `false` outside a simulation.
// Each `defect!` calls this function, so its symbol in a program shows that planted bugs were compiled in.
#[inline(never)]
pub fn is_on(id: &str) -> bool {
    #[cfg(feature = "sim")]
    return crate::sim::client::is_defect_on(id);
    #[cfg(not(feature = "sim"))]
    {
        let _ = id;
        false
    }
}
