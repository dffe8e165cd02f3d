//! One binary for all formats, over one hand-built campaign.

mod command;
mod escape;
mod hostile;
mod html;
mod incomplete;
mod junit;
mod markdown;
mod others;
mod sample;
mod schema;
mod stories;
mod terminal;
mod timeline;
