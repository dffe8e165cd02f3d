//! The pipeline inside simulations.

mod calm;
#[cfg(feature = "defects")]
mod defects;
mod lab;
mod truth;
mod windows;
