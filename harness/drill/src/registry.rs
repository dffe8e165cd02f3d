//! The scenarios and targets of a crate, registered by hand: the list can be read, and nothing vanishes from it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use chaosdrill_core::defect::Defect;
use chaosdrill_core::{nearest, record::CoverageGoal};

use crate::{
    program::{CARGO_DRILL, program_on},
    scenario::Scenario,
    simulation,
    static_check::StaticCheck,
};

/// A pipeline under test.
#[derive(Clone, Debug, Default)]
pub struct Target {
    pub(crate) name: String,
    pub(crate) failpoints: Vec<&'static str>,
    pub(crate) defects: Vec<Defect>,
    pub(crate) static_checks: Vec<StaticCheck>,
    pub(crate) goals: Vec<CoverageGoal>,
    /// Failpoints that only planted bugs pass.
    pub(crate) planted_failpoints: Vec<&'static str>,
}

impl Target {
    /// A target by the name that its scenarios carry before the slash.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Its catalogue of failpoint names.
    #[must_use]
    pub fn failpoints(mut self, names: &[&'static str]) -> Self {
        self.failpoints.extend_from_slice(names);
        self
    }

    /// Failpoints that only its planted bugs pass: nobody misses them in a campaign without.
    #[must_use]
    pub fn planted_failpoints(mut self, names: &[&'static str]) -> Self {
        self.planted_failpoints.extend_from_slice(names);
        self.failpoints(names)
    }

    /// Its planted bugs.
    #[must_use]
    pub fn defects(mut self, defects: &[Defect]) -> Self {
        self.defects.extend_from_slice(defects);
        self
    }

    /// Its crash windows, and whatever else a whole campaign must do to it.
    #[must_use]
    pub fn goals(mut self, goals: impl IntoIterator<Item = CoverageGoal>) -> Self {
        let (list, scope) = (&self.name, format!("{}/", self.name));
        let own = |goal| CoverageGoal { list: list.clone(), scope: scope.clone(), ..goal };
        self.goals.extend(goals.into_iter().map(own));
        self
    }

    /// What watches over its sources, texts and registries.
    #[must_use]
    pub fn static_checks(mut self, checks: impl IntoIterator<Item = StaticCheck>) -> Self {
        self.static_checks.extend(checks);
        self
    }
}

/// All that a crate drills.
#[derive(Clone, Debug)]
pub struct Registry {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) targets: Vec<Target>,
    pub(crate) goals: Vec<CoverageGoal>,
    pub(crate) manifest_dir: Option<PathBuf>,
    pub(crate) program: String,
    /// Scenarios that are run by their name only, and are in no list, no count and no report.
    hidden: Vec<Scenario>,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            scenarios: Vec::new(),
            targets: Vec::new(),
            goals: Vec::new(),
            manifest_dir: None,
            program: program_on(CARGO_DRILL, simulation::SIMULATOR),
            hidden: Vec::new(),
        }
    }
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a scenario; they are kept sorted by name.
    ///
    /// # Panics
    ///
    /// If a scenario of that name is there already, if it claims nothing, or if it has no check: such a scenario would
    /// be valid whatever its target does.
    #[must_use]
    pub fn with(mut self, scenario: Scenario) -> Self {
        assert!(
            self.scenario(scenario.name()).is_none(),
            "two scenarios are named {}",
            scenario.name()
        );
        assert!(!scenario.claim.is_empty(), "the scenario {} has no claim", scenario.name());
        assert!(
            !scenario.checks.is_empty(),
            "the scenario {} has no check, so every run of it would be valid; add one with `always` or `eventually`",
            scenario.name()
        );
        self.scenarios.push(scenario);
        self.scenarios.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    /// Adds a scenario of the harness itself, which is found by its name only.
    pub(crate) fn with_hidden(mut self, scenario: Scenario) -> Self {
        self.hidden.push(scenario);
        self
    }

    /// Adds a target.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.targets.push(target);
        self.targets.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    /// What a whole campaign must have done, over all targets.
    #[must_use]
    pub fn goals(mut self, list: &str, goals: impl IntoIterator<Item = CoverageGoal>) -> Self {
        let own = |goal| CoverageGoal { list: list.to_owned(), ..goal };
        self.goals.extend(goals.into_iter().map(own));
        self
    }

    /// The crate's folder, `env!("CARGO_MANIFEST_DIR")`: its kept plans stand in `regressions/` there.
    #[must_use]
    pub fn manifest_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.manifest_dir = Some(dir.into());
        self
    }

    /// How people start this program, for the commands that are printed; `cargo drill` unless said.
    #[must_use]
    pub fn program(mut self, program: &str) -> Self {
        program.clone_into(&mut self.program);
        self
    }

    /// The scenario of that name.
    pub fn scenario(&self, name: &str) -> Option<&Scenario> {
        let all = self.scenarios.iter().chain(&self.hidden);
        all.into_iter().find(|scenario| scenario.name == name)
    }

    pub(crate) fn target_of(&self, scenario: &Scenario) -> Option<&Target> {
        self.targets.iter().find(|target| target.name == scenario.target())
    }

    /// The targets all of whose scenarios the filter selects: what they leave out, nobody else does.
    fn whole_targets(&self, filter: Option<&str>) -> impl Iterator<Item = &Target> {
        self.targets.iter().filter(move |target| {
            let own = |scenario: &&Scenario| scenario.target() == target.name;
            self.scenarios.iter().filter(own).all(|scenario| is_selected(scenario, filter))
        })
    }

    /// What the scenarios that the filter selects must reach: a target's own where all of its scenarios are
    /// among them, and what all targets have in common where all scenarios are.
    pub(crate) fn goals_of(&self, filter: Option<&str>) -> Vec<CoverageGoal> {
        let of_targets = self.whole_targets(filter).flat_map(|target| &target.goals);
        let is_whole = self.scenarios.iter().all(|scenario| is_selected(scenario, filter));
        let common = self.goals.iter().filter(|_| is_whole);
        of_targets.chain(common).cloned().collect()
    }

    /// The failpoints that the scenarios that the filter selects must pass, as sites: those of the targets all of whose
    /// scenarios are among them, without those that only a planted bug passes.
    pub(crate) fn failpoints_to_pass(&self, filter: Option<&str>) -> Vec<String> {
        let names = self.whole_targets(filter).flat_map(|target| {
            let is_planted = |name: &&str| target.planted_failpoints.contains(name);
            target.failpoints.iter().copied().filter(move |name| !is_planted(name))
        });
        let names: BTreeSet<&str> = names.collect();
        names.into_iter().map(|name| format!("fp:{name}")).collect()
    }

    pub(crate) fn failpoints_of(&self, scenario: &Scenario) -> Vec<&'static str> {
        self.target_of(scenario).map(|target| target.failpoints.clone()).unwrap_or_default()
    }

    /// The target that carries a defect, and the defect.
    pub(crate) fn defect(&self, id: &str) -> Option<(&Target, &Defect)> {
        let of = |target: &'_ Target| target.defects.iter().position(|defect| defect.id == id);
        self.targets
            .iter()
            .find_map(|target| of(target).map(|index| (target, &target.defects[index])))
    }

    /// The scenarios whose name contains the filter.
    pub(crate) fn select(&self, filter: Option<&str>) -> Vec<&Scenario> {
        self.scenarios.iter().filter(|scenario| is_selected(scenario, filter)).collect()
    }

    /// `; did you mean ...?` for a scenario that is not there.
    pub(crate) fn scenario_hint(&self, wrong: &str) -> String {
        nearest::hint(wrong, self.scenarios.iter().map(Scenario::name))
    }

    /// `; did you mean ...?` for a defect that is not there.
    pub(crate) fn defect_hint(&self, wrong: &str) -> String {
        let ids = self.targets.iter().flat_map(|target| &target.defects).map(|defect| defect.id);
        nearest::hint(wrong, ids)
    }

    /// Where kept plans stand.
    pub(crate) fn regressions_dir(&self) -> Option<PathBuf> {
        self.manifest_dir.as_deref().map(|dir: &Path| dir.join("regressions"))
    }
}

fn is_selected(scenario: &Scenario, filter: Option<&str>) -> bool {
    filter.is_none_or(|filter| scenario.name.contains(filter))
}

#[cfg(test)]
mod tests {
    use chaosdrill_core::{Check, Outcome};

    use super::*;

    fn check() -> Check {
        Check::new("it_is_so", |_| Outcome::valid())
    }

    #[test]
    #[should_panic(expected = "the scenario one/idle has no check")]
    fn a_scenario_without_a_check_is_refused() {
        let _ = Registry::new().with(Scenario::new("one/idle").claim("it is so"));
    }

    #[test]
    fn a_filter_that_leaves_scenarios_out_asks_for_none_of_their_failpoints() {
        let target =
            |name| Target::new(name).failpoints(&["a.passed"]).planted_failpoints(&["a.planted"]);
        let scenario = |name| Scenario::new(name).claim("it is so").always(check());
        let registry = Registry::new()
            .target(target("one"))
            .target(Target::new("two").failpoints(&["b.passed"]))
            .with(scenario("one/first"))
            .with(scenario("one/second"))
            .with(scenario("two/only"));
        assert_eq!(registry.failpoints_to_pass(None), ["fp:a.passed", "fp:b.passed"]);
        assert_eq!(registry.failpoints_to_pass(Some("one/")), ["fp:a.passed"]);
        assert_eq!(registry.failpoints_to_pass(Some("o")), ["fp:a.passed", "fp:b.passed"]);
        assert!(registry.failpoints_to_pass(Some("one/first")).is_empty());
    }
}
