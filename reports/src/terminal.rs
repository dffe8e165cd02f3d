//! Renders terminal output: the block of one run, and the closing block of a campaign.
//!
//! Output is a `String`. The caller chooses the colours with a [`Palette`]; no information is in colour alone. Prose is
//! wrapped at the width of the terminal, and at 80 columns at most. Commands are never wrapped, because people paste
//! them.

mod against;
mod closing;
mod failure;
mod layout;
mod palette;
mod table;

pub use against::against;
pub use closing::{closing, incomplete, paragraph};
pub use failure::{Replay, failure};
pub use palette::Palette;
