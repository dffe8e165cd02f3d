//! `drill prove --by-script`: whether the script of a scenario alone finds the planted bugs that it must find.

use std::collections::BTreeSet;

use chaosdrill_core::{Seed, limits::PROVE_SCRIPT_SEEDS, nearest};
use serde_json::json;

use crate::{
    campaign::engine::Engine,
    cli::{args::MessageFormat, console, error::ExpectedError},
    interrupt,
    job::Job,
    nemesis::Settings,
    registry::Registry,
    scenario::Scenario,
    status::Status,
};

/// A planted bug that a script must find.
pub(super) struct Pledge<'a> {
    scenario: &'a Scenario,
    defect: &'static str,
    /// The checks of the bug's row in the catalogue.
    checks: &'a [&'static str],
    /// Seeds that were run.
    runs: u64,
    /// Seeds whose run violated one of the checks.
    found: u64,
}

/// The pledges that the filter selects, by planted bug, target or scenario; all without a filter.
pub(super) fn pledges<'a>(registry: &'a Registry, filter: Option<&str>) -> Vec<Pledge<'a>> {
    let mut pledges = Vec::new();
    for scenario in &registry.scenarios {
        for defect in scenario.must_find.iter().copied() {
            let names = [scenario.target(), defect, scenario.name()];
            let is_wanted = filter.is_none_or(|filter| names.contains(&filter));
            if let Some((_, row)) = registry.defect(defect).filter(|_| is_wanted) {
                pledges.push(Pledge { scenario, defect, checks: row.checks, runs: 0, found: 0 });
            }
        }
    }
    pledges
}

/// `; did you mean ...?` for a filter that selects no pledge.
pub(super) fn hint(registry: &Registry, wrong: &str) -> String {
    let names: BTreeSet<&str> = pledges(registry, None)
        .into_iter()
        .flat_map(|pledge| [pledge.defect, pledge.scenario.target(), pledge.scenario.name()])
        .collect();
    nearest::hint(wrong, names)
}

/// Runs the script of each pledge with its planted bug, with a few seeds, and prints how often it was found.
pub(super) fn prove(
    engine: &mut Engine<'_>,
    mut pledges: Vec<Pledge<'_>>,
    db: &str,
    format: MessageFormat,
) -> Result<Status, ExpectedError> {
    for pledge in &mut pledges {
        pledge.run(engine, db);
        if let Some(why) = engine.broken.pop() {
            return Err(ExpectedError::Harness(why));
        }
        match format {
            MessageFormat::Json => console::print_json(&pledge.json()),
            MessageFormat::Human => console::print(&pledge.line()),
        }
    }
    let kept = pledges.iter().filter(|pledge| pledge.status() == Status::Valid).count();
    if format == MessageFormat::Human {
        let all = pledges.len();
        console::print(&format!(
            "prove: {kept} of {all} planted bugs found by the script that must find them\n"
        ));
    }
    // A script that is too blind takes precedence over one that was not run.
    let has = |status: Status| pledges.iter().any(|pledge| pledge.status() == status);
    let worst =
        [Status::Violation, Status::Interrupted, Status::Unknown].into_iter().find(|it| has(*it));
    Ok(worst.unwrap_or(Status::Valid))
}

impl Pledge<'_> {
    fn run(&mut self, engine: &mut Engine<'_>, db: &str) {
        let defect = Some(self.defect.to_owned());
        let settings = Settings { db: db.to_owned(), defect, out: None };
        let seeds = (0..PROVE_SCRIPT_SEEDS).map(Seed);
        let jobs: Vec<Job> = seeds.map(|seed| settings.script(self.scenario, seed)).collect();
        for done in engine.batch(&jobs).into_iter().flatten() {
            self.runs += 1;
            self.found += u64::from(done.record.violated().any(|it| self.checks.contains(&it)));
        }
    }

    fn status(&self) -> Status {
        match self.runs == PROVE_SCRIPT_SEEDS {
            true if self.found * 2 >= self.runs => Status::Valid,
            true => Status::Violation,
            false if interrupt::was_asked_for() => Status::Interrupted,
            false => Status::Unknown,
        }
    }

    fn word(&self) -> &'static str {
        match self.status() {
            Status::Valid => "found",
            Status::Violation => "RARE",
            _ => "open",
        }
    }

    fn line(&self) -> String {
        let (defect, word, found, runs) = (self.defect, self.word(), self.found, self.runs);
        format!("{defect:<7} {word:<7} {found:>2} of {runs:>2} seeds  {}\n", self.scenario.name())
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "scenario": self.scenario.name(), "defect": self.defect, "result": self.word(),
            "found": self.found, "runs": self.runs,
        })
    }
}
