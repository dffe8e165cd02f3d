//! Planted bugs, off by default: the proof that a drill's checks can fail.
//!
//! A defect stands where the matter is settled, in one to five lines, behind the target's own feature `defects`:
//!
//! ```
//! fn may_retry(attempts: u32) -> bool {
//!     chaosdrill_rt::defect!("X1", attempts <= 10, attempts < 10)
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

/// `defect!(id, wrong, right)`: the wrong expression where the defect is switched on, else the right one.
///
/// Without the target's feature `defects` the wrong expression is not compiled into the binary.
#[macro_export]
macro_rules! defect {
    ($id:literal, $wrong:expr, $right:expr $(,)?) => {
        if cfg!(feature = "defects") && $crate::defect::is_on($id) { $wrong } else { $right }
    };
}

/// Whether the simulation at hand switched this defect on; never outside one.
pub fn is_on(id: &str) -> bool {
    #[cfg(feature = "sim")]
    return crate::sim::defect_is_on(id);
    #[cfg(not(feature = "sim"))]
    {
        let _ = id;
        false
    }
}
