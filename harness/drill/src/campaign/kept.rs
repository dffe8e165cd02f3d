//! Plan files: reads them, checks them against the registry, and lists the kept plans.

use std::{
    io,
    path::{Path, PathBuf},
};

use chaosdrill_core::{
    At, Plan, Record, nearest,
    record::{KeptRecord, RECORD_VERSION},
    redact::redact,
};

use crate::{git, registry::Registry, simulation};

/// A plan that is kept in the repository and runs first.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The file.
    pub(crate) path: PathBuf,
    /// The plan.
    pub(crate) plan: Plan,
    /// Why it is kept.
    pub(crate) why: String,
}

impl Kept {
    /// The file name without its extension.
    pub(crate) fn stem(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The plan in the header of a campaign.
    pub(crate) fn record(&self) -> KeptRecord {
        let file = git::path_from_root(&self.path);
        // A part that runs on another machine must have the same header.
        let below_crate = || {
            let root = self.path.parent().and_then(Path::parent)?;
            self.path.strip_prefix(root).ok()
        };
        let file = if file.is_absolute() { below_crate().unwrap_or(&file) } else { &file };
        KeptRecord {
            name: self.stem(),
            file: file.display().to_string(),
            why: redact(&self.why).into_owned(),
        }
    }
}

/// What `keep` writes below the reason.
pub(crate) const VIOLATED: &str = "# violated: ";
/// What `keep` writes below the reason.
pub(crate) const AT_COMMIT: &str = "# at commit: ";

/// What begins a plan that was shrunk.
pub(crate) const MADE_SMALLER: &str = "# violates ";

/// The reason at the beginning of a kept plan: its comments, without those that `keep` adds.
fn reason(text: &str) -> String {
    let comments = text.lines().take_while(|line| line.starts_with('#'));
    let is_added = |line: &str| {
        line.starts_with(VIOLATED) || line.starts_with(AT_COMMIT) || is_made_smaller(line)
    };
    let is_reason = |line: &&str| !is_added(line);
    let lines: Vec<&str> =
        comments.filter(is_reason).map(|line| line.trim_start_matches('#').trim()).collect();
    lines.join(" ").trim().to_owned()
}

/// Whether a line is the first of a plan that was shrunk, as `shrink` and `prove` write it.
fn is_made_smaller(line: &str) -> bool {
    let Some(rest) = line.strip_prefix(MADE_SMALLER) else { return false };
    match rest.split_whitespace().collect::<Vec<_>>()[..] {
        [_, "with", _, "enabled"] => true,
        [check, _, "runs", "to", "make", "it", "this", "small"] => check.ends_with(';'),
        _ => false,
    }
}

/// Why a campaign cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanFileError {
    #[error("failed to read the plan {path}: {why}")]
    Unreadable { path: String, why: io::Error },
    #[error("the plan {path} cannot be run by this program: {why}")]
    Wrong { path: String, why: String },
}

/// The file with the whole plan in the folder of a run.
pub(crate) fn plan_in(folder: &Path) -> PathBuf {
    let plan = folder.join("plan.toml");
    if plan.is_file() { plan } else { folder.join("record.json") }
}

/// Reads a plan and checks that this program can run it. A file that ends with `.json` is read as the record of a run.
pub(crate) fn read_plan(registry: &Registry, path: &Path) -> Result<Plan, PlanFileError> {
    let plan = parse_plan(path)?;
    check_plan(registry, &plan)
        .map_err(|why| PlanFileError::Wrong { path: path.display().to_string(), why })?;
    Ok(plan)
}

/// Reads a plan that this program may not be able to run.
pub(crate) fn parse_plan(path: &Path) -> Result<Plan, PlanFileError> {
    let name = || path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|why| PlanFileError::Unreadable { path: name(), why })?;
    let wrong = |why: String| PlanFileError::Wrong { path: name(), why };
    match path.extension().is_some_and(|it| it == "json") {
        true => plan_of_record(&text).map_err(wrong),
        false => Plan::from_toml(&text).map_err(|why| wrong(why.to_string())),
    }
}

/// The reason for which a plan is kept; empty if its file gives none.
pub(crate) fn reason_in(path: &Path) -> String {
    std::fs::read_to_string(path).map(|text| reason(&text)).unwrap_or_default()
}

/// The plan in a record.
fn plan_of_record(text: &str) -> Result<Plan, String> {
    let record: Record =
        serde_json::from_str(text).map_err(|why| format!("not a record: {why}"))?;
    if record.version > RECORD_VERSION {
        let version = record.version;
        return Err(format!(
            "the record has version {version}, and this build reads versions up to {RECORD_VERSION}; use the release of \
             chaosdrill that wrote it"
        ));
    }
    if record.plan_rest.is_none() {
        return Err(
            "the record has only the faults of the plan; give the plan.toml of the run instead"
                .to_owned(),
        );
    }
    let plan = record.plan();
    plan.validate().map_err(|why| why.to_string())?;
    Ok(plan)
}

/// Checks a plan against the engine and against its scenario: hosts and failpoints. Other sites are only known during a
/// run.
pub(crate) fn check_plan(registry: &Registry, plan: &Plan) -> Result<(), String> {
    let Some(scenario) = registry.scenario(&plan.scenario) else {
        let hint = registry.scenario_hint(&plan.scenario);
        return Err(format!("there is no scenario `{}`{hint}", plan.scenario));
    };
    scenario.make_topology().validate(plan)?;
    simulation::can_run(plan)?;
    let known = registry.failpoints_of(scenario);
    for (index, fault) in plan.faults.iter().enumerate() {
        let At::Boundary { site, .. } = &fault.at else { continue };
        let Some(name) = site.strip_prefix("fp:") else { continue };
        if !known.contains(&name) {
            let hint = nearest::hint(name, known.iter().copied());
            return Err(format!("fault {}: there is no failpoint `{name}`{hint}", index + 1));
        }
    }
    Ok(())
}

/// The plans in a folder, unsorted.
pub(crate) fn plan_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let is_plan = |path: &io::Result<PathBuf>| {
        path.as_ref().map_or(true, |path| path.extension().is_some_and(|it| it == "toml"))
    };
    paths.filter(is_plan).collect()
}

/// The plans kept next to the crate's manifest, sorted by file name.
pub(crate) fn kept_plans(
    registry: &Registry,
    filter: Option<&str>,
) -> Result<Vec<Kept>, PlanFileError> {
    let Some(folder) = registry.regressions_dir() else { return Ok(Vec::new()) };
    let mut paths = match plan_files(&folder) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(why) => {
            return Err(PlanFileError::Unreadable { path: folder.display().to_string(), why });
        }
        Ok(paths) => paths,
    };
    paths.sort();
    let mut kept = Vec::new();
    for path in paths {
        let plan = read_plan(registry, &path)?;
        if registry.is_selected(&plan.scenario, filter) {
            let why = reason_in(&path);
            kept.push(Kept { path, plan, why });
        }
    }
    Ok(kept)
}

/// The kept plan with this name; `None` if it no longer exists.
pub(crate) fn plan_called(registry: &Registry, stem: &str) -> Option<Plan> {
    let kept = kept_plans(registry, None).ok()?;
    kept.into_iter().find(|kept| kept.stem() == stem).map(|kept| as_required(kept.plan))
}

/// A plan as it is kept, without the place where it was found.
pub(crate) fn as_kept(plan: Plan) -> Plan {
    Plan { found: None, ..plan }
}

/// Makes every fault of a kept plan required, so that a fault whose site is gone is reported.
pub(crate) fn as_required(mut plan: Plan) -> Plan {
    plan.faults.iter_mut().for_each(|fault| fault.required = true);
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_every_comment_that_no_command_wrote() {
        let text = "# violates exactly-once when the answer is lost\n# violates it; 7 runs to make it this small\n\
                    # violates it with O4 enabled\n# violated: it\n# at commit: 1a2b\n# and is rare\nseed = 1\n# no\n";
        assert_eq!(reason(text), "violates exactly-once when the answer is lost and is rare");
    }
}
