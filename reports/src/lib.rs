//! Renders records as reports, for people and for other tools.
//!
//! A report sees [`chaosdrill_core::record`] values only; it knows no target and runs nothing. Every renderer is a
//! pure function from values to text: no files, no clock, no terminal. Names, witnesses and error messages may contain
//! anything, so each of them passes through [`escape`], which also redacts the passwords of URLs.
//!
//! ```
//! use chaosdrill_core::{Origin, RunId, Seed};
//! use chaosdrill_reports::command;
//!
//! let run = RunId {
//!     scenario: "outbox/lease-expiry".into(),
//!     origin: Origin::Swarm,
//!     seed: Seed(42),
//!     db: "sqlite".into(),
//!     simulator: "turmoil".into(),
//!     defect: Some("O4".into()),
//! };
//! assert_eq!(
//!     command::replay("cargo drill", &run, None),
//!     "cargo drill replay outbox/lease-expiry --seed 0x2a --nemesis swarm --defect O4"
//! );
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`html`] | `report.html`, of a campaign and of one run |
//! | [`timeline`] | the events of one run as a picture |
//! | [`terminal`] | the block of a run that is not valid, and the closing block of a campaign |
//! | [`markdown`] | `summary.md`, and a longer form for the page of a job |
//! | [`annotations`] | annotations for a run on GitHub |
//! | [`write_up`] | the skeleton of a drill write-up |
//! | [`trace_export`] | one run for Perfetto and Chrome |
//! | [`junit`] | `junit.xml` |
//! | [`schema`] | the JSON Schemas of everything that is written down |
//! | [`prose`] | plans in plain English |
//! | [`story`] | one run: its record, its plans, its events |
//! | [`against`] | findings compared with those of an earlier campaign |
//! | [`command`] | the commands that replay, shrink and keep a run |
//! | [`escape`] | untrusted text, escaped for each of these formats |
//! | [`glossary`] | the words of the field, each with one sentence |
//! | [`numbers`] | numbers, durations and rates as people read them |
//! | [`limits`] | every bound, with its unit last |

pub mod against;
pub mod annotations;
pub mod command;
pub mod escape;
pub mod glossary;
pub mod html;
pub mod junit;
pub mod limits;
pub mod markdown;
pub mod numbers;
pub mod prose;
pub mod schema;
pub mod story;
pub mod terminal;
pub mod timeline;
pub mod trace_export;
pub mod write_up;

mod coverage;
mod incomplete;
mod overview;
mod words;

pub use story::Story;
pub use terminal::{Palette, Replay};
pub use timeline::Timeline;
