//! `drill merge`: the shards of a campaign become the whole.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use chaosdrill_core::{
    Campaign, RunId,
    record::{CampaignHeader, CampaignMeasured},
};
use clap::Args;

use crate::{
    campaign::{engine::Done, partition::Partition, pursue},
    cli::{
        args::MessageFormat,
        console,
        error::{ExpectedError, Status},
        run,
    },
    files::{self, Folder},
};

#[derive(Clone, Debug, Args)]
pub(crate) struct MergeArgs {
    /// The folders of the shards.
    #[arg(value_name = "DIR", required = true)]
    dirs: Vec<PathBuf>,
    /// Where the whole is written.
    #[arg(long, value_name = "DIR", env = "DRILL_OUT")]
    out: PathBuf,
}

pub(crate) fn merge(args: &MergeArgs, format: MessageFormat) -> Result<Status, ExpectedError> {
    let mut shards = Vec::new();
    for dir in &args.dirs {
        let read = files::read_campaign(dir).map_err(ExpectedError::Usage)?;
        if !read.has_header {
            let why = "does not say which campaign it is of; its first line is missing or damaged";
            return Err(ExpectedError::Usage(format!("{}/campaign.jsonl {why}", dir.display())));
        }
        let is_whole = read.campaign.measured.is_some();
        read.notes.iter().for_each(|note| {
            eprintln!("note: {}: {}", dir.display(), console::redacted(note));
        });
        shards.push((dir, read.campaign, is_whole));
    }
    let (header, mut missing) = whole_header(&shards)?;
    for (dir, _, _) in shards.iter().filter(|(_, _, is_whole)| !is_whole) {
        missing.push(format!("{} did not come to its end", dir.display()));
    }
    let mut folder = Folder::create(&args.out, &header)?;
    let campaign = joined(header, &shards);
    for record in &campaign.records {
        let done = Done { record: record.clone(), passages: Vec::new() };
        folder.record(&done).map_err(|why| unwritable(&args.out, &why))?;
    }
    copy_bundles(&args.out, &campaign, &shards).map_err(|why| unwritable(&args.out, &why))?;
    folder.finish(&campaign, true).map_err(|why| unwritable(&args.out, &why))?;
    run::show(&campaign, folder.path(), format);
    missing.iter().for_each(|what| eprintln!("incomplete: {}", console::redacted(what)));
    let status = run::status(&campaign);
    Ok(if missing.is_empty() { status } else { status.max(Status::Unknown) })
}

type Shard<'a> = (&'a PathBuf, Campaign, bool);

fn unwritable(out: &Path, why: &std::io::Error) -> ExpectedError {
    ExpectedError::Usage(format!("failed to write to {}: {why}", out.display()))
}

/// What all shards set out to do together, and which of them are missing.
fn whole_header(shards: &[Shard<'_>]) -> Result<(CampaignHeader, Vec<String>), ExpectedError> {
    let mut headers = shards.iter().map(|(dir, campaign, _)| (dir, &campaign.header));
    let (first_dir, first) = headers.next().expect("clap asks for one folder at least");
    let header = CampaignHeader { partition: None, ..first.clone() };
    for (dir, other) in headers {
        if (CampaignHeader { partition: None, ..other.clone() }) != header {
            return Err(ExpectedError::Usage(format!(
                "{} and {} are shards of different campaigns",
                first_dir.display(),
                dir.display()
            )));
        }
    }
    let partitions: Vec<Option<Partition>> = shards
        .iter()
        .map(|(_, campaign, _)| campaign.header.partition.as_deref()?.parse().ok())
        .collect();
    let parts: BTreeSet<usize> =
        partitions.iter().flatten().map(|partition| partition.part).collect();
    let of: BTreeSet<usize> = partitions.iter().flatten().map(|partition| partition.of).collect();
    if of.len() > 1 {
        return Err(ExpectedError::Usage(format!(
            "the shards are parts of {of:?}: a campaign is cut into one number of parts"
        )));
    }
    let all = of.first().copied().unwrap_or_default();
    let is_missing = |part: &usize| !parts.contains(part) && !partitions.contains(&None);
    let missing =
        (1..=all).filter(is_missing).map(|part| format!("the shard {part} of {all} is missing"));
    Ok((header, missing.collect()))
}

fn joined(header: CampaignHeader, shards: &[Shard<'_>]) -> Campaign {
    let mut records: BTreeMap<RunId, _> = BTreeMap::new();
    let mut sweeps = Vec::new();
    let mut measured = CampaignMeasured::default();
    for (_, campaign, _) in shards {
        sweeps.extend(campaign.sweeps.iter().cloned());
        for record in &campaign.records {
            records.insert(record.run.clone(), record.clone());
        }
        if let Some(shard) = &campaign.measured {
            measured.wall_ms = measured.wall_ms.max(shard.wall_ms);
            measured.jobs += shard.jobs;
            measured.cores += shard.cores;
            measured.commit = measured.commit.or_else(|| shard.commit.clone());
        }
    }
    sweeps.sort();
    sweeps.dedup();
    // Each shard made the first few of its own smaller; of them all, only the first few are those of the whole.
    let chosen: BTreeSet<RunId> = pursue::chosen(records.values()).into_iter().collect();
    for record in records.values_mut().filter(|record| !chosen.contains(&record.run)) {
        if let Some(pursuit) = &mut record.pursuit {
            pursuit.minimal = None;
        }
    }
    Campaign { header, records: records.into_values().collect(), sweeps, measured: Some(measured) }
}

fn copy_bundles(out: &Path, campaign: &Campaign, shards: &[Shard<'_>]) -> std::io::Result<()> {
    for record in &campaign.records {
        let folder = record.run.folder();
        let from = shards.iter().map(|(dir, _, _)| dir.join(&folder)).find(|dir| dir.is_dir());
        let Some(from) = from else { continue };
        let to = out.join(&folder);
        copy_folder(&from, &to)?;
        if record.pursuit.as_ref().is_none_or(|pursuit| pursuit.minimal.is_none()) {
            files::write_record(out, record)?;
            let minimal = to.join(pursue::MINIMAL);
            if minimal.exists() {
                std::fs::remove_file(minimal)?;
            }
        }
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let (path, to) = (entry?.path(), to);
        let to = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_folder(&path, &to)?;
        } else {
            std::fs::copy(path, to)?;
        }
    }
    Ok(())
}
