//! The pages of documentation: their links lead somewhere, and their Rust snippets are in the sources.

use crate::tree::{Complaint, File, Tree};

/// Endings of files that the tree does not have, because they are no text.
const NO_TEXT: [&str; 1] = [".png"];

fn pages(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.files().filter(|file| file.path.ends_with(".md"))
}

/// Every relative link of a page leads to a file or folder of the repository, and to a heading of that file.
pub(super) fn links_lead_somewhere(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for page in pages(tree) {
        let mut is_fenced = false;
        for (number, line) in page.lines() {
            is_fenced ^= line.starts_with("```");
            if is_fenced {
                continue;
            }
            let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            let is_inside =
                |target: &&str| !target.contains("://") && !target.starts_with("mailto:");
            for target in targets.filter(is_inside) {
                if let Some(why) = why_broken(tree, page, target) {
                    found.push(Complaint::at(&page.path, number, format!("`{target}` {why}")));
                }
            }
        }
    }
    found
}

/// Why a link leads nowhere; `None` if it does not.
fn why_broken(tree: &Tree, page: &File, target: &str) -> Option<&'static str> {
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = if path.is_empty() { page.path.clone() } else { joined(&page.path, path) };
    if NO_TEXT.iter().any(|ending| path.ends_with(ending)) {
        return None;
    }
    let folder = format!("{path}/");
    let Some(file) = tree.get(&path) else {
        let is_folder = tree.under(&folder).next().is_some();
        return (!is_folder).then_some("is no file of the repository; mend the link");
    };
    let is_there = heading.is_empty() || headings(file).any(|slug| slug == heading);
    (!is_there).then_some("names no heading of that page; mend the link")
}

/// A path relative to a file, from the root.
fn joined(from: &str, path: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The names of headings in links, as GitHub makes them.
fn headings(file: &File) -> impl Iterator<Item = String> {
    let titles = file.text.lines().filter_map(|line| {
        let title = line.trim_start_matches('#');
        (title.len() < line.len()).then(|| title.trim())
    });
    titles.map(|title| {
        let kept =
            title.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    })
}

/// Every `rust` block of a page in `docs` is, line for line, in the source that the last link before it names.
pub(super) fn snippets_are_in_their_sources(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for page in tree.under("docs/").filter(|file| file.path.ends_with(".md")) {
        let mut source = None;
        let mut lines = page.lines();
        while let Some((number, line)) = lines.next() {
            for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                source = Some(joined(&page.path, target)).filter(|path| path.ends_with(".rs"));
            }
            let Some(language) = line.strip_prefix("```") else { continue };
            let block =
                lines.by_ref().map(|(_, line)| line).take_while(|line| !line.starts_with("```"));
            let block: Vec<&str> = block.map(str::trim).collect();
            if language != "rust" {
                continue;
            }
            let why = match source.as_deref().and_then(|path| tree.get(path)) {
                None => "follows no link to a source; say which file it is from".to_owned(),
                Some(file) if has(file, &block) => continue,
                Some(file) => format!("is not in {}; copy it from there again", file.path),
            };
            found.push(Complaint::at(&page.path, number, format!("this snippet {why}")));
        }
    }
    found
}

/// Whether a file has these lines, one after the other, whatever their indentation.
fn has(file: &File, block: &[&str]) -> bool {
    let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
    !block.is_empty() && lines.windows(block.len()).any(|window| window == block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    #[test]
    fn a_link_to_nowhere_is_seen() {
        let files = [
            ("README.md", "# A\n[b](docs/b.md), [b](docs/b.md#in-your-ci) [c](docs) ![p](p.png)\n"),
            (
                "docs/b.md",
                "## In `your` CI\n[a](../README.md) [x](../x.md)\n```\n[y](y)\n```\n[z](#z) [w](https://w)\n",
            ),
        ];
        insta::assert_snapshot!(red(links_lead_somewhere, &files), @"
        docs/b.md:2: `../x.md` is no file of the repository; mend the link
        docs/b.md:6: `#z` names no heading of that page; mend the link
        ");
    }

    #[test]
    fn a_snippet_of_nowhere_is_seen() {
        let page = "```rust\nlet a = 1;\n```\nFrom [a](../a.rs):\n```rust\n    let a = 1;\n    let b = 2;\n```\n\
                    ```sh\nls\n```\n```rust\nlet a = 1;\nlet c = 3;\n```\n";
        let files = [
            ("docs/a.md", page),
            ("a.rs", "fn f() {\n  let a = 1;\n  let b = 2;\n  let c = 3;\n}\n"),
        ];
        insta::assert_snapshot!(red(snippets_are_in_their_sources, &files), @"
        docs/a.md:1: this snippet follows no link to a source; say which file it is from
        docs/a.md:12: this snippet is not in a.rs; copy it from there again
        ");
    }
}
