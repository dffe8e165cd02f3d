//! What a drill prints: the block of one run, and the closing block of a campaign.
//!
//! Output is a `String`; colour is a [`Palette`] that the caller chooses, and nothing is told by colour alone.
//! Prose is wrapped at 80 columns. Commands never are: people paste them.

mod closing;
mod failure;
mod layout;
mod palette;

pub use closing::{closing, incomplete};
pub use failure::{Replay, failure};
pub use palette::Palette;
