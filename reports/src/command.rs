//! Commands that replay, shrink and keep a run, complete and ready to paste.
//!
//! A command has every flag whose value is not the default and no other, so readers see only what differs.

use std::borrow::Cow;

use chaosdrill_core::{Origin, RunId, redact::redact};

use crate::escape;

/// The default database.
pub const DB_DEFAULT: &str = "sqlite";

/// The command that replays `run`; `program` is the name in the campaign's header.
///
/// If `plan` is a path, the run is replayed from that plan, which knows its defect and its database. A run of a sweep,
/// of a kept plan or of a plan from a file cannot be replayed from its seed: if `plan` is `None`, its plan below the
/// output folder is used.
pub fn replay(program: &str, run: &RunId, plan: Option<&str>) -> String {
    let by_plan = !run.origin.is_drawn_from_the_seed();
    let kept = by_plan.then(|| format!("{}/plan.toml", folder(run)));
    let mut words = vec![Cow::from(escape::line(program)), Cow::from("replay")];
    if let Some(path) = plan.or(kept.as_deref()) {
        words.extend(["--plan".into(), argument(path)]);
        return words.join(" ");
    }
    words.extend([argument(&run.scenario), "--seed".into(), run.seed.to_string().into()]);
    if run.origin != Origin::Script {
        words.extend(["--nemesis".into(), argument(run.origin.kind())]);
    }
    if let Some(defect) = &run.defect {
        words.extend(["--defect".into(), argument(defect)]);
    }
    if run.db != DB_DEFAULT {
        words.extend(["--db".into(), argument(&run.db)]);
    }
    words.join(" ")
}

/// The commands for the runs of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commands<'a> {
    /// The command that starts chaosdrill, from the campaign's header: `cargo drill`.
    pub program: &'a str,
    /// The campaign's folder, as a path from the place where people run commands.
    pub folder: &'a str,
}

impl<'a> Commands<'a> {
    /// The commands for one run.
    pub fn of(&self, run: &'a RunId) -> OfRun<'a> {
        let below = folder(run);
        let folder =
            if self.folder.is_empty() { below } else { format!("{}/{below}", self.folder) };
        OfRun { program: self.program, run, folder }
    }
}

/// The commands for one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfRun<'a> {
    /// The command that starts chaosdrill.
    pub program: &'a str,
    /// The run.
    pub run: &'a RunId,
    /// The folder of the run.
    pub folder: String,
}

impl OfRun<'_> {
    /// The path of a file in the folder of the run.
    pub fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }

    /// Replays the run: from its scenario and seed if they determine its faults, otherwise from its plan.
    pub fn replay(&self) -> String {
        let plan = (!self.run.origin.is_drawn_from_the_seed()).then(|| self.file("plan.toml"));
        replay(self.program, self.run, plan.as_deref())
    }

    /// Replays the run from its plan, which is the same run.
    pub fn replay_plan(&self) -> String {
        replay(self.program, self.run, Some(&self.file("plan.toml")))
    }

    /// Replays the smallest plan of the run.
    pub fn minimal(&self) -> String {
        replay(self.program, self.run, Some(&self.file("plan.min.toml")))
    }

    /// Shrinks the plan of the run.
    pub fn shrink(&self) -> String {
        shrink(self.program, &self.file("plan.toml"))
    }

    /// Keeps the smallest plan of the run as a regression.
    pub fn keep(&self) -> String {
        keep(self.program, &self.folder)
    }
}

/// The run's folder, relative to the campaign's folder.
///
/// A URL in a folder name no longer looks like a URL, so its password is redacted first.
pub fn folder(run: &RunId) -> String {
    let of = |name: &str| redact(name).into_owned();
    let origin = Origin::of(&of(&run.origin.to_string()));
    RunId { scenario: of(&run.scenario), origin, ..run.clone() }.folder()
}

/// The command that shrinks a plan.
pub fn shrink(program: &str, plan: &str) -> String {
    format!("{} shrink {}", escape::line(program), argument(plan))
}

/// The command that keeps a run as a regression; the reader fills in the reason.
pub fn keep(program: &str, folder: &str) -> String {
    format!("{} keep {} --why \"...\"", escape::line(program), argument(folder))
}

/// An argument with its passwords redacted, quoted for a shell.
fn argument(text: &str) -> Cow<'static, str> {
    quote(&redact(text)).into_owned().into()
}

/// Quotes an argument for a POSIX shell, if it needs quotes.
///
/// Text with unprintable characters is written as `$'..'` with octal bytes. The command stays on one line, hides
/// nothing, and means the same.
pub fn quote(text: &str) -> Cow<'_, str> {
    let bare = |c: char| c.is_ascii_alphanumeric() || "/._-:@%+,".contains(c);
    if !text.is_empty() && text.chars().all(bare) {
        return Cow::Borrowed(text);
    }
    if !text.chars().any(escape::is_hidden) {
        return Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")));
    }
    let mut quoted = "$'".to_owned();
    for c in text.chars() {
        match c {
            '\\' | '\'' => quoted.extend(['\\', c]),
            c if escape::is_hidden(c) => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    quoted.push_str(&format!("\\{byte:03o}"));
                }
            }
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    Cow::Owned(quoted)
}
