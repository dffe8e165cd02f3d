//! Which code of the targets no run of a campaign reaches: the regions of llvm's coverage, without planted bugs.
//!
//! `ci/coverage` builds the drill program with counters, runs a campaign and exports what they say. From that,
//! `cargo xtask coverage FILE` makes the page, and lists what was never reached with its reason in
//! `reports/measured/unreached.toml`. A reason names a file and the first line of the code, not its number; if a file
//! has several such lines, each needs a reason of its own, in their order. A reason without a file is for every
//! line that is its code, or contains its part.

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
        unreached.extend(never(regions).into_iter().map(|line| Unreached {
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

/// The first lines of what was never reached. Of regions inside each other, only the outermost counts, and those that
/// follow each other in one line count as one.
fn never(regions: &Regions) -> Vec<u64> {
    let mut lines: Vec<u64> = Vec::new();
    let mut end: Place = (0, 0);
    let mut is_after_unreached = false;
    for ((start, until), count) in regions {
        if *count > 0 {
            is_after_unreached = false;
            continue;
        }
        if *until <= end {
            continue;
        }
        if !(is_after_unreached && lines.last() == Some(&start.0)) {
            lines.push(start.0);
        }
        (end, is_after_unreached) = (*until, true);
    }
    lines
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

/// Why code is not reached.
struct Reasons {
    /// By file and first line; several if a file has several such lines.
    of_lines: BTreeMap<(String, String), Vec<String>>,
    /// Those that are for lines of any file.
    of_all: Vec<(Line, String)>,
}

/// Which lines of any file have a reason.
enum Line {
    Is(String),
    Contains(String),
}

impl Line {
    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Is(all) => text == all,
            Self::Contains(part) => text.contains(part),
        }
    }
}

impl Reasons {
    fn read(text: &str) -> anyhow::Result<Self> {
        let table: toml::Table = text.parse().context(REASONS)?;
        let (mut of_lines, mut of_all) = (BTreeMap::<_, Vec<String>>::new(), Vec::new());
        for entry in table.get("unreached").and_then(toml::Value::as_array).into_iter().flatten() {
            let has = |name: &str| entry.get(name).and_then(toml::Value::as_str).map(str::to_owned);
            let field = |name: &str| {
                has(name).with_context(|| format!("{REASONS}: an entry has no {name}"))
            };
            let reason = field("reason")?;
            match (has("file"), has("part")) {
                (Some(file), _) => of_lines.entry((file, field("code")?)).or_default().push(reason),
                (None, Some(part)) => of_all.push((Line::Contains(part), reason)),
                (None, None) => of_all.push((Line::Is(field("code")?), reason)),
            }
        }
        Ok(Self { of_lines, of_all })
    }

    /// The unreached code with its reason.
    fn given<'a>(&'a self, unreached: &'a [Unreached]) -> Vec<(&'a Unreached, Option<&'a str>)> {
        let mut used: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let with_reason = |code: &'a Unreached| {
            let reasons = self.of_lines.get(&(code.path.clone(), code.text.clone()));
            let next = used.entry((&code.path, &code.text)).or_default();
            *next += 1;
            let own = reasons.and_then(|it| it.get(*next - 1));
            let of_all = || Some(&self.of_all.iter().find(|(line, _)| line.fits(&code.text))?.1);
            (code, own.or_else(of_all).map(String::as_str))
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
        for ((file, text), reasons) in &self.of_lines {
            let is_this = |code: &&Unreached| (&code.path, &code.text) == (file, text);
            if unreached.iter().filter(is_this).count() < reasons.len() {
                said.push_str(&format!("{REASONS}: `{text}` of {file} is reached, or gone\n"));
            }
        }
        for (line, _) in &self.of_all {
            if !unreached.iter().any(|code| line.fits(&code.text)) {
                let (Line::Is(text) | Line::Contains(text)) = line;
                said.push_str(&format!("{REASONS}: `{text}` is reached, or gone\n"));
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
        `ci/coverage` measures this with llvm's counters, over scripts and swarms of ten seeds without planted bugs, and\n\
        makes the page. A region is what is executed as a whole, such as an arm of a `match`. What only planted bugs\n\
        execute does not count. What no run reaches is listed with the reason.\n\n\
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
    fn a_reason_without_a_file_is_for_lines_of_any() {
        let code = |text: &str| Unreached { path: "a".to_owned(), line: 1, text: text.to_owned() };
        let entry = "[[unreached]]\npart = \"try_get(\"\nreason = \"so\"\n";
        let reasons = Reasons::read(entry).expect("reasons");
        assert_eq!(reasons.complaints(&[code("row.try_get(1)?"), code("row.try_get(2)?")]), "");
        assert!(reasons.complaints(&[code("Err(error)")]).contains("no run reaches `Err(error)`"));
        assert!(reasons.complaints(&[]).ends_with("is reached, or gone\n"));
        let end =
            Reasons::read(&entry.replace("part = \"try_get(\"", "code = \"}\"")).expect("reasons");
        assert_eq!(end.complaints(&[code("}")]), "");
        assert!(end.complaints(&[code("}"), code("if x {}")]).contains("`if x {}`"));
    }

    #[test]
    fn what_follows_each_other_in_a_line_is_listed_once() {
        let regions: Regions = [
            (((1, 1), (9, 2)), 1),
            (((3, 5), (3, 9)), 0),
            (((3, 10), (3, 12)), 0),
            (((3, 14), (3, 15)), 2),
            (((3, 20), (3, 25)), 0),
            (((4, 1), (4, 5)), 0),
        ]
        .into();
        assert_eq!(never(&regions), [3, 3, 4]);
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
        assert_eq!(never(&regions), [1, 13]);
    }
}
