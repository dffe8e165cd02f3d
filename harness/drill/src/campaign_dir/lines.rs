//! The lines of `campaign.jsonl`, as they are written.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use chaosdrill_core::record::{CampaignHeader, CampaignLine, Extent};

use crate::{
    job::Done,
    ours::{self, Kind},
};

/// The campaign itself; everything else in the folder is derived from this file.
pub(super) const LINES: &str = "campaign.jsonl";

/// A new `campaign.jsonl` that takes the place of the old one, atomically.
pub(super) struct Replacement {
    folder: PathBuf,
    path: PathBuf,
    lines: io::BufWriter<File>,
    /// The size of the file so far.
    pub(super) end: u64,
}

impl Replacement {
    pub(super) fn begin(folder: &Path, head: &[CampaignLine]) -> io::Result<Self> {
        let path = folder.join(LINES).with_extension("jsonl.new");
        // A killed process may have left this file.
        ours::remove_file(&path, Kind::Campaign)?;
        let file = File::options().create_new(true).read(true).append(true).open(&path)?;
        // Locked before it is renamed, so that the folder is locked at every instant.
        file.try_lock()?;
        let folder = folder.to_owned();
        let mut new = Self { folder, path, lines: io::BufWriter::new(file), end: 0 };
        head.iter().try_for_each(|line| new.write(line))?;
        Ok(new)
    }

    pub(super) fn write(&mut self, line: &CampaignLine) -> io::Result<()> {
        self.end += write_line(&mut self.lines, line)?;
        Ok(())
    }

    /// Returns the file and its size.
    pub(super) fn end(self) -> io::Result<(Arc<File>, u64)> {
        let file = self.lines.into_inner().map_err(io::IntoInnerError::into_error)?;
        fs::rename(&self.path, self.folder.join(LINES))?;
        Ok((Arc::new(file), self.end))
    }
}

/// Writes a line, and returns its length.
pub(super) fn write_line(to: &mut impl Write, line: &CampaignLine) -> io::Result<u64> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    to.write_all(&text)?;
    Ok(text.len() as u64)
}

/// The first lines of a campaign.
pub(super) fn head(header: &CampaignHeader, extent: &Extent) -> [CampaignLine; 2] {
    [CampaignLine::Campaign(header.clone()), CampaignLine::Extent(extent.clone())]
}

/// A run as lines: its hits come first, so that a record is never without them.
pub(super) fn lines_of(done: &Done) -> impl Iterator<Item = CampaignLine> {
    let run = &done.record.run;
    let hit_classes = (!done.hit_classes.is_empty())
        .then(|| CampaignLine::HitClasses(run.clone(), done.hit_classes.clone()));
    hit_classes.into_iter().chain([CampaignLine::Record(Box::new(done.record.clone()))])
}
