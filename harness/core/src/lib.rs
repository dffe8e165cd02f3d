//! The pure part of chaosdrill: plain values and functions over them.
//!
//! This crate reads no clock, opens no file, spawns no task and draws from no ambient randomness; its results depend on
//! its arguments alone. A seed becomes streams of numbers ([`Seed`]), faults are planned in a plan ([`Plan`]), a run
//! writes a trace ([`Trace`]), the recorded part of which is the history ([`History`]), checks turn a history into a
//! verdict ([`Check`], [`Verdict`]), and a record ([`Record`]) passes all of it to the reports.
//!
//! ```
//! use chaosdrill_core::{Plan, Seed};
//!
//! let seed: Seed = "0x2a".parse()?;
//! let plan = Plan::from_toml(
//!     r#"
//!     version = 1
//!     scenario = "outbox/lease-expiry"
//!     seed = "0x2a"
//!
//!     [[fault]]
//!     at = { host = "any", site = "fp:outbox.after_claim", hit = 1 }
//!     do = { stall = "90s" }
//!     "#,
//! )?;
//! assert_eq!(plan.seed, seed);
//! assert_eq!(plan.faults[0].to_string(), "stall any host at fp:outbox.after_claim hit 1 for 90s");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod check;
pub mod defect;
pub mod duration;
pub mod fault;
pub mod history;
pub mod hit_class;
pub mod limits;
pub mod nearest;
pub mod origin;
pub mod plan;
pub mod profile;
pub mod record;
pub mod redact;
pub mod request;
pub mod run;
pub mod seed;
pub mod shrink;
pub mod swarm;
pub mod sweep;
pub mod trace;
pub mod verdict;

pub use check::{Check, Kind as CheckKind, Mark, Priority};
pub use fault::{Act, At, ErrorKind, Fault, HostSelector, Restart, When};
pub use history::{Entry, Event, History, HistoryIndex};
pub use hit_class::HitClass;
pub use origin::Origin;
pub use plan::{Chaos, Found, Mutation, Order, Plan, PlanError, Preemption, WallTime};
pub use profile::{Profile, SiteCost};
pub use record::{Campaign, Record, RunId};
pub use seed::{Seed, Stream};
pub use swarm::{Arena, Swarm};
pub use trace::{Digest, Divergence, EventKind, Trace, TraceEvent};
pub use verdict::{Outcome, Verdict};
