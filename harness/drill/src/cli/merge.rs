//! `drill merge`: merges the shards of a campaign.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use chaosdrill_core::{
    Record, RunId, Verdict,
    record::{CampaignHeader, CampaignMeasured, Cut, Extent},
};
use clap::Args;

use crate::{
    campaign::{partition::Partition, triage::Chosen},
    campaign_dir::{self, End, Folder, Lines, Records, folder::old},
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
        let read = campaign_dir::read_lines(dir).map_err(ExpectedError::Usage)?;
        let Some(header) = read.header.clone() else {
            let why = "has no campaign header; the first line of its campaign.jsonl is missing or damaged";
            return Err(ExpectedError::Usage(format!("{}/campaign.jsonl {why}", dir.display())));
        };
        read.notes.iter().for_each(|note| {
            eprintln!("note: {}: {}", dir.display(), console::redacted(note));
        });
        shards.push(Shard { dir, header, lines: read });
    }
    let header = whole_header(&shards)?;
    let missing = missing_parts(&shards)?;
    let unmerged = |why: io::Error| ExpectedError::Usage(format!("failed to merge: {why}"));
    let (end, records) = joined(header, missing, shards).map_err(unmerged)?;
    let chosen = chosen(&records).map_err(unmerged)?;
    let mut folder = Folder::create(&args.out, &end.header, &end.extent)?;
    if let Some(moved) = folder.moved() {
        console::say_moved(folder.path(), moved);
    }
    copy(&args.dirs, &records, &chosen, &mut folder).map_err(|why| unwritable(&args.out, &why))?;
    drop(records);
    let (campaign, unfinished) = folder.finish(&end);
    if let Some(why) = unfinished {
        return Err(unwritable(&args.out, &why));
    }
    run::show(&campaign, folder.records(), None, folder.path(), format);
    // If Ctrl-C cut a shard, a part of the campaign is missing, as with any other cut.
    let is_whole = campaign.incomplete().is_none_or(|incomplete| incomplete.is_as_ordered());
    let status = run::status(&campaign);
    Ok(if is_whole { status } else { status.max(Status::Unknown) })
}

/// One part of a campaign.
struct Shard<'a> {
    dir: &'a Path,
    header: CampaignHeader,
    lines: Lines,
}

impl Shard<'_> {
    fn partition(&self) -> Option<Partition> {
        self.header.partition.as_deref()?.parse().ok()
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
    let whole = |shard: &Shard<'_>| CampaignHeader { partition: None, ..shard.header.clone() };
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

/// The end of the merged campaign, and the records of all shards.
fn joined(
    header: CampaignHeader,
    missing: Vec<Partition>,
    shards: Vec<Shard<'_>>,
) -> io::Result<(End, Records)> {
    let (mut records, mut sweeps) = (Records::default(), Vec::new());
    let (mut extent, mut measured) = (Extent::default(), CampaignMeasured::default());
    for Shard { lines, .. } in shards {
        let reasons = lines.incomplete().map(|incomplete| incomplete.reasons);
        extent.add(&Extent { cut: reasons.unwrap_or_default(), ..lines.extent });
        sweeps.extend(lines.sweeps);
        if let Some(shard) = lines.measured {
            measured.wall_ms = measured.wall_ms.max(shard.wall_ms);
            measured.jobs += shard.jobs;
            measured.cores += shard.cores;
            let runs = shard.runs.unwrap_or(lines.records.index().entries().len() as u64);
            measured.runs = Some(measured.runs.unwrap_or_default() + runs);
            measured.started = measured.started.into_iter().chain(shard.started).min();
            measured.commit = measured.commit.or(shard.commit);
        }
        records.absorb(lines.records)?;
    }
    records.sort();
    let missing = missing.into_iter().map(|part| Cut::PartMissing(part.to_string()));
    extent.cut.extend(missing);
    // The losses of the shards are among the reasons; this field is for losses of the merged campaign.
    extent.recorded = records.index().ran().by_scenario;
    sweeps.sort();
    sweeps.dedup();
    Ok((End { header, sweeps, extent, measured: Some(measured) }, records))
}

/// The runs whose smallest plans the merged campaign keeps. Each shard shrunk its own first few findings; the merged
/// campaign keeps only the first few of them all.
fn chosen(records: &Records) -> io::Result<BTreeSet<RunId>> {
    let (mut chosen, mut runs) = (Chosen::default(), BTreeSet::new());
    for record in records.filtered(|entry| entry.verdict() == Verdict::Invalid) {
        let record = record?;
        if chosen.add(&record) {
            runs.insert(record.run);
        }
    }
    Ok(runs)
}

/// A record without its smallest plan, unless it is chosen.
fn only_chosen(mut record: Record, chosen: &BTreeSet<RunId>) -> Record {
    if let Some(triage) = record.triage.as_mut().filter(|_| !chosen.contains(&record.run)) {
        triage.minimal = None;
    }
    record
}

/// Copies the records and the folders of the runs.
fn copy(
    dirs: &[PathBuf],
    records: &Records,
    chosen: &BTreeSet<RunId>,
    folder: &mut Folder,
) -> io::Result<()> {
    for record in records.iter() {
        let record = only_chosen(record?, chosen);
        folder.record(&Done { record, hit_classes: Vec::new() })?;
    }
    copy_bundles(folder.path(), dirs, records, chosen)
}

fn copy_bundles(
    out: &Path,
    dirs: &[PathBuf],
    records: &Records,
    chosen: &BTreeSet<RunId>,
) -> io::Result<()> {
    let mut reader = records.reader();
    for entry in records.index().entries() {
        let folder = records.index().run(entry).folder();
        let Some(from) = dirs.iter().map(|dir| dir.join(&folder)).find(|dir| dir.is_dir()) else {
            continue;
        };
        let to = out.join(&folder);
        copy_folder(&from, &to)?;
        let record = only_chosen(reader.record(entry)?, chosen);
        if record.triage.as_ref().is_none_or(|triage| triage.minimal.is_none()) {
            campaign_dir::write_record(out, &record)?;
            let minimal = to.join(ours::MINIMAL);
            if minimal.exists() {
                std::fs::remove_file(minimal)?;
                ours::remove(&to.join(ours::SMALLEST), Place::Run)?;
            }
        }
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
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
