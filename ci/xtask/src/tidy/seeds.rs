//! All randomness comes from the seed, by streams with labels.

use crate::{
    source::{self, Name},
    tree::{Complaint, File, Tree},
};

/// Crates with sources of randomness.
const CRATES: [&str; 5] = ["rand", "fastrand", "getrandom", "rand_chacha", "rand_core"];

/// Names of sources of randomness, in any crate.
const WORDS: [&str; 9] = [
    "ChaCha8Rng",
    "RandomState",
    "SeedableRng",
    "from_entropy",
    "from_os_rng",
    "thread_rng",
    "getrandom",
    "getentropy",
    "OsRng",
];

/// A file that may name a source of randomness.
struct Exception {
    path: &'static str,
    words: &'static [&'static str],
    /// The number of lines that may name each of the words.
    lines_max: usize,
    why: &'static str,
}

const EXCEPTIONS: [Exception; 5] = [
    Exception {
        path: "harness/core/src/seed.rs",
        words: &["rand_chacha", "ChaCha8Rng", "SeedableRng"],
        lines_max: usize::MAX,
        why: "the streams are made here",
    },
    Exception {
        path: "harness/rt/src/rng.rs",
        words: &["getrandom"],
        lines_max: 1,
        why: "outside a simulation randomness is the operating system's",
    },
    Exception {
        path: "harness/rt/src/sim/turmoil/libc_override.rs",
        words: &["getrandom", "getentropy"],
        lines_max: usize::MAX,
        why: "libc's functions are replaced here",
    },
    Exception {
        path: "harness/rt/src/sim/mod.rs",
        words: &["fastrand"],
        lines_max: 1,
        why: "the generator of foreign code is seeded here, once",
    },
    Exception {
        path: "harness/rt/tests/it/time.rs",
        words: &["getrandom"],
        lines_max: 1,
        why: "the test draws to see that the override answers",
    },
];

/// No code draws randomness, except from a stream of the seed.
pub(super) fn one_seed(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for exception in &EXCEPTIONS {
        for word in exception.words {
            if tree.get(exception.path).is_none_or(|file| lines_that_draw(file, word).is_empty()) {
                let text = format!(
                    "no longer names `{word}` ({}); remove the exception from the rule",
                    exception.why
                );
                found.push(Complaint::of(exception.path, text));
            }
        }
    }
    for file in tree.rust() {
        for word in CRATES.iter().chain(&WORDS).copied().filter(|word| file.text.contains(word)) {
            let exception =
                EXCEPTIONS.iter().find(|it| it.path == file.path && it.words.contains(&word));
            let lines_max = exception.map_or(0, |exception| exception.lines_max);
            found.extend(lines_that_draw(file, word).into_iter().skip(lines_max).map(|line| {
                let text = format!(
                    "`{word}` does not draw from the seed; draw from `chaosdrill_rt::rng` or \
                     `Seed::stream`"
                );
                Complaint::at(&file.path, line, text)
            }));
        }
    }
    found
}

/// The lines in which a file names a source of randomness, sorted, without duplicates.
fn lines_that_draw(file: &File, word: &str) -> Vec<usize> {
    let names = source::names(&source::tokens(file));
    let is_draw = |name: &&Name| {
        let is_crate = CRATES.contains(&word) && name.parts.len() > 1 && name.parts[0] == word;
        let is_word = |part: &String| WORDS.contains(&word) && part == word;
        is_crate || name.parts.iter().any(is_word)
    };
    let mut lines: Vec<usize> = names.iter().filter(is_draw).map(|name| name.line).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::red;

    #[test]
    fn randomness_beside_the_seed_is_seen() {
        let files = [
            ("harness/core/src/seed.rs", "use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};"),
            ("harness/rt/src/rng.rs", "fn u64() { getrandom::u64() }"),
            (
                "harness/rt/src/sim/turmoil/libc_override.rs",
                "fn getrandom() {}\nfn getentropy() {}",
            ),
            ("harness/rt/src/sim/mod.rs", "fn f() { fastrand::seed(1);\n fastrand::u64(..) }"),
            ("harness/drill/src/a.rs", "use rand::Rng;\nuse std::hash::RandomState;"),
            ("harness/drill/src/b.rs", "// rand::Rng\nfn f(x: ChaCha8Rng) { x.rand() }"),
            ("harness/drill/src/c.rs", "use rand as dice;\nfn f() { dice::random() }"),
        ];
        insta::assert_snapshot!(red(one_seed, &files), @"
        harness/rt/tests/it/time.rs: no longer names `getrandom` (the test draws to see that the override answers); remove the exception from the rule
        harness/drill/src/a.rs:1: `rand` does not draw from the seed; draw from `chaosdrill_rt::rng` or `Seed::stream`
        harness/drill/src/a.rs:2: `RandomState` does not draw from the seed; draw from `chaosdrill_rt::rng` or `Seed::stream`
        harness/drill/src/b.rs:2: `ChaCha8Rng` does not draw from the seed; draw from `chaosdrill_rt::rng` or `Seed::stream`
        harness/drill/src/c.rs:2: `rand` does not draw from the seed; draw from `chaosdrill_rt::rng` or `Seed::stream`
        harness/rt/src/sim/mod.rs:2: `fastrand` does not draw from the seed; draw from `chaosdrill_rt::rng` or `Seed::stream`
        ");
    }
}
