//! `drill merge`: merges the shards of a campaign.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use chaosdrill_core::{
    Campaign, Record, RunId,
    record::{CampaignHeader, CampaignMeasured, Cut, Extent},
};
use clap::Args;

use crate::{
    campaign::{partition::Partition, triage},
    campaign_dir::{self, Folder, folder::old},
    cli::{args::MessageFormat, console, error::ExpectedError, run},
    job::Done,
    ours::{self, Place},
    status::Status,
};

#[derive(Clone, Debug, Args)]
pub(crate) struct MergeArgs {
    /// The folders of the parts.
    #[arg(value_name = "DIR", required = true)]
    dirs: Vec<PathBuf>,
    /// The output folder of the merged campaign.
    #[arg(long, value_name = "DIR", env = "DRILL_OUT")]
    out: PathBuf,
}

pub(crate) fn merge(args: &MergeArgs, format: MessageFormat) -> Result<Status, ExpectedError> {
    refuse_sources_as_target(args)?;
    let mut shards = Vec::new();
    for dir in &args.dirs {
        let read = campaign_dir::read_campaign(dir).map_err(ExpectedError::Usage)?;
        if !read.has_header {
            let why = "has no campaign header; the first line of its campaign.jsonl is missing or damaged";
            return Err(ExpectedError::Usage(format!("{}/campaign.jsonl {why}", dir.display())));
        }
        read.notes.iter().for_each(|note| {
            eprintln!("note: {}: {}", dir.display(), console::redacted(note));
        });
        shards.push(Shard { dir, campaign: read.campaign });
    }
    let header = whole_header(&shards)?;
    let missing = missing_parts(&shards)?;
    let campaign = joined(header, missing, &shards);
    let mut folder = Folder::create(&args.out, &campaign.header, &campaign.extent)?;
    if let Some(moved) = folder.moved() {
        console::say_moved(folder.path(), moved);
    }
    for record in &campaign.records {
        let done = Done { record: record.clone(), hit_classes: Vec::new() };
        folder.record(&done).map_err(|why| unwritable(&args.out, &why))?;
    }
    copy_bundles(&args.out, &campaign, &shards).map_err(|why| unwritable(&args.out, &why))?;
    folder.finish(&campaign).map_err(|why| unwritable(&args.out, &why))?;
    run::show(&campaign, None, folder.path(), format);
    // If Ctrl-C cut a shard, a part of the campaign is missing, as with any other cut.
    let is_whole = campaign.incomplete().is_none_or(|incomplete| incomplete.is_as_ordered());
    let status = run::status(&campaign);
    Ok(if is_whole { status } else { status.max(Status::Unknown) })
}

/// One part of a campaign.
struct Shard<'a> {
    dir: &'a Path,
    campaign: Campaign,
}

impl Shard<'_> {
    fn partition(&self) -> Option<Partition> {
        self.campaign.header.partition.as_deref()?.parse().ok()
    }
}

/// Refuses an output folder that is also an input: its content would be moved away, or mixed with the merged campaign.
fn refuse_sources_as_target(args: &MergeArgs) -> Result<(), ExpectedError> {
    let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path));
    let real = |path: &Path| {
        real(path).map_err(|why| ExpectedError::Usage(format!("{}: {why}", path.display())))
    };
    for out in [args.out.clone(), old(&args.out)] {
        let target = real(&out)?;
        for dir in &args.dirs {
            let source = real(dir)?;
            if source.starts_with(&target) || target.starts_with(&source) {
                return Err(ExpectedError::Usage(format!(
                    "{} is one of the folders to merge, so the output cannot go there; choose a folder other than {} with --out",
                    dir.display(),
                    args.out.display()
                )));
            }
        }
    }
    Ok(())
}

fn unwritable(out: &Path, why: &dyn std::error::Error) -> ExpectedError {
    ExpectedError::Unwritten(format!("failed to write to {}: {why}", out.display()))
}

/// The header of the merged campaign.
fn whole_header(shards: &[Shard<'_>]) -> Result<CampaignHeader, ExpectedError> {
    let first = shards.first().expect("clap asks for one folder at least");
    let whole =
        |shard: &Shard<'_>| CampaignHeader { partition: None, ..shard.campaign.header.clone() };
    match shards.iter().find(|shard| !whole(shard).is_same_order(&whole(first))) {
        Some(other) => Err(ExpectedError::Usage(format!(
            "{} and {} are parts of different campaigns",
            first.dir.display(),
            other.dir.display()
        ))),
        None => Ok(whole(first)),
    }
}

/// The parts without a shard.
fn missing_parts(shards: &[Shard<'_>]) -> Result<Vec<Partition>, ExpectedError> {
    let mut parts: BTreeMap<Option<usize>, &Path> = BTreeMap::new();
    for shard in shards {
        let part = shard.partition().map(|partition| partition.part);
        if let Some(other) = parts.insert(part, shard.dir) {
            return Err(ExpectedError::Usage(format!(
                "{} and {} are the same part of one campaign; give only one of them",
                other.display(),
                shard.dir.display()
            )));
        }
    }
    if let Some(whole) = parts.get(&None).filter(|_| parts.len() > 1) {
        return Err(ExpectedError::Usage(format!(
            "{} is a whole campaign and the other folders are parts; give either the whole or the parts",
            whole.display()
        )));
    }
    let of: BTreeSet<usize> =
        shards.iter().filter_map(Shard::partition).map(|partition| partition.of).collect();
    if of.len() > 1 {
        return Err(ExpectedError::Usage(format!(
            "these campaigns were split into different numbers of parts: {of:?}"
        )));
    }
    let all = of.first().copied().unwrap_or_default();
    let is_missing = |part: &usize| !parts.contains_key(&Some(*part));
    Ok((1..=all).filter(is_missing).map(|part| Partition { part, of: all }).collect())
}

fn joined(header: CampaignHeader, missing: Vec<Partition>, shards: &[Shard<'_>]) -> Campaign {
    let mut records: BTreeMap<RunId, Record> = BTreeMap::new();
    let (mut sweeps, mut extent) = (Vec::new(), Extent::default());
    let mut measured = CampaignMeasured::default();
    for Shard { campaign, .. } in shards {
        let reasons = campaign.incomplete().map(|incomplete| incomplete.reasons);
        extent.add(&Extent { cut: reasons.unwrap_or_default(), ..campaign.extent.clone() });
        sweeps.extend(campaign.sweeps.iter().cloned());
        for record in &campaign.records {
            records.insert(record.run.clone(), record.clone());
        }
        if let Some(shard) = &campaign.measured {
            measured.wall_ms = measured.wall_ms.max(shard.wall_ms);
            measured.jobs += shard.jobs;
            measured.cores += shard.cores;
            let runs = shard.runs.unwrap_or(campaign.records.len() as u64);
            measured.runs = Some(measured.runs.unwrap_or_default() + runs);
            let started = measured.started.into_iter().chain(shard.started.clone());
            measured.started = started.min();
            measured.commit = measured.commit.or_else(|| shard.commit.clone());
        }
    }
    let missing = missing.into_iter().map(|part| Cut::PartMissing(part.to_string()));
    extent.cut.extend(missing);
    // The losses of the shards are among the reasons; this field is for losses of the merged campaign.
    extent.recorded.clear();
    for record in records.values() {
        *extent.recorded.entry(record.run.scenario.clone()).or_default() += 1;
    }
    sweeps.sort();
    sweeps.dedup();
    // Each shard shrunk its own first few findings; the merged campaign keeps only the first few of them all.
    let chosen: BTreeSet<RunId> = triage::chosen(records.values()).into_iter().collect();
    for record in records.values_mut().filter(|record| !chosen.contains(&record.run)) {
        if let Some(triage) = &mut record.triage {
            triage.minimal = None;
        }
    }
    let records = records.into_values().collect();
    Campaign { header, records, sweeps, extent, measured: Some(measured) }
}

fn copy_bundles(out: &Path, campaign: &Campaign, shards: &[Shard<'_>]) -> std::io::Result<()> {
    for record in &campaign.records {
        let folder = record.run.folder();
        let from = shards.iter().map(|shard| shard.dir.join(&folder)).find(|dir| dir.is_dir());
        let Some(from) = from else { continue };
        let to = out.join(&folder);
        copy_folder(&from, &to)?;
        if record.triage.as_ref().is_none_or(|triage| triage.minimal.is_none()) {
            campaign_dir::write_record(out, record)?;
            let minimal = to.join(ours::MINIMAL);
            if minimal.exists() {
                std::fs::remove_file(minimal)?;
                ours::remove(&to.join(ours::SMALLEST), Place::Run)?;
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
