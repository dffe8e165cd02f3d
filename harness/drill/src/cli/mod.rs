//! The command line as a library, the same for each crate with scenarios.

mod args;
mod console;
mod cross;
mod diff;
mod error;
mod explain;
mod github;
mod given;
mod keep;
mod list;
mod merge;
mod profile;
mod prove;
mod replay;
mod report;
mod run;
mod schema;
mod shrink;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub(crate) use self::args::{Steering, out_of_environment, steering_of_environment};
pub(crate) use self::console::harmless;
use self::error::ExpectedError;
use self::given::Given;
use crate::{
    other_build, registry::Registry, scratch, self_test, simulation, status::Status, worker,
};

/// Deterministic chaos drills: runs pipelines in a simulation, injects faults, and checks what must hold.
#[derive(Debug, Parser)]
#[command(name = "drill", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// The format of results on standard output.
    #[arg(long, global = true, value_enum, default_value = "human", env = "DRILL_MESSAGE_FORMAT")]
    message_format: args::MessageFormat,
    /// Fail unless this program was built on this simulator.
    #[arg(long, global = true, value_name = "NAME", env = "DRILL_SIMULATOR")]
    simulator: Option<String>,
}

impl Cli {
    /// Returns an error if this build cannot run the command.
    fn refuse(&self) -> Result<(), ExpectedError> {
        if self.simulator.is_some() || self.command.runs_scenarios() {
            simulation::require_engine()?;
        }
        self.simulator.as_deref().map_or(Ok(()), |name| Ok(other_build::refuse_to_be(name)?))
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run all scenarios, or those whose name contains FILTER.
    Run(run::RunArgs),
    /// Repeat one run, from a scenario and a seed or from a plan.
    Replay(replay::ReplayArgs),
    /// Run every scenario twice, in different processes and in reverse order, and compare the digests.
    Verify(verify::VerifyArgs),
    /// Run the same plans on both simulators, and compare the verdicts of all checks.
    Cross(cross::CrossArgs),
    /// Shrink a plan to the fewest faults that still violate the same check.
    Shrink(shrink::ShrinkArgs),
    /// Keep the plan of a violation as a regression test, which every later campaign runs first.
    Keep(keep::KeepArgs),
    /// Explain a plan in plain English.
    Explain(explain::ExplainArgs),
    /// Merge the parts of a campaign.
    Merge(merge::MergeArgs),
    /// Enable each planted bug in turn, and report whether a check finds it.
    Prove(prove::ProveArgs),
    /// List scenarios, planted bugs, failpoints, checks, coverage goals or sites.
    List(list::ListArgs),
    /// Render the reports of a campaign again from its records.
    Report(report::ReportArgs),
    /// Show the first event in which two traces differ.
    Diff(diff::DiffArgs),
    /// Print the JSON Schemas of all files that the other commands write.
    Schema(schema::SchemaArgs),
}

impl Command {
    /// Whether the command has to run scenarios.
    fn runs_scenarios(&self) -> bool {
        match self {
            Self::Run(_)
            | Self::Replay(_)
            | Self::Verify(_)
            | Self::Cross(_)
            | Self::Shrink(_)
            | Self::Prove(_) => true,
            Self::List(args) => args.runs_scenarios(),
            Self::Keep(_)
            | Self::Explain(_)
            | Self::Merge(_)
            | Self::Report(_)
            | Self::Diff(_)
            | Self::Schema(_) => false,
        }
    }
}

/// The `drill` program of a crate.
///
/// Exit codes: 0 all valid; 1 a violation, a missed defect or differing traces; 2 usage; 3 unknown, incomplete, or
/// not all results could be written; 4 nothing selected; 5 nondeterminism; 70 the harness itself failed;
/// 130 interrupted.
pub fn cli_main(registry: Registry) -> ExitCode {
    let registry = registry.with_hidden(self_test::scenario());
    if let Some(number) = worker::number() {
        return worker_main(&registry, number);
    }
    let (cli, given) = match parse() {
        Ok(parsed) => parsed,
        Err(error) => {
            // clap's own exit codes are the same as ours: 2 for a mistake and 0 for help.
            let printed = error.print();
            if error.use_stderr() {
                return ExitCode::from(Status::Usage.code());
            }
            console::note_output(printed);
            return finish(Ok(Status::Valid), &Given::default());
        }
    };
    if let Err(error) = cli.refuse() {
        return finish(Err(error), &given);
    }
    scratch::clear_away();
    let format = cli.message_format;
    let result = match cli.command {
        Command::Run(args) => run::run(&registry, &args, format),
        Command::Replay(args) => replay::replay(&registry, &args, format),
        Command::Verify(args) => verify::verify(&registry, &args, format),
        Command::Cross(args) => cross::cross(&registry, &args, format),
        Command::Prove(args) => prove::prove(&registry, &args, format),
        Command::Shrink(args) => shrink::shrink(&registry, &args, format),
        Command::Keep(args) => keep::keep(&registry, &args, format),
        Command::Explain(args) => explain::explain(&registry, &args, format),
        Command::Merge(args) => merge::merge(&args, format),
        Command::List(args) => list::list(&registry, &args, format),
        Command::Report(args) => report::report(&registry, &args, format),
        Command::Diff(args) => diff::diff(&args, format),
        Command::Schema(args) => schema::schema(&args),
    };
    drop(registry);
    finish(result, &given)
}

/// Parses the command line and the environment.
fn parse() -> Result<(Cli, Given), clap::Error> {
    let mut command = Cli::command();
    let typed: Vec<_> = std::env::args_os().collect();
    let parsed = command.try_get_matches_from_mut(&typed).and_then(|matches| {
        let cli = Cli::from_arg_matches(&matches)?;
        Ok((cli, matches))
    });
    match parsed {
        Ok((cli, matches)) => Ok((cli, Given::of(&command, &matches))),
        Err(mut error) => {
            given::name_variables(&mut error, &command, &typed);
            Err(error)
        }
    }
}

/// Runs as a worker process; a failure is reported to the parent by the exit code.
pub(crate) fn worker_main(registry: &Registry, number: usize) -> ExitCode {
    match worker::work(registry) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("worker {number} failed: {why}");
            ExitCode::from(Status::HarnessFault.code())
        }
    }
}

fn finish(result: Result<Status, ExpectedError>, given: &Given) -> ExitCode {
    match result {
        Ok(status) => {
            let Some(why) = console::output_failure() else { return ExitCode::from(status.code()) };
            anstream::eprintln!("error: failed to write to standard output: {why}");
            ExitCode::from(status.max(Status::Unknown).code())
        }
        Err(error) => {
            let message = given.named_in(&error.to_string());
            anstream::eprintln!("error: {}", console::redacted(&message));
            ExitCode::from(error.exit_code())
        }
    }
}
