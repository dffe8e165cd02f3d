//! Bounds the length of files and lines, and requires a module doc in every file.

use crate::{
    limits::{FILE_LINES_MAX, FILE_LINES_NOTED, PROSE_COLUMNS_MAX},
    source::lines_outside_tests,
    tree::{Complaint, File, Tree},
};

/// No Rust file is too long.
pub(super) fn short_files(tree: &Tree) -> Vec<Complaint> {
    let long = lengths(tree).filter(|(_, lines)| *lines > FILE_LINES_MAX);
    let complain = |(file, lines): (&File, usize)| {
        let text =
            format!("{lines} lines without its tests, of at most {FILE_LINES_MAX}; split it");
        Complaint::of(&file.path, text)
    };
    long.map(complain).collect()
}

/// Notes on files that are getting too long.
pub(super) fn long_files(tree: &Tree) -> Vec<Complaint> {
    let long =
        lengths(tree).filter(|(_, lines)| (FILE_LINES_NOTED + 1..=FILE_LINES_MAX).contains(lines));
    let note = |(file, lines): (&File, usize)| {
        Complaint::of(&file.path, format!("{lines} lines without its tests; consider splitting it"))
    };
    long.map(note).collect()
}

fn lengths(tree: &Tree) -> impl Iterator<Item = (&File, usize)> {
    let files = tree.rust().filter(|file| !file.is_test());
    files.map(|file| (file, lines_outside_tests(file)))
}

/// No line of prose is too wide. rustfmt handles code; tables, single links and fenced blocks cannot be wrapped.
pub(super) fn short_lines(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for file in tree.files() {
        let mut is_fenced = false;
        for (number, line) in file.lines() {
            let Some(prose) = prose_of(file, line) else { continue };
            is_fenced ^= prose.trim_start().starts_with("```");
            let is_lone = !prose.trim().trim_start_matches(['-', '*', ' ']).contains(' ');
            let is_free = is_fenced || is_lone || prose.trim_start().starts_with('|');
            let columns = line.chars().count();
            if columns > PROSE_COLUMNS_MAX && !is_free {
                let text =
                    format!("{columns} columns, of at most {PROSE_COLUMNS_MAX}; wrap the line");
                found.push(Complaint::at(&file.path, number, text));
            }
        }
    }
    found
}

/// The prose in a line; `None` if it has no prose.
fn prose_of<'a>(file: &File, line: &'a str) -> Option<&'a str> {
    let trimmed = line.trim_start();
    match file.path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "md" => Some(line),
        "rs" => {
            let comment = trimmed.strip_prefix("//")?;
            Some(comment.trim_start_matches(['/', '!']))
        }
        "toml" | "sh" | "yml" => trimmed.strip_prefix('#'),
        _ if file.text.starts_with("#!/") => trimmed.strip_prefix('#'),
        "sql" => trimmed.strip_prefix("--"),
        _ => None,
    }
}

/// Every module begins with a doc comment: what it is, why it exists, or what it must not do.
pub(super) fn module_docs(tree: &Tree) -> Vec<Complaint> {
    let sources = tree.rust().filter(|file| file.path.contains("src/"));
    let is_silent = |file: &&File| {
        let first = file.text.lines().find(|line| !line.trim().is_empty());
        !first.is_some_and(|line| line.starts_with("//!") && line.len() > 4)
    };
    let complain = |file: &File| {
        let text = "has no module doc; begin with `//!` and a sentence";
        Complaint::at(&file.path, 1, text)
    };
    sources.filter(is_silent).map(complain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    #[test]
    fn a_long_file_is_seen() {
        let code = "fn f() {}\n";
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", code.repeat(300));
        let (fine, long) = (code.repeat(599) + &tests, code.repeat(601) + &tests);
        let files = [("a.rs", fine.as_str()), ("b.rs", &long), ("a/tests/c.rs", &long)];
        insta::assert_snapshot!(red(short_files, &files), @"b.rs: 601 lines without its tests, of at most 600; split it");
        insta::assert_snapshot!(red(long_files, &files), @"a.rs: 599 lines without its tests; consider splitting it");
    }

    #[test]
    fn a_wide_line_is_seen() {
        let words = "word ".repeat(25);
        let comment = format!("/// {words}\nlet code = \"{words}\";\n");
        let markdown =
            format!("{words}\n| {words} |\n```\n{words}\n```\n- <{}>\n", "x".repeat(130));
        let files = [("a.rs", comment.as_str()), ("README.md", markdown.as_str())];
        insta::assert_snapshot!(red(short_lines, &files), @"
        README.md:1: 125 columns, of at most 120; wrap the line
        a.rs:1: 129 columns, of at most 120; wrap the line
        ");
    }

    #[test]
    fn a_silent_module_is_seen() {
        let files = [
            ("a/src/lib.rs", "//! What it is.\n"),
            ("a/src/b.rs", "use x;\n//! Late.\n"),
            ("a/tests/it/main.rs", "mod b;\n"),
        ];
        insta::assert_snapshot!(red(module_docs, &files), @"a/src/b.rs:1: has no module doc; begin with `//!` and a sentence");
    }
}
