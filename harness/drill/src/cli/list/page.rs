//! Lists as Markdown pages, for people who read a repository before they run anything.
//!
//! Such a page is committed, and a test compares it with the program's output.

use chaosdrill_core::defect::{Defect, Shows};
use chaosdrill_core::record::{CoverageGoal, Way};

use crate::registry::Registry;

/// The planted bugs, by target.
pub(super) fn defects(registry: &Registry) -> String {
    let all: Vec<&Defect> = registry.targets.iter().flat_map(|target| &target.defects).collect();
    let with = |shows: Shows| all.iter().filter(|defect| defect.shows == shows).count();
    let core = all.iter().filter(|defect| defect.star).count();
    let mut page = format!(
        "# Planted bugs\n\n\
         {} bugs, {core} of them in the core set (★). Each is off by default. `{program} run --defect ID` switches one\n\
         on, and `{program} prove` switches on each in turn and sees whether the check named here finds it.\n\n\
         | shows | bugs | |\n|---|---:|---|\n\
         | in a run | {} | of any scenario of its target, on any database |\n\
         | in a static check | {} | it is about structure: a static check reads sources and texts, and a copy with the mistake in it |\n\
         | needs postgres | {} | only a run on PostgreSQL shows it, and is counted apart |\n\
         | no counterpart | {} | the targets have no such part, so that nothing can show it |\n\n\
         A bug is of class `hist` where it was shipped once and mended, `guard` where a test exists to catch it,\n\
         `latent` where it is still in real code, and `neigh` where it was mended elsewhere in the same system.\n\
         The ids have gaps. One with a letter, such as `O7b`, is a second way to get the same thing wrong.\n\n\
         Made by `{program} list defects --page`; a test compares.\n",
        all.len(),
        with(Shows::Running),
        with(Shows::InStaticCheck),
        with(Shows::OnPostgres),
        with(Shows::Nowhere),
        program = registry.program,
    );
    for target in registry.targets.iter().filter(|target| !target.defects.is_empty()) {
        page.push_str(&format!(
            "\n## {}\n\n| id | class | what goes wrong | with the bug | right | found by | shows |\n\
             |---|---|---|---|---|---|---|\n",
            target.name
        ));
        target.defects.iter().for_each(|defect| page.push_str(&bug(defect)));
    }
    page
}

fn bug(defect: &Defect) -> String {
    let star = if defect.star { " ★" } else { "" };
    let checks: Vec<String> = defect.checks.iter().map(|check| format!("`{check}`")).collect();
    let shows = match defect.shows {
        Shows::Running => "in a run",
        Shows::InStaticCheck => "in a static check",
        Shows::OnPostgres => "needs postgres",
        Shows::Nowhere => "no counterpart",
    };
    row(&[
        &format!("{}{star}", defect.id),
        defect.class.name(),
        defect.summary,
        defect.wrong,
        defect.right,
        &checks.join(", "),
        shows,
    ])
}

/// The goals that a whole campaign must reach, by list.
pub(super) fn goals(registry: &Registry) -> String {
    let all = registry.goals_of(None);
    let mut page = format!(
        "# Crash windows and kinds of trouble\n\n\
         What a campaign of all scenarios must do: strike each target in each of its crash windows, and make each kind\n\
         of trouble at least once. One of the ways beside a line is enough. The reports of a campaign have the same\n\
         table with the number of hits; a whole campaign in which a line has none is unknown, as with a mark.\n\n\
         Made by `{} list goals --page`; a test compares.\n",
        registry.program
    );
    let mut list = "";
    for goal in &all {
        if goal.list != list {
            list = &goal.list;
            page.push_str(&format!("\n## {list}\n\n| name | what | by |\n|---|---|---|\n"));
        }
        page.push_str(&self::goal(goal));
    }
    page
}

fn goal(goal: &CoverageGoal) -> String {
    let ways: Vec<String> = goal.ways.iter().map(way).collect();
    row(&[&goal.name, &goal.what, &ways.join("; ")])
}

fn way(way: &Way) -> String {
    match way {
        Way::Struck { site, acts } if acts.is_empty() => format!("any fault at `{site}`"),
        Way::Struck { site, acts } => format!("{} at `{site}`", acts.join(" or ")),
        Way::Fired { act } => format!("{act} anywhere"),
        Way::Hit { scenario, mark } => format!("`{scenario}`: {mark}"),
        Way::Ran { scenario } => format!("`{scenario}`"),
    }
}

fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}
