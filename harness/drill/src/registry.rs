//! The registry: the scenarios and targets of a crate, registered explicitly, so that the list can be read and is
//! complete.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use chaosdrill_core::defect::Defect;
use chaosdrill_core::{nearest, record::CoverageGoal};

use crate::{
    program::{CARGO_DRILL, program_on},
    promise::{Promise, Stand},
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
    pub(crate) promises: Vec<Promise>,
    /// Failpoints that only planted bugs pass.
    pub(crate) planted_failpoints: Vec<&'static str>,
}

impl Target {
    /// Creates a target; its name is the part before the slash in the names of its scenarios.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Adds the target's failpoint names.
    #[must_use]
    pub fn failpoints(mut self, names: &[&'static str]) -> Self {
        self.failpoints.extend_from_slice(names);
        self
    }

    /// Adds failpoints that only planted bugs pass: a campaign without planted bugs does not miss them.
    #[must_use]
    pub fn planted_failpoints(mut self, names: &[&'static str]) -> Self {
        self.planted_failpoints.extend_from_slice(names);
        self.failpoints(names)
    }

    /// Adds the target's planted bugs.
    #[must_use]
    pub fn defects(mut self, defects: &[Defect]) -> Self {
        self.defects.extend_from_slice(defects);
        self
    }

    /// Adds the target's crash windows, and other goals that a whole campaign must reach.
    #[must_use]
    pub fn goals(mut self, goals: impl IntoIterator<Item = CoverageGoal>) -> Self {
        let (list, scope) = (&self.name, format!("{}/", self.name));
        let own = |goal| CoverageGoal { list: list.clone(), scope: scope.clone(), ..goal };
        self.goals.extend(goals.into_iter().map(own));
        self
    }

    /// Adds what the system promises that the target was written after, and how each promise stands.
    #[must_use]
    pub fn promises(mut self, promises: impl IntoIterator<Item = Promise>) -> Self {
        self.promises.extend(promises);
        self
    }

    /// Adds checks of the target's sources, texts and registries.
    #[must_use]
    pub fn static_checks(mut self, checks: impl IntoIterator<Item = StaticCheck>) -> Self {
        self.static_checks.extend(checks);
        self
    }
}

/// The scenarios and targets of a crate.
#[derive(Clone, Debug)]
pub struct Registry {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) targets: Vec<Target>,
    pub(crate) goals: Vec<CoverageGoal>,
    pub(crate) manifest_dir: Option<PathBuf>,
    pub(crate) program: String,
    /// Scenarios that run only by name, and are in no list, count or report.
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
    /// Creates an empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a scenario; scenarios are sorted by name.
    ///
    /// # Panics
    ///
    /// If the name is taken, the claim is empty, there are several hosts of one name, or there is no check: such a
    /// scenario would be valid whatever its target does.
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
        if let Some(name) = scenario.make_topology().name_of_several_hosts() {
            panic!("the scenario {} has several hosts named {name}", scenario.name());
        }
        self.scenarios.push(scenario);
        self.scenarios.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    /// Adds a scenario of the harness itself, which is found only by name.
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

    /// Adds goals that a whole campaign must reach, over all targets.
    #[must_use]
    pub fn goals(mut self, list: &str, goals: impl IntoIterator<Item = CoverageGoal>) -> Self {
        let own = |goal| CoverageGoal { list: list.to_owned(), ..goal };
        self.goals.extend(goals.into_iter().map(own));
        self
    }

    /// Sets the crate's folder, `env!("CARGO_MANIFEST_DIR")`; its kept plans are in `regressions/` there.
    #[must_use]
    pub fn manifest_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.manifest_dir = Some(dir.into());
        self
    }

    /// Sets the command that starts this program, for printed commands; `cargo drill` by default.
    #[must_use]
    pub fn program(mut self, program: &str) -> Self {
        program.clone_into(&mut self.program);
        self
    }

    /// The scenario with this name.
    pub fn scenario(&self, name: &str) -> Option<&Scenario> {
        let all = self.scenarios.iter().chain(&self.hidden);
        all.into_iter().find(|scenario| scenario.name == name)
    }

    pub(crate) fn target_of(&self, scenario: &Scenario) -> Option<&Target> {
        self.targets.iter().find(|target| target.name == scenario.target())
    }

    /// The targets whose scenarios are all selected by the filter: no other scenario can reach what these miss.
    fn whole_targets(&self, filter: Option<&str>) -> impl Iterator<Item = &Target> {
        self.targets.iter().filter(move |target| {
            let own = |scenario: &&Scenario| scenario.target() == target.name;
            self.scenarios.iter().filter(own).all(|it| self.is_selected(&it.name, filter))
        })
    }

    /// The goals of the selected scenarios: those of each target whose scenarios are all selected, and the common goals
    /// if all scenarios are selected.
    pub(crate) fn goals_of(&self, filter: Option<&str>) -> Vec<CoverageGoal> {
        let of_targets = self.whole_targets(filter).flat_map(|target| &target.goals);
        let is_whole = self.scenarios.iter().all(|it| self.is_selected(&it.name, filter));
        let common = self.goals.iter().filter(|_| is_whole);
        of_targets.chain(common).cloned().collect()
    }

    /// The failpoints that the selected scenarios must pass, as sites: those of each target whose scenarios are all
    /// selected, except for those that only a planted bug passes.
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

    /// What promises and scenarios say about each other, checks and planted bugs, and is not so, each as a sentence: a
    /// promise that names a scenario, check or mark which does not exist, or a check that no planted bug can violate,
    /// and a scenario that must find a planted bug which does not exist. None in a sound registry.
    pub fn inconsistencies(&self) -> Vec<String> {
        let of_promises = self.targets.iter().flat_map(|target| self.of_promises(target));
        let of_scenarios = self.scenarios.iter().flat_map(|scenario| {
            let own = self.target_of(scenario).map_or(&[][..], |target| &target.defects);
            let is_unknown = |id: &&&str| own.iter().all(|defect| defect.id != **id);
            scenario.must_find.iter().filter(is_unknown).map(|id| {
                format!("{} must find {id}, which its target does not have", scenario.name)
            })
        });
        of_promises.chain(of_scenarios).collect()
    }

    fn of_promises(&self, target: &Target) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut numbers = BTreeSet::new();
        for promise in &target.promises {
            let name = format!("promise {} of {}", promise.number, target.name);
            if !numbers.insert(promise.number) {
                wrong.push(format!("{name}: there are two promises with this number"));
            }
            if promise.stands.is_empty() {
                wrong.push(format!("{name}: nothing is said about how it stands"));
            }
            let of_stand = |stand| Some(format!("{name}: {}", self.of_stand(target, stand)?));
            wrong.extend(promise.stands.iter().filter_map(of_stand));
        }
        wrong
    }

    fn of_stand(&self, target: &Target, stand: &Stand) -> Option<String> {
        match *stand {
            Stand::Shown { scenario: name, by } => {
                let scenario = self.scenario(name).filter(|it| it.target() == target.name);
                let Some(scenario) = scenario else {
                    return Some(format!("the target has no scenario {name}"));
                };
                let has_check = scenario.checks.iter().any(|check| check.name == by);
                let has_mark = scenario.marks.iter().any(|mark| mark.name == by);
                if !has_check && !has_mark {
                    return Some(format!("{name} has no check and no mark named {by}"));
                }
                let is_seen = |defect: &Defect| defect.checks.contains(&by);
                (has_check && !target.defects.iter().any(is_seen))
                    .then(|| format!("no planted bug of the target violates {by}"))
            }
            Stand::ShownStatically { check } => {
                let is_there = target.static_checks.iter().any(|it| it.name == check);
                (!is_there).then(|| format!("there is no static check {check}"))
            }
            Stand::Differs(_) | Stand::WaitsFor(_) => None,
        }
    }

    /// The scenarios that a filter selects.
    pub(crate) fn select(&self, filter: Option<&str>) -> Vec<&Scenario> {
        self.scenarios.iter().filter(|it| self.is_selected(&it.name, filter)).collect()
    }

    /// Whether a filter selects a scenario: the one with exactly this name, or else all whose name contains it.
    pub(crate) fn is_selected(&self, name: &str, filter: Option<&str>) -> bool {
        filter.is_none_or(|filter| match self.scenario(filter) {
            Some(_) => name == filter,
            None => name.contains(filter),
        })
    }

    /// `; did you mean ...?` for an unknown scenario.
    pub(crate) fn scenario_hint(&self, wrong: &str) -> String {
        nearest::hint(wrong, self.scenarios.iter().map(Scenario::name))
    }

    /// `; did you mean ...?` for an unknown defect.
    pub(crate) fn defect_hint(&self, wrong: &str) -> String {
        let ids = self.targets.iter().flat_map(|target| &target.defects).map(|defect| defect.id);
        nearest::hint(wrong, ids)
    }

    /// The folder of kept plans.
    pub(crate) fn regressions_dir(&self) -> Option<PathBuf> {
        self.manifest_dir.as_deref().map(|dir: &Path| dir.join("regressions"))
    }
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
    #[should_panic(expected = "the scenario one/idle has several hosts named db")]
    fn a_name_of_a_host_is_taken_once() {
        let scenario = Scenario::new("one/idle").claim("it is so").always(check());
        let scenario = scenario.topology(|topology| {
            topology.machine(crate::Machine::database("db", crate::DatabaseKind::Sqlite))
        });
        let _ = Registry::new().with(scenario);
    }

    #[test]
    fn promises_scenarios_and_planted_bugs_must_agree() {
        let defect = |id, check| Defect::new(id, crate::Class::Guard, "wrong").found_by(check);
        let scenario = |name| {
            let unseen = Check::new("nobody_plants", |_| Outcome::valid());
            Scenario::new(name).claim("it is so").always(check()).always(unseen)
        };
        let registry = |promises: Vec<Promise>| {
            Registry::new()
                .target(
                    Target::new("one").defects(&[defect("A1", &["it_is_so"])]).promises(promises),
                )
                .target(Target::new("two").defects(&[defect("B1", &["it_is_so"])]))
                .with(scenario("one/first").must_find(["A1"]))
                .with(scenario("two/only"))
        };
        let sound = || Promise::new("1", "it is so").shown("one/first", "it_is_so");
        assert!(registry(vec![sound()]).inconsistencies().is_empty());
        let wrong = |promise: Promise| registry(vec![promise]).inconsistencies().join("\n");
        let promise = || Promise::new("1", "it is so");
        for (promise, expected) in [
            (promise(), "nothing is said about how it stands"),
            (promise().shown("one/frist", "it_is_so"), "the target has no scenario one/frist"),
            (promise().shown("two/only", "it_is_so"), "the target has no scenario two/only"),
            (
                promise().shown("one/first", "it_was_so"),
                "one/first has no check and no mark named it_was_so",
            ),
            (
                promise().shown("one/first", "nobody_plants"),
                "no planted bug of the target violates nobody_plants",
            ),
            (promise().shown_statically("it_is_read"), "there is no static check it_is_read"),
        ] {
            assert_eq!(wrong(promise), format!("promise 1 of one: {expected}"));
        }
        let twice = registry(vec![sound(), sound()]).inconsistencies();
        assert_eq!(twice, ["promise 1 of one: there are two promises with this number"]);
        let foreign = registry(vec![]).with(scenario("one/second").must_find(["B1"]));
        assert_eq!(
            foreign.inconsistencies(),
            ["one/second must find B1, which its target does not have"]
        );
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

    #[test]
    fn a_whole_name_selects_only_its_scenario() {
        let scenario = |name| Scenario::new(name).claim("it is so").always(check());
        let registry = Registry::new()
            .with(scenario("one/lease"))
            .with(scenario("one/lease-again"))
            .with(scenario("one/other"));
        let names = |filter| -> Vec<&str> {
            registry.select(Some(filter)).into_iter().map(Scenario::name).collect()
        };
        assert_eq!(names("one/lease"), ["one/lease"]);
        assert_eq!(names("lease"), ["one/lease", "one/lease-again"]);
    }
}
