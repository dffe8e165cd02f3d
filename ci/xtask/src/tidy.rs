//! The list of house rules. `cargo test --package xtask` enforces each of them, and a test beside each rule shows that
//! it can fail.

mod arrows;
mod bounds;
mod catalogue;
mod checks;
mod circles;
mod clippy;
mod docs;
mod exit_codes;
mod lints;
mod plain;
mod privacy;
mod published;
mod pure;
pub mod readme;
mod seeds;
mod shape;
mod targets;
mod verdicts;
mod versions;

use anyhow::Context;

use crate::{
    packages::Packages,
    tree::{Complaint, Tree, root},
};

/// The input of a rule.
#[derive(Clone, Copy)]
pub enum Look {
    /// The rule reads the files.
    At(fn(&Tree) -> Vec<Complaint>),
    /// The rule reads the packages that cargo links.
    AtPackages(fn(&Packages) -> Vec<Complaint>),
}

/// A house rule.
#[derive(Clone, Copy)]
pub struct Rule {
    /// The name, which is also the name of its test.
    pub name: &'static str,
    /// The function that finds complaints.
    pub look: Look,
}

const fn files(name: &'static str, look: fn(&Tree) -> Vec<Complaint>) -> Rule {
    Rule { name, look: Look::At(look) }
}

const fn packages(name: &'static str, look: fn(&Packages) -> Vec<Complaint>) -> Rule {
    Rule { name, look: Look::AtPackages(look) }
}

/// All rules: first the six rules of the architecture, then those of the house.
pub const RULES: &[Rule] = &[
    packages("core_is_pure_in_what_it_links", pure::links),
    files("core_is_pure_in_what_it_says", pure::says),
    files("targets_depend_on_neutral_libraries_only", targets::depend),
    files("targets_touch_the_world_through_rt_only", targets::say),
    files("clippy_says_so_too", clippy::repeats),
    packages("a_target_without_sim_is_plain", plain::links),
    files("a_target_is_plain_by_default", plain::defaults),
    files("one_seed_in_streams_by_label", seeds::one_seed),
    files("checks_see_the_history_only", checks::see),
    files("a_failed_report_changes_no_verdict", verdicts::has_its_test),
    files("crates_depend_along_the_arrows_only", arrows::hold),
    files("modules_do_not_go_in_circles", circles::none),
    files("every_bound_is_in_limits", bounds::in_limits),
    files("every_version_stands_in_one_place", versions::in_one_place),
    files("lints_are_expected_with_a_reason_and_never_allowed", lints::no_allow),
    files("unsafe_code_lives_in_one_module", lints::unsafe_in_one_module),
    files("nothing_is_left_to_do", lints::nothing_left),
    files("no_test_is_ignored", lints::no_ignore),
    files("nothing_waits_in_real_time", lints::no_sleep),
    files("failpoints_are_named_in_their_catalogue", catalogue::names),
    files("files_are_short", shape::short_files),
    files("prose_fits_120_columns", shape::short_lines),
    files("every_module_says_what_it_is", shape::module_docs),
    files("no_private_paths_and_no_registry_hosts", privacy::nothing_private),
    files("published_reports_name_seed_and_commit", published::name_seed_and_commit),
    files("the_page_of_figures_is_that_of_its_results", crate::measured::page_is_made),
    files("the_readme_has_two_commands", readme::two_commands),
    files("the_page_of_commands_knows_the_exit_codes", exit_codes::agree),
    files("links_of_pages_lead_somewhere", docs::links_lead_somewhere),
    files("snippets_of_pages_are_in_their_sources", docs::snippets_are_in_their_sources),
];

/// Notes, which are not complaints yet: files that are getting long.
pub fn notes(tree: &Tree) -> Vec<Complaint> {
    shape::long_files(tree)
}

/// The repository as the rules see it.
pub struct Repository {
    tree: Tree,
    packages: Packages,
}

impl Repository {
    /// Reads the files, and asks cargo for the packages.
    pub fn read() -> anyhow::Result<Self> {
        let root = root();
        let tree = Tree::read(&root).context("the repository could not be read")?;
        let packages = Packages::ask(&root, &tree)?;
        Ok(Self { tree, packages })
    }

    /// The rule reads the files.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The complaints of a rule, sorted.
    pub fn complaints(&self, rule: Rule) -> Vec<Complaint> {
        let mut found = match rule.look {
            Look::At(look) => look(&self.tree),
            Look::AtPackages(look) => look(&self.packages),
        };
        found.sort();
        found.dedup();
        found
    }
}

/// The complaints of a rule about these files, one per line.
#[cfg(test)]
fn red(rule: fn(&Tree) -> Vec<Complaint>, files: &[(&str, &str)]) -> String {
    let complaints = rule(&Tree::of(files));
    complaints.iter().map(|complaint| format!("{complaint}\n")).collect()
}
