//! `drill list`: prints one item a line, its name first.
//!
//! On a terminal, a part in brackets at the end of a line gets lines of its own, so that the list fits into eighty
//! columns.

mod page;

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal},
    ops::ControlFlow,
};

use chaosdrill_core::defect::Shows;
use chaosdrill_core::{
    Plan, Seed,
    record::{CoverageGoal, Way},
};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::{
    cli::{args::MessageFormat, console, error::ExpectedError},
    nemesis::Settings,
    promise::Promise,
    registry::{Registry, Target},
    status::Status,
    workers::{self, JobEnd, Workers},
};

/// The terminal width for everything but long names.
const COLUMNS: usize = 80;

#[derive(Clone, Debug, Args)]
pub(crate) struct ListArgs {
    /// The kind of item to list.
    #[arg(value_enum, default_value = "scenarios")]
    what: What,
    /// Print a Markdown page instead of lines; for `defects`, `goals` and `promises`.
    #[arg(long)]
    page: bool,
}

impl ListArgs {
    /// Whether the list needs runs.
    pub(super) fn runs_scenarios(&self) -> bool {
        self.what == What::Sites
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Scenarios, with their claims.
    Scenarios,
    /// Planted bugs, with their class and the checks that must find them.
    Defects,
    /// Failpoints of the targets.
    Failpoints,
    /// Checks, with the scenarios that use them.
    Checks,
    /// Crash windows and kinds of trouble that a whole campaign must reach, and the ways to reach them.
    #[value(alias = "exercises")]
    Goals,
    /// What each target promises, and the scenarios and checks that show it.
    Promises,
    /// Boundary sites that a fault-free run of each scenario passes, with their counts.
    Sites,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Scenarios => "scenarios",
            Self::Defects => "planted bugs",
            Self::Failpoints => "failpoints",
            Self::Checks => "checks",
            Self::Goals => "coverage goals",
            Self::Promises => "promises",
            Self::Sites => "scenarios, so there are no sites",
        }
    }
}

pub(crate) fn list(
    registry: &Registry,
    args: &ListArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    if args.what == What::Promises {
        must_agree(registry)?;
    }
    if args.page {
        let page = match args.what {
            What::Defects => page::defects(registry),
            What::Goals => page::goals(registry),
            What::Promises => page::promises(registry),
            _ => {
                let why = "--page works only with `defects`, `goals` and `promises`";
                return Err(ExpectedError::Usage(why.to_owned()));
            }
        };
        console::print(&page);
        return Ok(Status::Valid);
    }
    let lines = match args.what {
        What::Scenarios => scenarios(registry),
        What::Defects => defects(registry),
        What::Failpoints => failpoints(registry),
        What::Checks => checks(registry),
        What::Goals => goals(registry),
        What::Promises => promises(registry),
        What::Sites => sites(registry)?,
    };
    if lines.is_empty() {
        return Err(ExpectedError::NothingToList(args.what.name()));
    }
    let width = lines.iter().map(|(name, _, _)| name.len()).max().unwrap_or_default();
    let folds = io::stdout().is_terminal();
    for (name, words, json) in &lines {
        match format {
            MessageFormat::Json => console::print_json(json),
            MessageFormat::Human => {
                let line = format!("{name:width$}  {words}");
                let line = console::redacted(line.trim_end());
                let line = if folds { folded(&line, width + 2) } else { line };
                console::print(&format!("{line}\n"));
            }
        }
    }
    Ok(Status::Valid)
}

/// Folds a line at eighty columns: brackets at its end begin a new line, and all lines but the first are indented.
fn folded(line: &str, indent: usize) -> String {
    let (words, aside) = match line.rsplit_once(" [") {
        Some((words, aside)) => (words, Some(format!("[{aside}"))),
        None => (line, None),
    };
    let mut lines = vec![String::new()];
    for (part, text) in [Some(words.to_owned()), aside].into_iter().flatten().enumerate() {
        if part > 0 {
            lines.push(" ".repeat(indent));
        }
        let mut begins = true;
        for word in text.split(' ') {
            let last = lines.last_mut().expect("there is one");
            if !begins && last.chars().count() + 1 + word.chars().count() > COLUMNS {
                lines.push(" ".repeat(indent) + word);
            } else {
                if !begins {
                    last.push(' ');
                }
                last.push_str(word);
            }
            begins = false;
        }
    }
    lines.join("\n")
}

/// The name, the text for people, and the item as JSON.
type Line = (String, String, Value);

fn scenarios(registry: &Registry) -> Vec<Line> {
    let line = |scenario: &crate::scenario::Scenario| {
        let json = json!({ "name": scenario.name, "claim": scenario.claim });
        (scenario.name.clone(), scenario.claim.clone(), json)
    };
    registry.scenarios.iter().map(line).collect()
}

fn defects(registry: &Registry) -> Vec<Line> {
    let mut lines = Vec::new();
    for target in &registry.targets {
        for defect in &target.defects {
            let shows = match defect.shows {
                Shows::Running => "",
                Shows::OnPostgres => ", needs PostgreSQL",
                Shows::InStaticCheck => ", in a static check",
                Shows::Nowhere => ", not possible in this target",
            };
            let class = defect.class.name();
            let star = if defect.star { '★' } else { ' ' };
            let words = format!(
                "{star} {:<12} {class:<6} {} [{}{shows}]",
                target.name,
                defect.summary,
                defect.checks.join(", ")
            );
            let json = json!({
                "id": defect.id, "target": target.name, "class": class, "summary": defect.summary,
                "wrong": defect.wrong, "right": defect.right, "core": defect.star, "checks": defect.checks,
                "shows": shows.trim_start_matches(", "),
            });
            lines.push((defect.id.to_owned(), words, json));
        }
    }
    lines
}

fn failpoints(registry: &Registry) -> Vec<Line> {
    let of = |target: &crate::registry::Target| {
        let name = target.name.clone();
        let line = move |point: &&str| {
            ((*point).to_owned(), name.clone(), json!({ "name": point, "target": name }))
        };
        target.failpoints.iter().map(line).collect::<Vec<_>>()
    };
    registry.targets.iter().flat_map(of).collect()
}

fn checks(registry: &Registry) -> Vec<Line> {
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for scenario in &registry.scenarios {
        for check in &scenario.checks {
            users.entry(&check.name).or_default().push(&scenario.name);
        }
    }
    let line = |(name, users): (&str, Vec<&str>)| {
        let words = in_words(&users, registry);
        (name.to_owned(), words, json!({ "name": name, "scenarios": users }))
    };
    let static_checks = registry.targets.iter().flat_map(|target| &target.static_checks);
    let static_line = |check: &crate::static_check::StaticCheck| {
        let json = json!({ "name": check.name, "static_check": check.claim });
        (check.name.to_owned(), format!("a static check: {}", check.claim), json)
    };
    users.into_iter().map(line).chain(static_checks.map(static_line)).collect()
}

/// Fails if promises, scenarios and planted bugs do not agree.
pub(super) fn must_agree(registry: &Registry) -> Result<(), ExpectedError> {
    let wrong = registry.inconsistencies();
    wrong.is_empty().then_some(()).ok_or_else(|| ExpectedError::Inconsistent(wrong.join("\n")))
}

/// The names of scenarios; where they are most of a target's, what is left out instead.
fn in_words(names: &[&str], registry: &Registry) -> String {
    let mut of_targets: BTreeMap<&str, (Vec<&str>, Vec<&str>)> = BTreeMap::new();
    for scenario in &registry.scenarios {
        let name = scenario.name.as_str();
        let target = name.split_once('/').map_or(name, |(target, _)| target);
        let (used, left) = of_targets.entry(target).or_default();
        if names.contains(&name) { used.push(name) } else { left.push(name) }
    }
    let words = of_targets.into_iter().filter_map(|(target, (used, left))| {
        match (used.len(), left.len()) {
            (0, _) => None,
            (1.., 0) => Some(format!("every scenario of {target}")),
            (most, few) if most > few => {
                Some(format!("every scenario of {target} but {}", left.join(", ")))
            }
            _ => Some(used.join(", ")),
        }
    });
    words.collect::<Vec<_>>().join(", ")
}

fn goals(registry: &Registry) -> Vec<Line> {
    let line = |goal: CoverageGoal| {
        let ways: Vec<String> = goal.ways.iter().map(Way::to_string).collect();
        let name = format!("{} {}", goal.list, goal.name);
        let words = format!("{} [{}]", goal.what, ways.join("; "));
        (name, words, json!(goal))
    };
    registry.goals_of(None).into_iter().map(line).collect()
}

fn promises(registry: &Registry) -> Vec<Line> {
    let line = |target: &str, promise: &Promise| {
        let stands: Vec<String> = promise.stands.iter().map(page::stand).collect();
        let stands = stands.join("; ").replace('`', "");
        let words = format!("{} [{stands}]", promise.says);
        let json = json!({
            "target": target, "number": promise.number, "says": promise.says,
            "is_shown": promise.is_shown(), "stands": promise.stands,
        });
        (format!("{target} {}", promise.number), words, json)
    };
    let of = |target: &'_ Target| {
        target.promises.iter().map(|promise| line(&target.name, promise)).collect::<Vec<_>>()
    };
    registry.targets.iter().flat_map(of).collect()
}

fn sites(registry: &Registry) -> Result<Vec<Line>, ExpectedError> {
    let calm = |scenario: &crate::scenario::Scenario| {
        Settings::default().sweep(scenario, 0, Plan::new(scenario.name(), Seed(0)))
    };
    let jobs = registry.scenarios.iter().map(calm);
    let mut counts: BTreeMap<String, (u64, Vec<String>)> = BTreeMap::new();
    let mut broken = None;
    workers::run_all(registry, jobs, Workers::default(), |_, end| match end {
        JobEnd::Recorded { record, .. } => {
            for (site, hits) in &record.sites {
                let (all, users) = counts.entry(site.clone()).or_default();
                *all += hits;
                users.push(record.run.scenario.clone());
            }
            ControlFlow::Continue(())
        }
        JobEnd::Broken { why } => {
            broken = Some(why);
            ControlFlow::Break(())
        }
    })?;
    if let Some(why) = broken {
        return Err(ExpectedError::Harness(why));
    }
    let line = |(site, (hits, users)): (String, (u64, Vec<String>))| {
        let words = format!("{hits} times, in {} scenarios", users.len());
        (site.clone(), words, json!({ "site": site, "hits": hits, "scenarios": users.len() }))
    };
    Ok(counts.into_iter().map(line).collect())
}
