//! Static checks of the target's sources: its failpoints are named in the catalogue, and code for tests is compiled for
//! tests only.
//!
//! Sources are compared as tokens, so that a line break, a comment or a raw string hides nothing. Fixture files end
//! with `.rs.txt`, so that no other tool takes them for code.

use std::path::{Path, PathBuf};

use chaosdrill::{Outcome, StaticCheck};

/// The static checks of the target.
pub(crate) fn guards() -> Vec<StaticCheck> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (source, fixtures) = (root.join("../../targets/recovery/src"), root.join("fixtures"));
    vec![
        StaticCheck::new(
            "failpoints_are_named_in_the_catalogue",
            "every failpoint is named by a constant of the catalogue, and every constant is used",
            source.clone(),
            failpoints_are_named_in_the_catalogue,
        )
        .planted("G25", fixtures.join("G25")),
        StaticCheck::new(
            "nothing_for_tests_is_in_production",
            "functions that bypass the protocol are compiled only for tests",
            source.clone(),
            nothing_for_tests_is_in_production,
        )
        .planted("G37", fixtures.join("G37")),
        StaticCheck::new(
            "no_write_is_without_a_condition",
            "a write without a condition is compiled only for tests and for planted bugs, whatever its name",
            source,
            no_write_is_without_a_condition,
        )
        .planted("G57", fixtures.join("G57")),
    ]
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text,
    Mark(char),
}

impl Token {
    fn is(&self, mark: char) -> bool {
        *self == Self::Mark(mark)
    }

    fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Text | Self::Mark(_) => None,
        }
    }
}

/// The words, strings and punctuation of a source, each with its line; comments and whitespace are skipped.
fn tokens(source: &str) -> Vec<(usize, Token)> {
    let letters: Vec<char> = source.chars().collect();
    let (mut at, mut line, mut found) = (0, 1, Vec::new());
    while at < letters.len() {
        let begin = at;
        let rest = &letters[at..];
        if rest.starts_with(&['/', '/']) {
            at += rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
        } else if rest.starts_with(&['/', '*']) {
            at += comment_length(rest);
        } else if let Some(length) = text_length(rest) {
            found.push((line, Token::Text));
            at += length;
        } else if rest[0].is_alphanumeric() || rest[0] == '_' {
            let length = rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
            found.push((line, Token::Word(rest[..length].iter().collect())));
            at += length;
        } else {
            if !rest[0].is_whitespace() {
                found.push((line, Token::Mark(rest[0])));
            }
            at += 1;
        }
        line += letters[begin..at].iter().filter(|c| **c == '\n').count();
    }
    found
}

/// The length of a block comment, which may contain others.
fn comment_length(letters: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < letters.len() {
        let step = match &letters[at..] {
            ['/', '*', ..] => Some(1),
            ['*', '/', ..] => Some(-1),
            _ => None,
        };
        depth += step.unwrap_or(0);
        at += if step.is_some() { 2 } else { 1 };
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of a raw or plain string, or of a character literal; `None` if none begins here.
fn text_length(letters: &[char]) -> Option<usize> {
    if let ['\'', '\\', ..] | ['\'', _, '\'', ..] = letters {
        let end = letters.iter().skip(2).position(|c| *c == '\'')?;
        return Some(end + 3);
    }
    let prefix = letters.iter().take_while(|c| matches!(c, 'b' | 'c' | 'r')).count();
    let is_raw = letters[..prefix].contains(&'r');
    let hashes = letters[prefix..].iter().take_while(|c| is_raw && **c == '#').count();
    if prefix > 2 || letters.get(prefix + hashes) != Some(&'"') {
        return None;
    }
    let mut at = prefix + hashes + 1;
    while at < letters.len() {
        if letters[at] == '\\' && !is_raw {
            at += 2;
            continue;
        }
        let is_end = letters[at] == '"' && letters[at + 1..].iter().take(hashes).all(|c| *c == '#');
        at += 1;
        if is_end {
            return Some((at + hashes).min(letters.len()));
        }
    }
    Some(letters.len())
}

/// All sources below a folder, in order: name and tokens. Panics if a source cannot be read; the verdict is then
/// unknown.
fn sources(root: &Path) -> Vec<(String, Vec<(usize, Token)>)> {
    let mut folders = vec![root.to_owned()];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("an entry").path();
            let name = path.to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") || name.ends_with(".rs.txt") {
                files.push(path);
            }
        }
    }
    files.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).expect("a source can be read");
        let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
        (name.trim_end_matches(".txt").to_owned(), tokens(&text))
    };
    files.iter().map(read).collect()
}

fn failpoints_are_named_in_the_catalogue(root: &Path) -> Outcome {
    let sources = sources(root);
    let Some((_, catalogue)) = sources.iter().find(|(name, _)| name == "failpoints.rs") else {
        return Outcome::unknown("there is no catalogue failpoints.rs");
    };
    let known: Vec<&str> = catalogue
        .windows(4)
        .filter(|all| all[0].1.word() == Some("const") && all[2].1.is(':') && all[3].1.is('&'))
        .filter_map(|all| all[1].1.word())
        .filter(|name| *name != "ALL")
        .collect();
    let mut passed = Vec::new();
    for (name, tokens) in &sources {
        for (at, (line, token)) in tokens.iter().enumerate() {
            let place = format!("{name}:{line}");
            // A direct use of the `fail` crate would bypass the catalogue.
            let direct = tokens[at..].iter().take(4).map(|(_, token)| token).collect::<Vec<_>>();
            if let [Token::Word(krate), Token::Mark(':'), Token::Mark(':'), Token::Word(what)] =
                direct[..]
                && krate == "fail"
                && matches!(what.as_str(), "fail_point" | "cfg" | "cfg_callback" | "eval")
            {
                return Outcome::invalid(format!("{place} uses fail::{what} itself"), []);
            }
            let is_call = token.word() == Some("fail_point")
                && tokens.get(at + 1).is_some_and(|next| next.1.is('!'));
            if !is_call {
                continue;
            }
            let inside =
                tokens[at + 3..].iter().take_while(|(_, token)| !token.is(')') && !token.is(','));
            match inside.map(|(_, token)| token).last() {
                Some(Token::Word(word)) if known.contains(&word.as_str()) => {
                    passed.push(word.clone());
                }
                Some(Token::Word(word)) => {
                    return Outcome::invalid(
                        format!("{place} passes {word}, which is in no catalogue"),
                        [],
                    );
                }
                _ => {
                    return Outcome::invalid(format!("{place} names a failpoint by a literal"), []);
                }
            }
        }
    }
    if passed.is_empty() {
        return Outcome::unknown("no failpoint is passed anywhere, so there is nothing to check");
    }
    let idle = known.iter().find(|name| !passed.iter().any(|passed| passed == *name));
    Outcome::unless(idle.map(|name| Outcome::invalid(format!("{name} is never passed"), [])))
}

fn nothing_for_tests_is_in_production(root: &Path) -> Outcome {
    let mut count = 0;
    for (name, tokens) in sources(root) {
        let words: Vec<&Token> = tokens.iter().map(|(_, token)| token).collect();
        for at in 0..words.len().saturating_sub(1) {
            let is_item = words[at].word() == Some("fn")
                && words[at + 1].word().is_some_and(|name| name.ends_with("_for_tests"));
            if !is_item {
                continue;
            }
            count += 1;
            if !is_behind_cfg(&words[..at], &["test"]) {
                let line = tokens[at].0;
                let item = words[at + 1].word().unwrap_or_default();
                return Outcome::invalid(
                    format!("{name}:{line} {item} is compiled in production"),
                    [],
                );
            }
        }
    }
    if count == 0 {
        return Outcome::unknown("no function is for tests only, so there is nothing to check");
    }
    Outcome::valid()
}

/// Every put that overwrites, whatever the name of its function.
fn no_write_is_without_a_condition(root: &Path) -> Outcome {
    let mut count = 0;
    for (name, tokens) in sources(root) {
        let words: Vec<&Token> = tokens.iter().map(|(_, token)| token).collect();
        for (at, (line, token)) in tokens.iter().enumerate() {
            if token.word() != Some("Overwrite") {
                continue;
            }
            count += 1;
            let item = words[..at].iter().rposition(|token| token.word() == Some("fn"));
            if !is_behind_cfg(&words[..item.unwrap_or(0)], &["test", "feature"]) {
                let why = format!("{name}:{line} overwrites whatever is there, in production");
                return Outcome::invalid(why, []);
            }
        }
    }
    if count == 0 {
        return Outcome::unknown("nothing is ever overwritten, so there is nothing to check");
    }
    Outcome::valid()
}

/// Whether the tokens before an item contain `#[cfg(test)]`, or a `cfg` of another of these conditions.
fn is_behind_cfg(before: &[&Token], conditions: &[&str]) -> bool {
    let is_end = |token: &&Token| token.is(';') || token.is('}') || token.is('{');
    let begin = before.iter().rposition(is_end).map_or(0, |at| at + 1);
    before[begin..].windows(4).any(|all| {
        let is_condition = all[2].word().is_some_and(|word| conditions.contains(&word));
        all[0].word() == Some("cfg") && all[1].is('(') && is_condition
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let catalogue = "pub const A: &str = \"a\";\npub const ALL: &[&str] = &[A];\n";
        std::fs::write(folder.path().join("failpoints.rs"), catalogue).expect("a file");
        std::fs::write(folder.path().join("lib.rs"), text).expect("a file");
        failpoints_are_named_in_the_catalogue(folder.path()).why
    }

    #[test]
    fn no_spelling_hides_a_name() {
        assert_eq!(check("fail_point!(crate::failpoints::A)?;"), "");
        assert_eq!(check("// fail_point!(\"a\")\nfail_point!(A)"), "");
        for literal in ["\"a\"", "\n  \"a\"", "r#\"a\"#", "&\"a\"", "/* why */ \"a\"", "b\"a\""] {
            let said = check(&format!("fail_point! (A); fail_point\n!\n({literal})?;"));
            assert_eq!(
                said.split_once(' ').map(|(_, said)| said),
                Some("names a failpoint by a literal"),
                "{literal}"
            );
        }
        assert_eq!(
            check("fail_point!(A); fail_point!(OTHER)"),
            "lib.rs:1 passes OTHER, which is in no catalogue"
        );
        assert_eq!(
            check("fail_point!(A); fail::cfg(\"a\", \"off\")"),
            "lib.rs:1 uses fail::cfg itself"
        );
        assert_eq!(
            check("fn f() {}"),
            "no failpoint is passed anywhere, so there is nothing to check"
        );
    }
}
