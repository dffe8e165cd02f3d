//! One binary for all formats, over one hand-built campaign.

mod command;
mod escape;
mod hostile;
mod junit;
mod markdown;
mod sample;
mod schema;
mod terminal;
