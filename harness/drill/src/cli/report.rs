//! `drill report`: renders the reports of a campaign again, from its records alone.

use std::{
    fs::File,
    io::{self, Write},
    path::PathBuf,
};

use chaosdrill_reports::{against::Against, html, write_up};
use clap::Args;

use crate::{
    campaign_dir::{self, Read},
    cli::{args::MessageFormat, console, error::ExpectedError, prove, run},
    registry::Registry,
    run_bundle,
    status::Status,
};

#[derive(Clone, Debug, Args)]
pub(crate) struct ReportArgs {
    /// The folder of the campaign.
    #[arg(value_name = "DIR", default_value = "target/drill")]
    dir: PathBuf,
    /// The folder of an earlier campaign. The report then marks findings as new, ongoing or fixed.
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// Write the draft of a drill write-up to this file, which must not exist yet.
    #[arg(long, value_name = "FILE")]
    write_up: Option<PathBuf>,
}

pub(crate) fn report(
    registry: &Registry,
    args: &ReportArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    if let Some(file) = args.write_up.as_deref().filter(|file| file.exists()) {
        return Err(ExpectedError::Usage(format!(
            "{} already exists and may have been edited by hand; choose another file for the write-up",
            file.display()
        )));
    }
    campaign_dir::may_write_reports(&args.dir).map_err(|why| {
        ExpectedError::Usage(format!("{why}; move it away, because `report` would overwrite it"))
    })?;
    if campaign_dir::has_only_proofs(&args.dir) {
        return of_proofs(registry, args, format);
    }
    let read = campaign_dir::read_campaign(&args.dir).map_err(ExpectedError::Usage)?;
    let earlier = args.against.as_deref().map(campaign_dir::read_campaign).transpose();
    let earlier = earlier.map_err(ExpectedError::Usage)?;
    let mut notes = read.notes.clone();
    if let Some(earlier) = &earlier {
        notes.extend(earlier.notes.iter().map(|note| format!("in the earlier campaign: {note}")));
    }
    let newer = html::newer(read.campaign.header.version);
    newer.iter().chain(&notes).for_each(|note| eprintln!("note: {}", console::redacted(note)));
    let (campaign, records) = (&read.campaign, &read.records);
    let compare =
        |earlier: Read| Against::new((&earlier.campaign, &earlier.records), (campaign, records));
    let against = earlier.map(compare).transpose();
    let against = against
        .map_err(|why| ExpectedError::Usage(format!("failed to compare the campaigns: {why}")))?;
    let (dir, compared) = (&args.dir, against.as_ref());
    if let Err(why) = campaign_dir::write_reports_against(dir, campaign, records, compared, &notes)
    {
        return Err(ExpectedError::Usage(format!(
            "failed to write the reports to {}: {why}",
            args.dir.display()
        )));
    }
    if let Some(file) = &args.write_up {
        let (proofs, _) = run_bundle::proofs(&args.dir);
        let told = run_bundle::of_findings(&args.dir, campaign, &campaign.summary());
        let text = write_up::write_up(campaign, &told, &proofs);
        let write = || File::create_new(file)?.write_all(text.as_bytes());
        write().map_err(|why: io::Error| {
            ExpectedError::Usage(format!("failed to write {}: {why}", file.display()))
        })?;
    }
    if format == MessageFormat::Json {
        console::print_json(&read.campaign.summary());
        return Ok(Status::Valid);
    }
    run::show(campaign, records, compared, dir, format);
    // The reports were rendered; the campaign's verdict is not the verdict of this command.
    Ok(Status::Valid)
}

/// The page of a folder that has only results of planted bugs.
fn of_proofs(
    registry: &Registry,
    args: &ReportArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    let dir = args.dir.display();
    if args.against.is_some() || args.write_up.is_some() {
        return Err(ExpectedError::Usage(format!(
            "{dir} has only a prove.json; --against and --write-up need a campaign, which `run` writes"
        )));
    }
    let (proofs, unread) = run_bundle::proofs(&args.dir);
    if proofs.is_empty() {
        let why = unread.unwrap_or_else(|| "prove.json is empty".to_owned());
        return Err(ExpectedError::Usage(format!("{dir} has no results to report: {why}")));
    }
    campaign_dir::write_proofs(&args.dir, &proofs, &[], &registry.program).map_err(|why| {
        ExpectedError::Usage(format!("failed to write the reports to {dir}: {why}"))
    })?;
    prove::show(&proofs.iter().collect::<Vec<_>>(), format);
    if format == MessageFormat::Human {
        console::print_page(&args.dir);
    }
    Ok(Status::Valid)
}
