//! The scenarios and targets of a crate, registered by hand: the list can be read, and nothing vanishes from it.

use std::path::{Path, PathBuf};

use chaosdrill_core::nearest;
use chaosdrill_rt::{defect::Defect, sim};

use crate::{canary, guard::Guard, scenario::Scenario, sibling};

/// A pipeline under test.
#[derive(Clone, Debug, Default)]
pub struct Target {
    pub(crate) name: String,
    pub(crate) failpoints: Vec<&'static str>,
    pub(crate) defects: Vec<Defect>,
    pub(crate) guards: Vec<Guard>,
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

    /// Its planted bugs.
    #[must_use]
    pub fn defects(mut self, defects: &[Defect]) -> Self {
        self.defects.extend_from_slice(defects);
        self
    }

    /// What watches over its sources, texts and registries.
    #[must_use]
    pub fn guards(mut self, guards: impl IntoIterator<Item = Guard>) -> Self {
        self.guards.extend(guards);
        self
    }
}

/// All that a crate drills.
#[derive(Clone, Debug)]
pub struct Registry {
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) targets: Vec<Target>,
    pub(crate) manifest_dir: Option<PathBuf>,
    pub(crate) program: String,
    canary: Scenario,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            scenarios: Vec::new(),
            targets: Vec::new(),
            manifest_dir: None,
            program: sibling::program_on("cargo drill", sim::SIMULATOR),
            canary: canary::scenario(),
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
    /// Where a scenario of that name is there already, or it claims nothing.
    #[must_use]
    pub fn with(mut self, scenario: Scenario) -> Self {
        assert!(
            self.scenario(scenario.name()).is_none(),
            "two scenarios are named {}",
            scenario.name()
        );
        assert!(!scenario.claim.is_empty(), "the scenario {} has no claim", scenario.name());
        self.scenarios.push(scenario);
        self.scenarios.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    /// Adds a target.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.targets.push(target);
        self.targets.sort_by(|a, b| a.name.cmp(&b.name));
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
        if name == canary::NAME {
            return Some(&self.canary);
        }
        self.scenarios.iter().find(|scenario| scenario.name == name)
    }

    pub(crate) fn target_of(&self, scenario: &Scenario) -> Option<&Target> {
        self.targets.iter().find(|target| target.name == scenario.target())
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
        let wanted =
            |scenario: &&Scenario| filter.is_none_or(|filter| scenario.name.contains(filter));
        self.scenarios.iter().filter(wanted).collect()
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
