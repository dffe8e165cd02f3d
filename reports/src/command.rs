//! The command that replays a run, whole, ready to paste.
//!
//! It carries every flag that is not the default, and nothing else: what a reader sees is what differs.

use std::borrow::Cow;

use chaosdrill_core::{RunId, redact::redact};

use crate::escape;

/// The nemesis of a run that nobody chose one for.
pub const NEMESIS_DEFAULT: &str = "script";

/// The nemesis of a run whose faults were given by hand, as a plan.
pub const NEMESIS_PLAN: &str = "plan";

/// What the nemesis of a point of a sweep begins with: such a run replays from the plan in its own folder.
pub const NEMESIS_SWEEP: &str = "sweep-";

/// What the nemesis of a kept plan begins with: such a run replays from the plan in its own folder.
pub const NEMESIS_KEPT: &str = "kept-";

/// The database of a run that nobody chose one for.
pub const DB_DEFAULT: &str = "sqlite";

/// The command that runs `run` again, with `program` as the campaign's header names it.
///
/// With a path of a plan the run is replayed from the plan alone, which knows its defect and its database. A
/// run of a plan given by hand, or of a kept one, has no other way: where no path is given, the plan's place
/// below the output folder is named.
pub fn replay(program: &str, run: &RunId, plan: Option<&str>) -> String {
    let by_plan = run.nemesis == NEMESIS_PLAN
        || [NEMESIS_KEPT, NEMESIS_SWEEP].iter().any(|prefix| run.nemesis.starts_with(prefix));
    let kept = by_plan.then(|| format!("{}/plan.toml", folder(run)));
    let mut words = vec![Cow::from(escape::line(program)), Cow::from("replay")];
    if let Some(path) = plan.or(kept.as_deref()) {
        words.extend(["--plan".into(), argument(path)]);
        return words.join(" ");
    }
    words.extend([argument(&run.scenario), "--seed".into(), run.seed.to_string().into()]);
    if run.nemesis != NEMESIS_DEFAULT {
        words.extend(["--nemesis".into(), argument(&run.nemesis)]);
    }
    if let Some(defect) = &run.defect {
        words.extend(["--defect".into(), argument(defect)]);
    }
    if run.db != DB_DEFAULT {
        words.extend(["--db".into(), argument(&run.db)]);
    }
    words.join(" ")
}

/// The run's folder below that of its campaign.
///
/// In the name of a folder a URL no longer looks like one, so its password has to go before that.
pub fn folder(run: &RunId) -> String {
    let of = |name: &str| redact(name).into_owned();
    RunId { scenario: of(&run.scenario), nemesis: of(&run.nemesis), ..run.clone() }.folder()
}

/// The command that makes a plan smaller, as long as it violates the same check.
pub fn shrink(program: &str, plan: &str) -> String {
    format!("{} shrink {}", escape::line(program), argument(plan))
}

/// The command that keeps a run for good; the reader says why.
pub fn keep(program: &str, folder: &str) -> String {
    format!("{} keep {} --why \"...\"", escape::line(program), argument(folder))
}

/// An argument without passwords, quoted for a shell.
fn argument(text: &str) -> Cow<'static, str> {
    quote(&redact(text)).into_owned().into()
}

/// One argument as a POSIX shell reads it: bare where it may be, else in quotes.
///
/// Text with characters that cannot be shown is written as `$'..'` with octal bytes, so that the line is one
/// line, shows what it does, and still means the same.
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
