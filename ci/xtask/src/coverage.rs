//! Which code of the targets no run of a campaign reaches: the regions of llvm's coverage, without planted bugs.
//!
//! `ci/coverage` builds the drill program with counters, runs a campaign and exports what they say. From that,
//! `cargo xtask coverage FILE` makes the page, and lists what was never reached with its reason in
//! `reports/measured/unreached.toml`. A reason names a file and the first line of the code, not its number.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, ensure};
use proc_macro2::{Group, LineColumn, Spacing, TokenStream, TokenTree};
use serde_json::Value;

/// The page.
const PAGE: &str = "reports/measured/coverage.md";

/// The reasons why code is not reached.
const REASONS: &str = "reports/measured/unreached.toml";

/// llvm's number for a region of code; others are gaps, and the places of macros.
const CODE: u64 = 0;

/// A place in a source: line and column, from 1.
type Place = (u64, u64);

/// A region of code: its first place, and the place after its last.
type Region = (Place, Place);

/// The regions of one file, with the number of times that each was reached.
type Regions = BTreeMap<Region, u64>;

/// Code that no run reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Unreached {
    path: String,
    line: u64,
    /// Its first line.
    text: String,
}

/// Makes the page from an export of `llvm-cov`, and returns what is unreached without a reason, or has a reason
/// although it is reached; empty if nothing is.
pub fn keep(root: &Path, export: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(export).with_context(|| export.display().to_string())?;
    let export: Value = serde_json::from_str(&text).context("not an export of llvm-cov")?;
    let mut files = regions(root, &export);
    ensure!(!files.is_empty(), "the export has no code of the targets");
    let mut unreached = Vec::new();
    for (path, regions) in &mut files {
        let source = fs::read_to_string(root.join(path)).with_context(|| path.clone())?;
        let planted = planted(&source);
        regions
            .retain(|(start, _), _| !planted.iter().any(|(from, to)| from <= start && start < to));
        unreached.extend(never(regions).map(|line| Unreached {
            path: path.clone(),
            line,
            text: source.lines().nth(line as usize - 1).unwrap_or_default().trim().to_owned(),
        }));
    }
    let reasons = Reasons::read(&root.join(REASONS))?;
    fs::write(root.join(PAGE), page(&files, &unreached, &reasons)).context(PAGE)?;
    Ok(reasons.complaints(&unreached))
}

/// The regions of the targets' files, by file. A region of generic code is reached if any instance of it is.
fn regions(root: &Path, export: &Value) -> BTreeMap<String, Regions> {
    let mut files: BTreeMap<String, Regions> = BTreeMap::new();
    for function in export["data"][0]["functions"].as_array().into_iter().flatten() {
        let names: Vec<Option<String>> = function["filenames"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|name| target_file(root, name.as_str()?))
            .collect();
        for region in function["regions"].as_array().into_iter().flatten() {
            let number = |index: usize| region[index].as_u64().unwrap_or_default();
            let name = names.get(number(5) as usize).cloned().flatten();
            let Some(name) = name.filter(|_| number(7) == CODE) else { continue };
            let place = ((number(0), number(1)), (number(2), number(3)));
            *files.entry(name).or_default().entry(place).or_default() += number(4);
        }
    }
    files
}

/// The path from the root of a file that is code of a target; `None` if it is not.
fn target_file(root: &Path, name: &str) -> Option<String> {
    let path = Path::new(name).strip_prefix(root).unwrap_or(Path::new(name)).to_str()?;
    let below = path.strip_prefix("targets/")?;
    let (target, file) = below.split_once('/')?;
    (target != "kit" && file.starts_with("src/")).then(|| path.to_owned())
}

/// The first lines of what was never reached; of regions inside each other, only the outermost.
fn never(regions: &Regions) -> impl Iterator<Item = u64> {
    let mut outermost: Vec<Region> = Vec::new();
    for (region, _) in regions.iter().filter(|(_, count)| **count == 0) {
        if outermost.last().is_none_or(|(_, end)| *end < region.1) {
            outermost.push(*region);
        }
    }
    outermost.into_iter().map(|((line, _), _)| line)
}

/// The places of planted bugs: what `defect!` does instead of the right thing, and items that only they use.
fn planted(source: &str) -> Vec<Region> {
    let mut found = Vec::new();
    if let Ok(stream) = source.parse::<TokenStream>() {
        find_planted(stream, &mut found);
    }
    found
}

fn find_planted(stream: TokenStream, found: &mut Vec<Region>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    for (index, tree) in trees.iter().enumerate() {
        let TokenTree::Group(group) = tree else { continue };
        let before = |back: usize| index.checked_sub(back).map(|at| trees[at].to_string());
        if before(1).as_deref() == Some("!") && before(2).as_deref() == Some("defect") {
            found.extend(wrong_part(group));
        }
        if before(1).as_deref() == Some("#") && is_for_defects(group) {
            let rest = &trees[index + 1..];
            let is_end = |tree: &TokenTree| match tree {
                TokenTree::Punct(mark) => mark.as_char() == ';' && mark.spacing() == Spacing::Alone,
                TokenTree::Group(group) => group.to_string().starts_with('{'),
                _ => false,
            };
            if let (Some(first), Some(last)) = (rest.first(), rest.iter().find(|tree| is_end(tree)))
            {
                found.push((place(first.span().start()), place(last.span().end())));
            }
        }
        find_planted(group.stream(), found);
    }
}

/// The part of a `defect!` between its first comma and its second.
fn wrong_part(arguments: &Group) -> Option<Region> {
    let mut commas = arguments.stream().into_iter().filter_map(|tree| match tree {
        TokenTree::Punct(mark) if mark.as_char() == ',' => Some(place(mark.span().start())),
        _ => None,
    });
    Some((commas.next()?, commas.next()?))
}

/// Whether an attribute is `cfg(feature = "defects")`.
fn is_for_defects(attribute: &Group) -> bool {
    let text: String = attribute.to_string().split_whitespace().collect();
    text == "[cfg(feature=\"defects\")]"
}

fn place(at: LineColumn) -> Place {
    (at.line as u64, at.column as u64 + 1)
}

/// Why code is not reached, by file and first line.
struct Reasons(BTreeMap<(String, String), String>);

impl Reasons {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let table: toml::Table = text.parse().context(REASONS)?;
        let mut reasons = BTreeMap::new();
        for entry in table.get("unreached").and_then(toml::Value::as_array).into_iter().flatten() {
            let field = |name: &str| {
                let value = entry.get(name).and_then(toml::Value::as_str);
                value
                    .map(str::to_owned)
                    .with_context(|| format!("{REASONS}: an entry has no {name}"))
            };
            reasons.insert((field("file")?, field("code")?), field("reason")?);
        }
        Ok(Self(reasons))
    }

    fn of(&self, code: &Unreached) -> Option<&str> {
        self.0.get(&(code.path.clone(), code.text.clone())).map(String::as_str)
    }

    fn complaints(&self, unreached: &[Unreached]) -> String {
        let mut said = String::new();
        for code in unreached.iter().filter(|code| self.of(code).is_none()) {
            let Unreached { path, line, text } = code;
            said.push_str(&format!(
                "{path}:{line}: no run reaches `{text}`, and {REASONS} has no reason\n"
            ));
        }
        for (file, text) in self.0.keys() {
            if !unreached.iter().any(|code| (&code.path, &code.text) == (file, text)) {
                said.push_str(&format!("{REASONS}: `{text}` of {file} is reached, or gone\n"));
            }
        }
        said
    }
}

fn page(files: &BTreeMap<String, Regions>, unreached: &[Unreached], reasons: &Reasons) -> String {
    let mut targets: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (path, regions) in files {
        let (all, reached) = targets.entry(target(path)).or_default();
        *all += regions.len();
        *reached += regions.values().filter(|count| **count > 0).count();
    }
    let mut page = "# Code of the targets that a campaign reaches\n\n\
        `ci/coverage` measures this with llvm's counters, over a default campaign without planted bugs, and makes the\n\
        page. A region is what is executed as a whole, such as an arm of a `match`. What only planted bugs execute does\n\
        not count. What no run reaches is listed with the reason.\n\n\
        | target | regions | reached | |\n|---|---:|---:|---:|\n"
        .to_owned();
    for (name, (all, reached)) in &targets {
        let share = (reached * 1_000).checked_div(*all).unwrap_or_default();
        page.push_str(&format!(
            "| {name} | {all} | {reached} | {}.{} % |\n",
            share / 10,
            share % 10
        ));
    }
    let mut last = "";
    for code in unreached {
        if target(&code.path) != last {
            last = target(&code.path);
            page.push_str(&format!(
                "\n## {last}\n\n| file | code | why no run reaches it |\n|---|---|---|\n"
            ));
        }
        let file = code.path.split_once("/src/").map_or(&*code.path, |(_, file)| file);
        let text = code.text.replace('|', "\\|");
        page.push_str(&format!("| {file} | `{text}` | {} |\n", reasons.of(code).unwrap_or("")));
    }
    page
}

fn target(path: &str) -> &str {
    path.split('/').nth(1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planted_bugs_do_not_count() {
        let source = "fn a() {\n    defect!(\"O1\", wrong(1, 2), right());\n}\n\
                      #[cfg(feature = \"defects\")]\nfn wrong() {\n    x();\n}\nfn b() {}\n";
        let found = planted(source);
        let has = |line, column| {
            found.iter().any(|(from, to)| *from <= (line, column) && (line, column) < *to)
        };
        assert!(has(2, 19) && !has(2, 32), "{found:?}");
        assert!(has(5, 1) && has(6, 5) && !has(8, 1), "{found:?}");
    }

    #[test]
    fn only_the_outermost_of_what_was_never_reached_is_listed() {
        let regions: Regions = [
            (((1, 1), (9, 2)), 0),
            (((3, 5), (4, 6)), 0),
            (((11, 1), (12, 2)), 3),
            (((13, 1), (14, 2)), 0),
        ]
        .into();
        assert_eq!(never(&regions).collect::<Vec<_>>(), [1, 13]);
    }
}
