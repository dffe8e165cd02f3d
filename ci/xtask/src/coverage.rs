//! Which code of the targets no run of a campaign reaches: the regions of llvm's coverage, without planted bugs.
//!
//! `ci/coverage` builds the drill program with counters, runs a campaign and exports what they say. From that,
//! `cargo xtask coverage FILE` makes the page, and lists what was never reached with its reason in
//! `reports/measured/unreached.toml`. A reason names a file and the first line of the code, not its number; if a file
//! has several such lines, each needs a reason of its own, in their order.

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
    let is_reached = |regions: &Regions| regions.values().any(|count| *count > 0);
    ensure!(files.values().any(is_reached), "the counters of the workers are missing");
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
    let reasons = fs::read_to_string(root.join(REASONS)).context(REASONS)?;
    let reasons = Reasons::read(&reasons)?;
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

/// The part of a `defect!` between its first comma and its second; those between `::<` and `>` do not count.
fn wrong_part(arguments: &Group) -> Option<Region> {
    let (mut commas, mut depth, mut before) = (Vec::new(), 0, ' ');
    for tree in arguments.stream() {
        let TokenTree::Punct(mark) = &tree else {
            before = ' ';
            continue;
        };
        match mark.as_char() {
            '<' if before == ':' || depth > 0 => depth += 1,
            '>' if depth > 0 && before != '-' => depth -= 1,
            ',' if depth == 0 => commas.push(place(mark.span().start())),
            _ => {}
        }
        before = mark.as_char();
    }
    Some((*commas.first()?, *commas.get(1)?))
}

/// Whether an attribute is `cfg(feature = "defects")`.
fn is_for_defects(attribute: &Group) -> bool {
    let text: String = attribute.to_string().split_whitespace().collect();
    text == "[cfg(feature=\"defects\")]"
}

fn place(at: LineColumn) -> Place {
    (at.line as u64, at.column as u64 + 1)
}

/// Why code is not reached, by file and first line; several if a file has several such lines.
struct Reasons(BTreeMap<(String, String), Vec<String>>);

impl Reasons {
    fn read(text: &str) -> anyhow::Result<Self> {
        let table: toml::Table = text.parse().context(REASONS)?;
        let mut reasons: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for entry in table.get("unreached").and_then(toml::Value::as_array).into_iter().flatten() {
            let field = |name: &str| {
                let value = entry.get(name).and_then(toml::Value::as_str);
                value
                    .map(str::to_owned)
                    .with_context(|| format!("{REASONS}: an entry has no {name}"))
            };
            reasons.entry((field("file")?, field("code")?)).or_default().push(field("reason")?);
        }
        Ok(Self(reasons))
    }

    /// The unreached code with its reason.
    fn given<'a>(&'a self, unreached: &'a [Unreached]) -> Vec<(&'a Unreached, Option<&'a str>)> {
        let mut used: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let with_reason = |code: &'a Unreached| {
            let reasons = self.0.get(&(code.path.clone(), code.text.clone()));
            let next = used.entry((&code.path, &code.text)).or_default();
            *next += 1;
            (code, reasons.and_then(|it| it.get(*next - 1)).map(String::as_str))
        };
        unreached.iter().map(with_reason).collect()
    }

    fn complaints(&self, unreached: &[Unreached]) -> String {
        let mut said = String::new();
        for (Unreached { path, line, text }, reason) in self.given(unreached) {
            if reason.is_none() {
                said.push_str(&format!(
                    "{path}:{line}: no run reaches `{text}`, and {REASONS} has no reason\n"
                ));
            }
        }
        for ((file, text), reasons) in &self.0 {
            let is_this = |code: &&Unreached| (&code.path, &code.text) == (file, text);
            if unreached.iter().filter(is_this).count() < reasons.len() {
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
        `ci/coverage` measures this with llvm's counters, over scripts and swarms of four seeds without planted bugs, and\n\
        makes the page. A region is what is executed as a whole, such as an arm of a `match`. What only planted bugs execute does\n\
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
    for (code, reason) in reasons.given(unreached) {
        if target(&code.path) != last {
            last = target(&code.path);
            page.push_str(&format!(
                "\n## {last}\n\n| file | code | why no run reaches it |\n|---|---|---|\n"
            ));
        }
        let file = code.path.split_once("/src/").map_or(&*code.path, |(_, file)| file);
        let text = code.text.replace('|', "\\|");
        page.push_str(&format!("| {file} | `{text}` | {} |\n", reason.unwrap_or_default()));
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
    fn a_generic_argument_is_no_part_of_its_own() {
        let found = planted("fn a() {\n    defect!(\"O1\", wrong::<A, B>(), right());\n}\n");
        let has = |column| found.iter().any(|(from, to)| *from <= (2, column) && (2, column) < *to);
        assert!(has(27) && !has(34), "{found:?}");
    }

    #[test]
    fn code_of_a_target_is_reached_if_any_instance_is() {
        let export = serde_json::json!({ "data": [{ "functions": [
            { "filenames": ["/repository/targets/outbox/src/a.rs"], "regions": [[1, 1, 2, 2, 0, 0, 0, 0]] },
            { "filenames": ["/repository/targets/outbox/src/a.rs"], "regions": [[1, 1, 2, 2, 4, 0, 0, 0]] },
            { "filenames": ["/repository/harness/rt/src/a.rs"], "regions": [[1, 1, 2, 2, 1, 0, 0, 0]] },
            { "filenames": ["/repository/targets/kit/src/a.rs"], "regions": [[1, 1, 2, 2, 1, 0, 0, 0]] },
        ] }] });
        let found = regions(Path::new("/repository"), &export);
        let expected = Regions::from([(((1, 1), (2, 2)), 4)]);
        assert_eq!(found, BTreeMap::from([("targets/outbox/src/a.rs".to_owned(), expected)]));
    }

    #[test]
    fn each_place_needs_a_reason_of_its_own() {
        let code = |line| Unreached {
            path: "targets/a/src/a.rs".to_owned(),
            line,
            text: "Err(error) => {".to_owned(),
        };
        let entry = "[[unreached]]\nfile = \"targets/a/src/a.rs\"\ncode = \"Err(error) => {\"\nreason = \"so\"\n";
        let complaints = |entries: usize, lines: &[u64]| {
            let reasons = Reasons::read(&entry.repeat(entries)).expect("reasons");
            reasons.complaints(&lines.iter().copied().map(code).collect::<Vec<_>>())
        };
        assert_eq!(complaints(1, &[7]), "");
        assert!(complaints(1, &[7, 9]).starts_with("targets/a/src/a.rs:9: no run reaches"));
        assert!(complaints(2, &[7]).ends_with("is reached, or gone\n"));
        assert!(Reasons::read("[[unreached]]\nfile = \"a\"\n").is_err());
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
