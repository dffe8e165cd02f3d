//! `drill run`: a campaign.

use std::{path::PathBuf, time::Duration};

use chaosdrill_core::{Campaign, Record, Verdict};
use chaosdrill_reports::terminal;
use clap::Args;

use crate::{
    campaign,
    cli::{
        args::{self, MessageFormat, RunChoice, SeedArgs},
        console::{self, Bar},
        error::{ExpectedError, Status},
    },
    files::Folder,
    registry::Registry,
};

#[derive(Clone, Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    choice: RunChoice,
    #[command(flatten)]
    seeds: SeedArgs,
    /// Switch on a planted defect, by its id.
    #[arg(long, value_name = "ID", env = "DRILL_DEFECT", help_heading = "Runs")]
    defect: Option<String>,
    /// Begin no more runs after this much wall-clock time.
    #[arg(long, value_name = "60s", env = "DRILL_TIME_BUDGET", value_parser = args::parse_duration, help_heading = "Runs")]
    time_budget: Option<Duration>,
    /// Begin no more runs after this many violations.
    #[arg(long, value_name = "N", env = "DRILL_MAX_FAIL", help_heading = "Runs")]
    max_fail: Option<u64>,
    /// Where the campaign is written.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "target/drill",
        env = "DRILL_OUT",
        help_heading = "Output"
    )]
    out: PathBuf,
}

/// How many blocks of findings the terminal shows; the others are in the folder.
const BLOCKS_SHOWN_MAX: usize = 5;

pub(crate) fn run(
    registry: &Registry,
    args: &RunArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    let mut order = args::order(registry, &args.choice, &args.seeds, args.defect.as_deref())?;
    order.fail_max = args.max_fail;
    order.time_budget = args.time_budget;
    let kept = campaign::kept_plans(registry, order.filter.as_deref())?;
    let jobs = campaign::jobs(registry, &order, &kept, Some(&args.out));
    let header = campaign::header(registry, &order);
    let mut folder = Folder::create(&args.out, &header)?;
    let mut bar = Bar::new(jobs.len(), "drill");
    let end = campaign::run(registry, &order, header, &jobs, &mut folder, &mut bar);
    bar.finish();
    show(&end.campaign, &folder, format);
    if !end.broken.is_empty() {
        return Err(ExpectedError::Harness(end.broken.join("; ")));
    }
    Ok(Status::from(end.campaign.summary().verdict))
}

fn show(campaign: &Campaign, folder: &Folder, format: MessageFormat) {
    if format == MessageFormat::Json {
        campaign.records.iter().for_each(console::print_json);
        console::print_json(&campaign.summary());
        return;
    }
    let mut findings: Vec<&Record> =
        campaign.records.iter().filter(|record| record.verdict != Verdict::Valid).collect();
    findings.sort_by_key(|record| std::cmp::Reverse(record.verdict));
    for record in findings.iter().take(BLOCKS_SHOWN_MAX) {
        let plan = plan_path(record, folder);
        console::print(&format!(
            "{}\n",
            console::block(record, &campaign.header.program, plan.as_deref())
        ));
    }
    let more = findings.len().saturating_sub(BLOCKS_SHOWN_MAX);
    if more > 0 {
        console::print(&format!(
            "({more} more findings in {})\n\n",
            folder.path().join("summary.md").display()
        ));
    }
    console::print(&terminal::closing(campaign, &console::palette()));
}

/// A run that its seed alone does not give again is replayed from its plan.
fn plan_path(record: &Record, folder: &Folder) -> Option<String> {
    let by_plan = record.run.nemesis != "script";
    by_plan.then(|| folder.path().join(record.run.folder()).join("plan.toml").display().to_string())
}
