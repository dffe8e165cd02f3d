//! Renders terminal output: the block of one run, and the closing block of a campaign.
//!
//! Output is a `String`. The caller chooses the colours with a [`Palette`]; no information is in colour alone. Prose is
//! wrapped at 80 columns. Commands are never wrapped, because people paste them.

mod against;
mod closing;
mod failure;
mod layout;
mod palette;

pub use against::against;
pub use closing::{closing, incomplete};
pub use failure::{Replay, failure};
pub use palette::Palette;
