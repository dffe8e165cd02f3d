//! `drill run`: runs a campaign.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use chaosdrill_core::{Campaign, Record, Verdict, limits::BLOCKS_SHOWN_MAX, record::Finding};
use chaosdrill_reports::{Replay, against::Against, terminal};
use clap::Args;

use crate::{
    campaign::{self, engine::TimeLimit, kept, partition::Partition, roots::Roots},
    campaign_dir::{Folder, Records},
    cli::{
        args::{self, DefectArgs, MessageFormat, RunChoice, SeedArgs},
        console::{self, Bar},
        error::ExpectedError,
        github,
    },
    interrupt,
    measure::Stopwatch,
    ours,
    registry::Registry,
    self_test,
    status::Status,
};

#[derive(Clone, Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    choice: RunChoice,
    #[command(flatten)]
    seeds: SeedArgs,
    #[command(flatten)]
    defect: DefectArgs,
    /// Run only one part of the campaign: `slice:2/3` is the second of three. `merge` joins the parts.
    #[arg(long, value_name = "slice:K/N", env = "DRILL_PARTITION", help_heading = "Runs")]
    partition: Option<Partition>,
    /// Start no more runs after this much wall-clock time. If runs are left, the exit code is 3.
    #[arg(long, value_name = "60s", env = "DRILL_TIME_BUDGET", value_parser = args::parse_duration, help_heading = "Runs")]
    time_budget: Option<Duration>,
    /// Run as much of the campaign as fits into this much wall-clock time. Runs that are left do not change the exit
    /// code.
    #[arg(
        long = "for",
        value_name = "5h",
        env = "DRILL_FOR",
        value_parser = args::parse_duration,
        conflicts_with = "time_budget",
        help_heading = "Runs"
    )]
    for_time: Option<Duration>,
    /// Start no more runs after this many violations.
    #[arg(
        long,
        value_name = "N",
        env = "DRILL_MAX_FAIL",
        value_parser = clap::value_parser!(u64).range(1..),
        help_heading = "Runs"
    )]
    max_fail: Option<u64>,
    /// Do not shrink the plans of violations.
    #[arg(long, env = "DRILL_NO_SHRINK", help_heading = "Runs")]
    no_shrink: bool,
    /// Resume the interrupted campaign in the output folder.
    #[arg(long, env = "DRILL_RESUME", help_heading = "Runs")]
    resume: bool,
    /// The output folder of the campaign.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "target/drill",
        env = "DRILL_OUT",
        help_heading = "Output"
    )]
    out: PathBuf,
}

pub(crate) fn run(
    registry: &Registry,
    args: &RunArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    let stopwatch = Stopwatch::start();
    let mut config = args::campaign_config(registry, &args.choice, &args.seeds, &args.defect)?;
    config.fail_max = args.max_fail;
    config.time = args.for_time.map(TimeLimit::Order);
    config.time = config.time.or(args.time_budget.map(TimeLimit::Budget));
    config.partition = args.partition;
    config.may_shrink = !args.no_shrink;
    let kept = kept::kept_plans(registry, config.filter.as_deref())?;
    let roots = Roots::new(registry, &config, config.settings(Some(args.out.clone())), &kept);
    let header = campaign::header(registry, &config, &roots);
    let extent = campaign::extent(&roots);
    if let Err(why) = interrupt::listen() {
        eprintln!("warning: failed to listen for Ctrl-C: {why}");
    }
    // Before anything is moved: if a campaign cannot run, the previous one stays in its place.
    self_test::run(registry, config.workers)?;
    let mut folder = if args.resume {
        Folder::resume(&args.out, &header, &extent)?
    } else {
        Folder::create(&args.out, &header, &extent)?
    };
    if let Some(moved) = folder.moved() {
        console::say_moved(folder.path(), moved);
    }
    let limit = args.for_time.or(args.time_budget);
    let mut bar = Bar::of_campaign(limit);
    let end = campaign::run(registry, &config, &roots, &mut folder, stopwatch, &mut bar);
    bar.finish();
    show(&end.campaign, folder.records(), None, folder.path(), format);
    github::tell(&end.campaign, folder.path());
    if !end.broken.is_empty() {
        return Err(ExpectedError::Harness(end.broken.join("; ")));
    }
    let mut found = status(&end.campaign);
    if interrupt::was_asked_for() {
        found = found.max(Status::Interrupted);
    }
    // The verdict does not change, but a caller that waits for the files must not take this for success.
    Ok(if end.unfinished.is_some() { found.max(Status::Unknown) } else { found })
}

/// The exit status of a campaign.
pub(crate) fn status(campaign: &Campaign) -> Status {
    if campaign.totals.differs() {
        return Status::Nondeterminism;
    }
    let Some(incomplete) = campaign.incomplete() else {
        return Status::from(campaign.summary().verdict);
    };
    let of_runs = Status::from(campaign.totals.tally().worst());
    match incomplete {
        it if it.is_as_ordered() => of_runs,
        it if it.is_interrupted() => of_runs.max(Status::Interrupted),
        _ => of_runs.max(Status::Unknown),
    }
}

/// Prints the findings of a campaign and its summary, compared with an earlier campaign if there is one.
pub(crate) fn show(
    campaign: &Campaign,
    records: &Records,
    against: Option<&Against>,
    folder: &Path,
    format: MessageFormat,
) {
    if format == MessageFormat::Json {
        let print = |record: io::Result<Record>| record.map(|record| console::print_json(&record));
        console::note_output(records.iter().try_for_each(print));
        console::print_json(&campaign.summary());
        return;
    }
    if let Some(line) = terminal::incomplete(campaign, &console::palette()) {
        console::print(&line);
    }
    let summary = campaign.summary();
    for finding in summary.findings.iter().take(BLOCKS_SHOWN_MAX) {
        let Some(record) = campaign.record_of(finding) else { continue };
        console::print(&format!("{}\n", block(record, finding, folder, campaign)));
    }
    let more = summary.findings.len().saturating_sub(BLOCKS_SHOWN_MAX);
    if more > 0 {
        console::print(&format!(
            "({more} more findings in {})\n\n",
            folder.join("summary.md").display()
        ));
    }
    console::print(&terminal::closing(campaign, &console::palette()));
    if let Some(against) = against {
        console::print(&terminal::against(against, &console::palette()));
    }
    console::print_page(folder);
}

fn block(record: &Record, finding: &Finding, folder: &Path, campaign: &Campaign) -> String {
    let bundle = folder.join(record.run.folder());
    let plan = (!record.run.origin.is_drawn_from_the_seed())
        .then(|| bundle.join("plan.toml").display().to_string());
    let minimal = bundle.join(ours::MINIMAL);
    let minimal = minimal.is_file().then(|| minimal.display().to_string());
    let bundle = (record.verdict == Verdict::Invalid).then(|| bundle.display().to_string());
    let replay = Replay {
        program: &campaign.header.program,
        plan: plan.as_deref(),
        minimal: minimal.as_deref(),
        bundle: bundle.as_deref(),
        kept: campaign.header.kept_of(&record.run),
        finding: Some(finding),
    };
    terminal::failure(record, replay, &console::palette())
}
