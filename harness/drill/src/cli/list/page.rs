//! Lists as Markdown pages, for people who read a repository before they run anything.
//!
//! Such a page is committed, and a test compares it with the program's output.

use chaosdrill_core::defect::{Defect, Shows};
use chaosdrill_core::record::{CoverageGoal, Way};

use crate::{
    promise::{Promise, Stand},
    registry::Registry,
};

/// The planted bugs, by target.
pub(super) fn defects(registry: &Registry) -> String {
    let all: Vec<&Defect> = registry.targets.iter().flat_map(|target| &target.defects).collect();
    let with = |shows: Shows| all.iter().filter(|defect| defect.shows == shows).count();
    let core = all.iter().filter(|defect| defect.star).count();
    let mut page = format!(
        "# Planted bugs\n\n\
         {} planted bugs, {core} of them in the core set (★). All are off by default. `{program} run --defect ID` enables\n\
         one, and `{program} prove` enables each in turn and reports whether the check in its row finds it.\n\n\
         | shows | bugs | |\n|---|---:|---|\n\
         | in a run | {} | a run of the target's scenarios shows it, on any database |\n\
         | in a static check | {} | it is an error of structure; a static check reads the sources, and a copy of them with the bug |\n\
         | needs PostgreSQL | {} | only a run on PostgreSQL shows it; these bugs are counted separately |\n\
         | not possible | {} | the target has no such part, so no check can show it |\n\n\
         The class says where the bug comes from: `hist` was released once and then fixed, `guard` has a test that exists\n\
         to catch it, `latent` is still in real code, and `neigh` was fixed in another part of the same system. The ids\n\
         have gaps. An id with a letter, such as `O7b`, is a second variant of the same bug.\n\n\
         `{program} list defects --page` generates this page, and a test compares the two.\n",
        all.len(),
        with(Shows::Running),
        with(Shows::InStaticCheck),
        with(Shows::OnPostgres),
        with(Shows::Nowhere),
        program = registry.program,
    );
    for target in registry.targets.iter().filter(|target| !target.defects.is_empty()) {
        page.push_str(&format!(
            "\n## {}\n\n| id | class | what goes wrong | with the bug | without the bug | found by | shows |\n\
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
        Shows::OnPostgres => "needs PostgreSQL",
        Shows::Nowhere => "not possible",
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
         A campaign of all scenarios must reach each of these coverage goals at least once: a fault in each crash window\n\
         of each target, and each kind of trouble. The last column lists the ways to reach a goal; one of them is enough.\n\
         The reports of a campaign have the same table with the number of hits. If a goal has no hits in a whole\n\
         campaign, the verdict is unknown, as with a `sometimes` mark without hits.\n\n\
         `{} list goals --page` generates this page, and a test compares the two.\n",
        registry.program
    );
    let mut list = "";
    for goal in &all {
        if goal.list != list {
            list = &goal.list;
            page.push_str(&format!("\n## {list}\n\n| name | goal | reached by |\n|---|---|---|\n"));
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

/// What the targets promise, and the planted bugs that single scripts must find.
pub(super) fn promises(registry: &Registry) -> String {
    let all: Vec<&Promise> = registry.targets.iter().flat_map(|target| &target.promises).collect();
    let number = |is: fn(&Promise) -> bool| all.iter().filter(|promise| is(promise)).count();
    let (shown, whole) = (number(Promise::is_shown), number(Promise::is_shown_as_it_is));
    let mut page = format!(
        "# Promises\n\n\
         Each target was written after a real system. This page lists what those systems promise, and for each promise the\n\
         scenarios with the check or mark that would notice if it were broken, or why there is none. Each such check is\n\
         violated by a planted bug.\n\n\
         Drills show {whole} of {} promises as they are, and {} with a part that is different on purpose, or that waits for\n\
         something that the harness does not have yet. {} promises are not shown at all, for such a reason.\n\n\
         A scenario that stands for a named test of its system must find the planted bugs below by its script alone, in at\n\
         least half of its seeds; `{program} prove --by-script` checks that.\n\n\
         `{program} list promises --page` generates this page, and a test compares the two.\n",
        all.len(),
        shown - whole,
        all.len() - shown,
        program = registry.program,
    );
    for target in registry.targets.iter().filter(|target| !target.promises.is_empty()) {
        page.push_str(&format!(
            "\n## {}\n\n| | the system promises | shown by |\n|---|---|---|\n",
            target.name
        ));
        for promise in &target.promises {
            let stands: Vec<String> = promise.stands.iter().map(stand).collect();
            page.push_str(&row(&[promise.number, promise.says, &stands.join("; ")]));
        }
        let own = registry.scenarios.iter().filter(|scenario| scenario.target() == target.name);
        let pledged: Vec<_> = own.filter(|scenario| !scenario.must_find.is_empty()).collect();
        if !pledged.is_empty() {
            page.push_str("\n| scenario | its script must find |\n|---|---|\n");
        }
        for scenario in pledged {
            page.push_str(&row(&[&format!("`{}`", scenario.name), &scenario.must_find.join(", ")]));
        }
    }
    page
}

/// One way in which a promise stands.
pub(super) fn stand(stand: &Stand) -> String {
    match stand {
        Stand::Shown { scenario, by } => format!("`{scenario}`: {by}"),
        Stand::ShownStatically { check } => format!("static check `{check}`"),
        Stand::Differs(reason) => format!("different: {reason}"),
        Stand::WaitsFor(what) => format!("waits for {what}"),
    }
}

fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}
