//! `drill list`: what there is, one item a line, its name first.

use std::{collections::BTreeMap, ops::ControlFlow};

use chaosdrill_core::{
    Plan, Seed,
    record::{Exercise, Way},
};
use chaosdrill_rt::defect::Shows;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::{
    cli::{
        args::MessageFormat,
        console,
        error::{ExpectedError, Status},
    },
    crew::{self, JobEnd, Workers},
    nemesis::Settings,
    registry::Registry,
    run::Job,
};

#[derive(Clone, Debug, Args)]
pub(crate) struct ListArgs {
    /// What to list.
    #[arg(value_enum, default_value = "scenarios")]
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Scenarios, with their claims.
    Scenarios,
    /// Planted defects, with their class and the checks that must catch them.
    Defects,
    /// Failpoints of the targets.
    Failpoints,
    /// Checks, with the scenarios that use them.
    Checks,
    /// Crash windows and kinds of trouble that a whole campaign exercises, with what stands for each.
    Exercises,
    /// Boundary sites, as a calm run of each scenario passes them, with their counts.
    Sites,
}

pub(crate) fn list(
    registry: &Registry,
    args: &ListArgs,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    let lines = match args.what {
        What::Scenarios => scenarios(registry),
        What::Defects => defects(registry),
        What::Failpoints => failpoints(registry),
        What::Checks => checks(registry),
        What::Exercises => exercises(registry),
        What::Sites => sites(registry)?,
    };
    let width = lines.iter().map(|(name, _, _)| name.len()).max().unwrap_or_default();
    for (name, words, json) in &lines {
        match format {
            MessageFormat::Json => console::print_json(json),
            MessageFormat::Human => {
                let line = format!("{name:width$}  {words}");
                console::print(&format!("{}\n", console::redacted(line.trim_end())));
            }
        }
    }
    Ok(if lines.is_empty() { Status::NothingSelected } else { Status::Valid })
}

/// Name, words for people, and the whole as JSON.
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
                Shows::OnPostgres => ", needs postgres",
                Shows::InAGuard => ", in a guard",
                Shows::Nowhere => ", no counterpart here",
            };
            let class = defect.class.name();
            let words = format!(
                "{:<12} {class:<6} {} [{}{shows}]",
                target.name,
                defect.summary,
                defect.checks.join(", ")
            );
            let json = json!({
                "id": defect.id, "target": target.name, "class": class, "summary": defect.summary,
                "wrong": defect.wrong, "right": defect.right, "core": defect.star, "checks": defect.checks,
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
        (name.to_owned(), users.join(", "), json!({ "name": name, "scenarios": users }))
    };
    let guards = registry.targets.iter().flat_map(|target| &target.guards);
    let guard = |guard: &crate::guard::Guard| {
        let json = json!({ "name": guard.name, "guard": guard.claim });
        (guard.name.to_owned(), format!("a guard: {}", guard.claim), json)
    };
    users.into_iter().map(line).chain(guards.map(guard)).collect()
}

fn exercises(registry: &Registry) -> Vec<Line> {
    let line = |exercise: Exercise| {
        let ways: Vec<String> = exercise.ways.iter().map(Way::to_string).collect();
        let name = format!("{} {}", exercise.list, exercise.name);
        let words = format!("{} [{}]", exercise.what, ways.join("; "));
        (name, words, json!(exercise))
    };
    registry.exercises_of(None).into_iter().map(line).collect()
}

fn sites(registry: &Registry) -> Result<Vec<Line>, ExpectedError> {
    let calm = |scenario: &crate::scenario::Scenario| {
        Settings::default().sweep(scenario, 0, Plan::new(scenario.name(), Seed(0)))
    };
    let jobs: Vec<Job> = registry.scenarios.iter().map(calm).collect();
    let mut counts: BTreeMap<String, (u64, Vec<String>)> = BTreeMap::new();
    let broken = crew::run_all(registry, &jobs, Workers::default(), |_, end| match end {
        JobEnd::Recorded { record, .. } => {
            for (site, hits) in &record.sites {
                let (all, users) = counts.entry(site.clone()).or_default();
                *all += hits;
                users.push(record.run.scenario.clone());
            }
            ControlFlow::Continue(())
        }
        JobEnd::Broken { why } => ControlFlow::Break(why),
    });
    if let Some(why) = broken {
        return Err(ExpectedError::Harness(why));
    }
    let line = |(site, (hits, users)): (String, (u64, Vec<String>))| {
        let words = format!("{hits} times, by {} of the scenarios", users.len());
        (site.clone(), words, json!({ "site": site, "passages": hits, "scenarios": users.len() }))
    };
    Ok(counts.into_iter().map(line).collect())
}
