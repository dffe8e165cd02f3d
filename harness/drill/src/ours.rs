//! Recognises the files and folders that chaosdrill wrote; it never removes, moves or overwrites any others.
//!
//! A folder is ours only if we write every entry in it. A name alone is not enough, because anybody may have a
//! `report.html`, so the beginning of each file is compared too. An empty file counts as ours: a killed process leaves
//! one, and it has no content to lose. A symbolic link is never ours.

use std::{
    fs::{self, File, FileType},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use chaosdrill_core::limits::FILE_HEAD_BYTES_MAX;

/// The kind of a file, recognised by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `campaign.jsonl`.
    Campaign,
    /// A trace or a history, as JSON Lines.
    Events,
    /// A record or a summary.
    Record,
    /// `prove.json`.
    Proofs,
    /// A page of HTML.
    Page,
    /// `summary.md`.
    Summary,
    /// `junit.xml`.
    Junit,
    /// A plan.
    Plan,
    /// A shrunk plan; people do not write these by hand.
    Minimal,
    /// A SQLite database.
    Database,
    /// A trace for ui.perfetto.dev.
    TraceExport,
    /// A JSON Schema.
    Schema,
}

/// The name of the smallest plan in the folder of a run.
pub(crate) const MINIMAL: &str = "plan.min.toml";

/// The folder of the smallest plan's run, in the folder of the run that was shrunk.
pub(crate) const SMALLEST: &str = "smallest";

/// Only our pages have this exact policy.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

impl Kind {
    /// Whether a file of this kind begins like this.
    fn begins(self, head: &[u8]) -> bool {
        let head = String::from_utf8_lossy(head);
        let starts = |begins: &[&str]| begins.iter().any(|begin| head.starts_with(begin));
        match self {
            Self::Campaign => starts(&["{\"campaign\":{\"version\":"]),
            Self::Events => starts(&["{\"seq\":"]),
            Self::Record => starts(&["{\n  \"version\": "]),
            Self::Proofs => starts(&["[]", "[\n  {\n    \"target\": "]),
            Self::Page => head.contains(PAGE_POLICY),
            Self::Summary => starts(&["# Chaos drill: ", "# Planted bugs: "]),
            Self::Junit => head.contains("<testsuites name=\"chaosdrill\""),
            Self::Plan => starts(&["version = "]),
            Self::Minimal => starts(&["# violates "]),
            Self::Database => starts(&["SQLite format 3\0"]),
            Self::TraceExport => {
                starts(&["{\"displayTimeUnit\":\"ms\",\"otherData\":{\"digest\":"])
            }
            Self::Schema => head.contains("\"$id\": \"chaosdrill/"),
        }
    }
}

/// The files in a campaign's folder, and in the folder of `prove --out`.
const OF_CAMPAIGN: [(&str, Kind); 7] = [
    ("campaign.jsonl", Kind::Campaign),
    ("campaign.jsonl.new", Kind::Campaign),
    ("summary.json", Kind::Record),
    ("summary.md", Kind::Summary),
    ("junit.xml", Kind::Junit),
    ("report.html", Kind::Page),
    ("prove.json", Kind::Proofs),
];

/// The files in a run's folder, besides its databases.
const OF_RUN: [(&str, Kind); 6] = [
    ("record.json", Kind::Record),
    ("plan.toml", Kind::Plan),
    (MINIMAL, Kind::Minimal),
    ("report.html", Kind::Page),
    ("history.jsonl", Kind::Events),
    ("trace.jsonl", Kind::Events),
];

/// The purpose of a folder of ours, which determines its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A whole campaign, or the results of `prove` or `cross`.
    Campaign,
    /// The runs of one scenario, each in a folder by its seed.
    Scenario,
    /// One run.
    Run,
    /// The smallest plans that `prove` found.
    Plans,
    /// The objects in object storage at the end of a run, under any name.
    Store,
}

impl Place {
    /// The kind of a file with this name; `None` if we never write it here. An inner `None` allows any content.
    fn file(self, name: &str) -> Option<Option<Kind>> {
        let known = |list: &[(&str, Kind)]| {
            list.iter().find(|(known, _)| *known == name).map(|(_, kind)| Some(*kind))
        };
        let ends = |ending: &str, kind| name.ends_with(ending).then_some(Some(kind));
        match self {
            Self::Campaign => known(&OF_CAMPAIGN),
            Self::Scenario => None,
            Self::Run => known(&OF_RUN).or_else(|| ends(".sqlite", Kind::Database)),
            Self::Plans => ends(".toml", Kind::Minimal),
            Self::Store => Some(None),
        }
    }

    /// The purpose of a folder with this name; `None` if we never create it here.
    fn folder(self, name: &str) -> Option<Self> {
        match self {
            Self::Campaign if name == "plans" => Some(Self::Plans),
            // A scenario is called `target/name`; its folder has a dot instead of the slash.
            Self::Campaign if name.contains('.') => Some(Self::Scenario),
            Self::Scenario if name.starts_with("0x") => Some(Self::Run),
            Self::Run if name == "store" => Some(Self::Store),
            // `cross` keeps the runs of both simulators, and triage that of the smallest plan.
            Self::Run if ["turmoil", "madsim", SMALLEST].contains(&name) => Some(Self::Run),
            Self::Store => Some(Self::Store),
            _ => None,
        }
    }
}

/// The content of a path that is to be a folder of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The path does not exist.
    Nothing,
    /// An empty folder.
    Empty,
    /// A folder with only our entries.
    Ours,
}

/// Why a path must be left alone.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOurs {
    #[error("{0} is not a folder")]
    NoFolder(String),
    #[error("{folder} contains {entry}, which chaosdrill did not write")]
    Entry { folder: String, entry: String },
    #[error("{0} already exists, and chaosdrill did not write it")]
    File(String),
    #[error("failed to read {path}: {why}")]
    Unreadable { path: String, why: io::Error },
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> NotOurs + '_ {
    move |why| NotOurs::Unreadable { path: path.display().to_string(), why }
}

/// Checks whether we may replace or remove this path, and returns its content.
pub(crate) fn look(path: &Path, place: Place) -> Result<Found, NotOurs> {
    match fs::symlink_metadata(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(why) => return Err(unreadable(path)(why)),
        Ok(found) if !found.is_dir() => return Err(NotOurs::NoFolder(path.display().to_string())),
        Ok(_) => {}
    }
    if let Some(entry) = first_foreign(path, place).map_err(unreadable(path))? {
        let entry = entry.strip_prefix(path).unwrap_or(&entry).display().to_string();
        return Err(NotOurs::Entry { folder: path.display().to_string(), entry });
    }
    let is_empty = fs::read_dir(path).map_err(unreadable(path))?.next().is_none();
    Ok(if is_empty { Found::Empty } else { Found::Ours })
}

/// The first entry, by name, that is not ours.
fn first_foreign(folder: &Path, place: Place) -> io::Result<Option<PathBuf>> {
    let mut entries: Vec<(PathBuf, FileType)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        entries.push((entry.path(), entry.file_type()?));
    }
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (path, kind) in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let foreign = if kind.is_dir() {
            match place.folder(&name) {
                Some(place) => first_foreign(&path, place)?,
                None => Some(path.clone()),
            }
        } else {
            let is_ours = kind.is_file()
                && match place.file(&name) {
                    Some(Some(kind)) => is_of_kind(&path, kind)?,
                    Some(None) => true,
                    None => false,
                };
            (!is_ours).then(|| path.clone())
        };
        if foreign.is_some() {
            return Ok(foreign);
        }
    }
    Ok(None)
}

fn is_of_kind(path: &Path, kind: Kind) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(FILE_HEAD_BYTES_MAX).read_to_end(&mut head)?;
    Ok(head.is_empty() || kind.begins(&head))
}

/// Whether a file may be written here: it does not exist, is ours, or is a pipe or a device.
pub(crate) fn may_write(path: &Path, kind: Kind) -> Result<(), NotOurs> {
    let is_ours = match fs::metadata(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => true,
        Err(why) => return Err(unreadable(path)(why)),
        Ok(found) if found.is_file() => is_of_kind(path, kind).map_err(unreadable(path))?,
        Ok(found) => !found.is_dir(),
    };
    if is_ours { Ok(()) } else { Err(NotOurs::File(path.display().to_string())) }
}

/// Writes a file, unless a file that is not ours is in its place.
pub(crate) fn write(path: &Path, kind: Kind, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    may_write(path, kind).map_err(io::Error::other)?;
    fs::write(path, bytes)
}

/// Like [`write`], for a file that is too large to be in memory at once.
pub(crate) fn write_with(
    path: &Path,
    kind: Kind,
    write: impl FnOnce(&mut io::BufWriter<fs::File>) -> io::Result<()>,
) -> io::Result<()> {
    may_write(path, kind).map_err(io::Error::other)?;
    let mut file = io::BufWriter::new(fs::File::create(path)?);
    write(&mut file)?;
    file.flush()
}

/// Removes a file, if it exists and is ours.
pub(crate) fn remove_file(path: &Path, kind: Kind) -> io::Result<()> {
    may_write(path, kind).map_err(io::Error::other)?;
    match fs::remove_file(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Removes a folder of ours with all its content, if it exists.
pub(crate) fn remove(path: &Path, place: Place) -> io::Result<()> {
    match look(path, place).map_err(io::Error::other)? {
        Found::Nothing => Ok(()),
        Found::Empty | Found::Ours => fs::remove_dir_all(path),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const HEADER: &str = "{\"campaign\":{\"version\":1}}\n";

    /// Creates a folder with these files, and returns its first foreign entry.
    fn foreign(files: &[(&str, &str)]) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
            fs::write(path, text).expect("it can be written");
        }
        let found = first_foreign(folder.path(), Place::Campaign).expect("it can be read")?;
        Some(found.strip_prefix(folder.path()).expect("it is inside").display().to_string())
    }

    #[test]
    fn a_folder_is_ours_only_if_every_entry_is() {
        let ours = [
            ("campaign.jsonl", HEADER),
            ("report.html", ""),
            ("summary.md", "# Chaos drill: valid\n"),
            ("lab.visits/0x0/plan.toml", "version = 1\n"),
            ("lab.visits/0x0/db.sqlite", "SQLite format 3\0"),
            ("lab.visits/0x0-swarm/store/main/any/thing", "at all"),
            ("lab.visits/0x1/turmoil/trace.jsonl", "{\"seq\":1}"),
            ("plans/O4.toml", "# violates a_check\nversion = 1\n"),
        ];
        assert_eq!(foreign(&ours), None);
        for (name, text) in [
            ("notes.txt", ""),
            ("report.html", "<!DOCTYPE html><title>mine</title>"),
            ("campaign.jsonl", "{\"campaign\":\"of the other kind\"}"),
            ("summary.md", "# Holidays\n"),
            ("plans/todo.md", "x"),
            ("plans/own.toml", "version = 1\n"),
            ("src/main.rs", "fn main() {}"),
            ("lab.visits/notes.txt", ""),
            ("lab.visits/mine/plan.toml", "version = 1\n"),
            ("lab.visits/0x0/plan.toml", "to do"),
            ("lab.visits/0x0/cat.png", ""),
        ] {
            let all: Vec<_> =
                ours.into_iter().filter(|(own, _)| *own != name).chain([(name, text)]).collect();
            // If we never create such a folder, the folder itself is foreign.
            let told = foreign(&all).unwrap_or_else(|| panic!("{name} was not seen"));
            assert!(name.starts_with(&told), "{told} instead of {name}");
        }
    }

    #[test]
    fn a_link_is_never_ours() {
        let (folder, other) =
            (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("two"));
        fs::write(other.path().join("plan.toml"), "version = 1\n").expect("written");
        symlink(other.path(), folder.path().join("lab.visits")).expect("linked");
        assert!(look(folder.path(), Place::Campaign).is_err());
        assert!(look(&folder.path().join("lab.visits"), Place::Run).is_err());
        assert!(remove(&folder.path().join("lab.visits"), Place::Run).is_err());
        assert!(other.path().join("plan.toml").exists());
    }

    #[test]
    fn a_file_of_another_kind_is_not_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("shopping.json");
        write(&path, Kind::Plan, "version = 1\n").expect("there was none");
        write(&path, Kind::Plan, "version = 1\n# again\n").expect("it is a plan");
        assert!(write(&path, Kind::TraceExport, "{}").is_err());
        assert_eq!(fs::read_to_string(&path).expect("text"), "version = 1\n# again\n");
        assert!(write(folder.path(), Kind::Plan, "").is_err());
        write(Path::new("/dev/null"), Kind::Plan, "").expect("a device has nothing to lose");
    }
}
