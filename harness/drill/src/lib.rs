//! Deterministic chaos drills for pipelines.
//!
//! A **scenario** is a claim about a pipeline: hosts, workload, faults, checks. A **registry** holds scenarios,
//! and gives a crate two programs: its command line ([`cli_main`]) and its tests ([`test_main`]).
//!
//! ```no_run
//! use std::time::Duration;
//! use chaosdrill::{Check, Outcome, Registry, Scenario, fault::{FaultExt, at}};
//!
//! fn greeting() -> Scenario {
//!     Scenario::new("hello/greeting")
//!         .claim("whoever is greeted hears it")
//!         .topology(|topology| {
//!             topology
//!                 .host("greeter", || async {
//!                     chaosdrill::rt::observe!("greeted");
//!                     std::future::pending().await
//!                 })
//!                 .client("guest", |workload| async move {
//!                     workload.op("ask", 1, async { Ok::<_, String>("hello") }).await;
//!                     Ok(())
//!                 })
//!         })
//!         .faults([at("fp:hello.before").on_any().hit(1).stall(Duration::from_secs(5)).optional()])
//!         .always(Check::new("somebody_was_greeted", |history| match history.observed("greeted").next() {
//!             Some(_) => Outcome::valid(),
//!             None => Outcome::invalid("nobody was", []),
//!         }))
//! }
//!
//! // src/bin/drill.rs
//! fn main() -> std::process::ExitCode {
//!     chaosdrill::cli_main(Registry::new().with(greeting()))
//! }
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`scenario`] | a claim and all that belongs to it |
//! | [`topology`] | the hosts of a scenario, and its workload |
//! | [`fault`] | faults as a script writes them |
//! | [`static_check`] | checks of what is written down: sources, texts, registries |
//! | [`registry`] | the scenarios and targets of a crate |
//! | `simulation` | what runs a scenario, and the adapter to it |
//! | `run`, `director`, `judge` | one run: simulate, decide when it is over, judge |
//! | `nemesis` | what draws faults, and the jobs that come of it |
//! | `workers`, `worker` | worker processes, from the parent's side and from their own |
//! | `campaign`, `campaign_dir` | many runs, what follows from what they show, and the folder they leave behind |
//! | `cli` | the commands |

mod campaign;
mod campaign_dir;
mod cli;
#[cfg_attr(not(feature = "in-process"), expect(dead_code, reason = "only an engine asks it"))]
mod director;
pub mod fault;
mod interrupt;
mod job;
mod judge;
mod measure;
mod nemesis;
mod other_build;
mod ours;
mod program;
pub mod registry;
mod run;
mod run_bundle;
pub mod scenario;
mod scratch;
mod self_test;
mod simulation;
pub mod static_check;
mod status;
mod test_main;
pub mod topology;
mod worker;
mod workers;

pub use chaosdrill_core::{
    Check, CheckKind, Event, EventKind, History, Mark, Outcome, Plan, Priority, Seed, Stream,
    Verdict,
    defect::{Class, Defect, Shows},
    history::{Entry as Operation, RowChange},
    record::CoverageGoal,
    run::{DatabaseKind, Machine},
    trace::vocabulary,
};
pub use cli::cli_main;
pub use registry::{Registry, Target};
pub use run::run_here;
pub use scenario::Scenario;
#[cfg(feature = "in-process")]
pub use simulation::rt;
pub use static_check::StaticCheck;
pub use test_main::test_main;
pub use topology::{BoxError, Ended, Topology, Workload};
