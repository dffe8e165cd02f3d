//! The page of commands has the same exit codes as the command line.

use std::collections::BTreeMap;

use crate::{
    source::{self, Kind, Token},
    tree::{Complaint, Tree},
};

const PAGE: &str = "docs/commands.md";

/// The file that defines the exit codes.
const SOURCE: &str = "harness/drill/src/status.rs";

/// The page has a table of exit codes, with all codes of the source and their meanings, and no others.
pub(super) fn agree(tree: &Tree) -> Vec<Complaint> {
    let known = tree.get(SOURCE).map(|file| codes(&source::tokens_outside_tests(file)));
    let Some(known) = known.filter(|known| known.len() > 2) else {
        return vec![Complaint::of(SOURCE, "has no exit codes; tell this rule where they are now")];
    };
    let Some(page) = tree.get(PAGE) else {
        return vec![Complaint::of(PAGE, "is missing; write it")];
    };
    let told = table(&page.text);
    if told.is_empty() {
        return vec![Complaint::of(PAGE, "has no table of exit codes; write it")];
    }
    let mut found = Vec::new();
    for (code, meaning) in &known {
        match told.get(code) {
            None => found.push(Complaint::of(
                PAGE,
                format!("the table of exit codes lacks {code}; add it, as {SOURCE} has it"),
            )),
            Some((line, text)) if !meaning.is_empty() && !text.contains(meaning) => {
                let text = format!("exit code {code} means `{meaning}` in {SOURCE}; write that");
                found.push(Complaint::at(PAGE, *line, text));
            }
            Some(_) => {}
        }
    }
    let unknown = told.iter().filter(|(code, _)| !known.contains_key(*code));
    found.extend(unknown.map(|(code, (line, _))| {
        Complaint::at(PAGE, *line, format!("no command exits with {code}; remove the row"))
    }));
    found
}

/// The codes of the source, with their names in words. The name is empty if a code is for several errors.
fn codes(tokens: &[Token]) -> BTreeMap<u32, String> {
    let mut found = BTreeMap::new();
    for at in 3..tokens.len() {
        let is_arm = tokens[at - 2].is("=") && tokens[at - 1].is(">");
        if !is_arm || tokens[at].kind != Kind::Literal {
            continue;
        }
        if let Ok(code) = tokens[at].text.parse() {
            let variant = &tokens[at - 3];
            let meaning =
                if variant.kind == Kind::Ident { words(&variant.text) } else { String::new() };
            found.insert(code, meaning);
        }
    }
    found
}

/// Converts `NothingSelected` to `nothing selected`.
fn words(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push(' ');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

/// The rows of the page's table of exit codes: the line number, and the text in lower case.
///
/// The first heading of that table contains the word `exit` or `code`.
fn table(text: &str) -> BTreeMap<u32, (usize, String)> {
    let mut found = BTreeMap::new();
    let mut is_inside = false;
    for (at, line) in text.lines().enumerate() {
        let Some(row) = line.trim().strip_prefix('|') else {
            is_inside = false;
            continue;
        };
        let row = row.to_lowercase();
        let cell = row.split('|').next().unwrap_or_default().trim().trim_matches('`').to_owned();
        let is_heading = cell.split(' ').any(|word| ["exit", "code"].contains(&word));
        is_inside |= is_heading;
        if let (true, Ok(code)) = (is_inside, cell.parse()) {
            found.insert(code, (at + 1, row));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    #[test]
    fn a_table_that_is_wrong_is_seen() {
        let source = "fn code(self) -> u8 { match self { Self::Valid => 0, Self::Violation => 1,\n\
                      Self::HarnessFault => 70, Self::A(_) | Self::B(_) => 2 } }\n\
                      #[cfg(test)] mod tests { fn f() { match x { _ => 9 } } }";
        let readme = "| Exit code | meaning |\n|---|---|\n| 0 | all valid |\n| `1` | unknown |\n\
                      | 2 | usage |\n| 99 | odd |\n\n| seeds | |\n|---|---|\n| 7 | x |\n";
        insta::assert_snapshot!(red(agree, &[(SOURCE, source), (PAGE, readme)]), @"
        docs/commands.md:4: exit code 1 means `violation` in harness/drill/src/status.rs; write that
        docs/commands.md: the table of exit codes lacks 70; add it, as harness/drill/src/status.rs has it
        docs/commands.md:6: no command exits with 99; remove the row
        ");
        insta::assert_snapshot!(red(agree, &[(SOURCE, source), (PAGE, "No table.\n")]), @"docs/commands.md: has no table of exit codes; write it");
        insta::assert_snapshot!(red(agree, &[]), @"harness/drill/src/status.rs: has no exit codes; tell this rule where they are now");
    }
}
