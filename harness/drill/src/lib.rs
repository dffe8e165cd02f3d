//! Deterministic chaos drills for pipelines.
//!
//! A [`Scenario`] is a claim about a pipeline: hosts, workload, faults, checks. A [`Registry`] holds the scenarios of a
//! crate and gives it two programs: its command line ([`cli_main`]) and its tests ([`test_main`]).
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
//! | module | purpose |
//! |---|---|
//! | [`scenario`] | a named claim, with its hosts, workload, faults and checks |
//! | [`topology`] | the hosts of a scenario, their software, and the workload |
//! | [`fault`] | the faults of a script |
//! | [`static_check`] | checks of sources, texts and registries, without a run |
//! | [`registry`] | the scenarios and targets of a crate |
//! | `simulation` | the interface to the engine, and the adapter to it |
//! | `run`, `director`, `judge` | one run: simulate it, decide when it ends, judge it |
//! | `nemesis` | draws faults, and turns them into jobs |
//! | `job`, `workers`, `worker` | jobs and replies; worker processes, from the parent's side and from their own |
//! | `campaign`, `campaign_dir`, `run_bundle` | many runs, the runs that follow from their results, and their folders |
//! | `ours`, `scratch` | which files and folders may be replaced, and temporary folders |
//! | `self_test` | the canary before a campaign |
//! | `cli`, `test_main` | the commands, and the scenarios as tests |

mod campaign;
mod campaign_dir;
mod cli;
#[cfg_attr(not(feature = "in-process"), expect(dead_code, reason = "only an engine asks it"))]
mod director;
pub mod fault;
mod git;
mod interrupt;
mod job;
mod judge;
mod measure;
mod nemesis;
mod other_build;
mod ours;
mod program;
pub mod promise;
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
pub use promise::Promise;
pub use registry::{Registry, Target};
pub use run::run_here;
pub use scenario::Scenario;
#[cfg(feature = "in-process")]
pub use simulation::rt;
pub use static_check::StaticCheck;
pub use test_main::test_main;
pub use topology::{BoxError, Ended, Topology, Workload};
