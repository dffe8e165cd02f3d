//! The page of what was measured, made from result files: which planted bugs are found without scripts, and which
//! smallest plans show the same violation on both simulators.
//!
//! `ci/measure` measures and leaves the result files of `drill`. From these, `cargo xtask measured DIR` keeps what the
//! page needs, and makes the page. A house rule compares the page with the kept results.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::tree::{Complaint, Tree};

/// The kept results.
const RESULTS: &str = "reports/measured/results.json";

/// The page.
const PAGE: &str = "reports/measured/README.md";

/// The results of `prove` without scripts, below the folder of `ci/measure`.
const WITHOUT_SCRIPTS: &str = "without-scripts/prove.json";

/// The simulators, with the result of `cross` over the smallest plans that each found, below that folder.
const SIMULATORS: [&str; 2] = ["turmoil", "madsim"];

/// Keeps the results in a folder of `ci/measure`, and makes the page.
pub fn keep(root: &Path, folder: &Path) -> anyhow::Result<()> {
    let proofs = read(&folder.join(WITHOUT_SCRIPTS))?;
    let proofs = proofs.as_array().context("prove.json is no list")?;
    let mut bugs = Vec::new();
    // The others need another database, or nothing could show them.
    for proof in proofs.iter().filter(|proof| proof["by"] == "running") {
        let is_open = proof["open"].as_bool().unwrap_or(false);
        ensure!(!is_open, "the search for {} was broken off; measure again", proof["defect"]);
        bugs.push(json!({
            "target": proof["target"], "defect": proof["defect"],
            "found": proof["found"], "runs": proof["runs"],
        }));
    }
    let mut crossed = serde_json::Map::new();
    for simulator in SIMULATORS {
        crossed
            .insert(simulator.to_owned(), read(&folder.join(format!("{simulator}.cross.json")))?);
    }
    let results = json!({ "commit": commit(root)?, "without_scripts": bugs, "crossed": crossed });
    let path = root.join(RESULTS);
    fs::create_dir_all(path.parent().context("it has a folder")?)?;
    fs::write(&path, format!("{results:#}\n")).context(RESULTS)?;
    fs::write(root.join(PAGE), page(&results)).context(PAGE)
}

/// The commit at which it was measured.
fn commit(root: &Path) -> anyhow::Result<String> {
    let mut git = Command::new("git");
    let said = git.args(["rev-parse", "--short", "HEAD"]).current_dir(root).output();
    let said = said.context("git does not start")?;
    ensure!(said.status.success(), "git does not know the commit of {}", root.display());
    Ok(String::from_utf8(said.stdout)?.trim().to_owned())
}

fn read(path: &Path) -> anyhow::Result<Value> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

/// The page is the one that the kept results make.
pub(crate) fn page_is_made(tree: &Tree) -> Vec<Complaint> {
    let Some(results) = tree.get(RESULTS) else {
        return vec![Complaint::of(RESULTS, "is missing; run `ci/measure`")];
    };
    let Ok(results) = serde_json::from_str(&results.text) else {
        return vec![Complaint::of(RESULTS, "is not JSON; run `ci/measure`")];
    };
    if tree.get(PAGE).is_some_and(|there| there.text == page(&results)) {
        return Vec::new();
    }
    let text = "is not the page of its results; run `cargo xtask measured`";
    vec![Complaint::of(PAGE, text)]
}

/// Makes the page again from the kept results.
pub fn again(root: &Path) -> anyhow::Result<()> {
    fs::write(root.join(PAGE), page(&read(&root.join(RESULTS))?)).context(PAGE)
}

/// The bugs of one target.
#[derive(Default)]
struct Found {
    bugs: u64,
    found: u64,
    /// The longest search that succeeded: runs, and the bug.
    longest: (u64, String),
    missed: Vec<String>,
}

fn page(results: &Value) -> String {
    let mut targets: BTreeMap<&str, Found> = BTreeMap::new();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for bug in results["without_scripts"].as_array().into_iter().flatten() {
        let target = targets.entry(bug["target"].as_str().unwrap_or_default()).or_default();
        let (defect, runs) = (text(&bug["defect"]), bug["runs"].as_u64().unwrap_or_default());
        target.bugs += 1;
        if bug["found"] == true {
            target.found += 1;
            if runs > target.longest.0 {
                target.longest = (runs, defect);
            }
        } else {
            target.missed.push(defect);
        }
    }
    let sum = |of: fn(&Found) -> u64| targets.values().map(of).sum::<u64>();
    let mut page = format!(
        "# What was measured\n\n\
         `ci/measure` measures this; `cargo xtask measured` makes the page from `results.json`, and a test compares.\n\
         It was measured at commit {}; what was planted since is not among the bugs.\n\n\
         ## Planted bugs without scripts\n\n\
         `drill prove --nemesis sweep,swarm` disables all scripts. Of the {} bugs that show in running code it found {}.\n\n\
         | target | found | longest successful search | missed |\n|---|---|---|---|\n",
        text(&results["commit"]),
        sum(|target| target.bugs),
        sum(|target| target.found),
    );
    for (name, Found { bugs, found, longest: (runs, defect), missed }) in &targets {
        let missed = missed.join(", ");
        page.push_str(&format!(
            "| {name} | {found} of {bugs} | {defect}, {runs} runs | {missed} |\n"
        ));
    }
    page.push_str(
        "\n## Smallest plans on both simulators\n\n\
         `drill prove --out` leaves the smallest plan of each planted bug; `drill cross --plans` runs these on the other\n\
         simulator, from other seeds too if the plan's own seed does not show the violation.\n\n\
         | found on | plans | same seed | another seed | not |\n|---|---|---|---|---|\n",
    );
    for simulator in SIMULATORS {
        let of = |key: &str| results["crossed"][simulator][key].as_u64().unwrap_or_default();
        let (plans, elsewhere, not) = (of("crossed"), of("from_other_seeds"), of("disagreements"));
        let same = plans.saturating_sub(elsewhere + not);
        page.push_str(&format!("| {simulator} | {plans} | {same} | {elsewhere} | {not} |\n"));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Value {
        let bug = |target, defect, found, runs| json!({ "target": target, "defect": defect, "found": found, "runs": runs });
        json!({
            "commit": "0a1b2c3",
            "without_scripts": [
                bug("outbox", "O1", true, 3),
                bug("outbox", "O15", true, 386),
                bug("recovery", "G17", false, 2000),
                bug("recovery", "G1", true, 9),
            ],
            "crossed": {
                "turmoil": { "crossed": 169, "from_other_seeds": 19, "disagreements": 0 },
                "madsim": { "crossed": 169, "from_other_seeds": 12, "disagreements": 1 },
            },
        })
    }

    #[test]
    fn the_page_has_the_figures() {
        insta::assert_snapshot!(page(&results()));
    }

    #[test]
    fn a_page_with_another_figure_is_seen() {
        let (json, right) = (results().to_string(), page(&results()));
        let complaints = |page: &str| {
            let tree = Tree::of(&[(RESULTS, json.as_str()), (PAGE, page)]);
            page_is_made(&tree).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(complaints(&right), Vec::<String>::new());
        let wrong = right.replace("386 runs", "385 runs");
        let mend = "reports/measured/README.md: is not the page of its results; run `cargo xtask measured`";
        assert_eq!(complaints(&wrong), [mend]);
        let none = page_is_made(&Tree::of(&[])).len();
        assert_eq!(none, 1, "without results there is nothing to tell");
    }
}
