//! One binary for all formats, over one hand-built campaign.

mod command;
mod escape;
mod markdown;
mod sample;
mod terminal;
