//! The words of the field that reports use, each with one plain sentence.
//!
//! The list is the table of the page `docs/glossary.md`, which says each word once for all. A report shows the words
//! that it uses.

const PAGE: &str = include_str!("../../docs/glossary.md");

/// The words and their sentences, in alphabetical order.
pub fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    // The first row is the head of the table.
    rows.skip(1).filter_map(|row| row.split_once(" | "))
}

/// The entries whose word is in a text.
pub(crate) fn used_in(text: &str) -> Vec<(&'static str, &'static str)> {
    let text = text.to_lowercase();
    entries().filter(|(word, _)| forms(word).iter().any(|form| has(&text, form))).collect()
}

/// A word, and its plural.
fn forms(word: &str) -> [String; 2] {
    let plural = match word.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if word.ends_with("is") => format!("{}es", &word[..word.len() - 2]),
        None => format!("{word}s"),
    };
    [word.to_owned(), plural]
}

/// Whether a text has a word that is not a part of a longer one.
fn has(text: &str, word: &str) -> bool {
    let is_outside = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    text.match_indices(word).any(|(at, _)| {
        is_outside(text[..at].chars().next_back())
            && is_outside(text[at + word.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_sorted_sentences() {
        assert!(entries().is_sorted_by(|a, b| a.0 < b.0));
        assert!(entries().count() > 30);
        for (word, sentence) in entries() {
            assert!(sentence.ends_with('.') && !sentence[..sentence.len() - 1].contains(". "));
            assert!(sentence.starts_with(char::is_uppercase), "{word}: {sentence}");
        }
    }

    #[test]
    fn a_word_is_found_whole_and_in_the_plural() {
        let words = |text| used_in(text).iter().map(|(word, _)| *word).collect::<Vec<_>>();
        assert_eq!(
            words("The seed 0x2a, by two nemeses at boundaries"),
            ["boundary", "nemesis", "seed"]
        );
        assert_eq!(words("opposite, seedling, no_check, Smallest plan"), ["plan", "smallest plan"]);
    }
}
