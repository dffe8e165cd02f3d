//! The words of the field that reports use, each with one plain sentence.
//!
//! A page shows the words that it uses. A glossary in the documentation can be made from the same list.

/// The words and their sentences, in alphabetical order.
pub fn entries() -> &'static [(&'static str, &'static str)] {
    &ENTRIES
}

const ENTRIES: [(&str, &str); 32] = [
    (
        "boundary",
        "A step at which a host touches the outside world, such as a statement or a message.",
    ),
    ("campaign", "All runs that were started together, with their results."),
    ("check", "A function that reads the history of a run and decides whether something held."),
    ("claim", "The sentence that a scenario puts to the test."),
    ("client", "A host that sends the workload; no fault strikes it."),
    ("clog", "A fault that holds back all messages between two hosts for a time."),
    ("crash window", "The time between two steps of a pipeline in which a crash is dangerous."),
    ("digest", "A hash of everything that happened in a run; equal runs have equal digests."),
    (
        "failpoint",
        "A site that is named in the code of the pipeline only so that a fault can strike there.",
    ),
    ("fault", "Something that the drill does to a run, such as a crash, a stall or a lost answer."),
    ("finding", "All runs that violate the same check at the same sites, reported as one."),
    (
        "goal",
        "Something that a campaign of all scenarios must do at least once, such as a crash in a given window.",
    ),
    (
        "heal",
        "The instant at which all faults of a run end; from then on the pipeline must recover.",
    ),
    ("hit", "One pass of a site, or one event that a mark or a goal waits for."),
    ("invalid", "The verdict if a check was violated."),
    ("kept plan", "A plan that once showed a violation and now runs first in every campaign."),
    ("lost-ack", "A fault in which a step takes effect and its answer is lost."),
    (
        "mark",
        "An event that the runs of a scenario must show at least once, so that the claim is really tested.",
    ),
    ("nemesis", "What chooses the faults of a run: a script, a swarm or a sweep."),
    ("planted bug", "A bug that is enabled on purpose, to prove that a check can fail."),
    ("scenario", "A claim with the hosts, the workload, the faults and the checks that test it."),
    ("script", "The nemesis whose faults the author of the scenario wrote down."),
    (
        "seed",
        "The number that determines everything random in a run; the same seed gives the same run.",
    ),
    (
        "site",
        "The name of a boundary, such as the name of a statement; a host passes it many times.",
    ),
    ("smallest plan", "The fewest faults that still violate the same check."),
    ("swarm", "The nemesis that draws faults at random from the seed."),
    ("sweep", "The nemesis that tries each fault at each boundary, one at a time."),
    ("unknown", "The verdict if it cannot be said whether everything held."),
    ("valid", "The verdict if every check held."),
    ("verdict", "The result of a check, a run or a campaign: valid, invalid or unknown."),
    ("virtual time", "The time on the clock of a run, which jumps over every wait."),
    ("witness", "The events of a run that show why a check was violated."),
];

/// The entries whose word is in a text.
pub(crate) fn used_in(text: &str) -> Vec<&'static (&'static str, &'static str)> {
    let text = text.to_lowercase();
    ENTRIES.iter().filter(|(word, _)| forms(word).iter().any(|form| has(&text, form))).collect()
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
        assert!(ENTRIES.is_sorted_by(|a, b| a.0 < b.0));
        for (word, sentence) in ENTRIES {
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
        assert_eq!(words("opposite, seedling, no_check, Smallest plan"), ["smallest plan"]);
    }
}
