//! Static checks: they check sources, texts and registries, and run nothing.
//!
//! A static check reads one source of truth, and fails if that is missing: a check without input protects nothing. Its
//! planted bug is a copy of that source with the mistake in it, read in the same way.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

use chaosdrill_core::{Outcome, check};

type Examine = Arc<dyn Fn(&Path) -> Outcome + Send + Sync>;

/// A named check of a file or a folder.
#[derive(Clone)]
pub struct StaticCheck {
    pub(crate) name: &'static str,
    pub(crate) claim: &'static str,
    root: PathBuf,
    examine: Examine,
    planted: Vec<(&'static str, PathBuf)>,
}

impl StaticCheck {
    /// Creates a check of `root`, a file or a folder, with its claim and the function that judges it.
    pub fn new(
        name: &'static str,
        claim: &'static str,
        root: impl Into<PathBuf>,
        examine: impl Fn(&Path) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        let (root, examine) = (root.into(), Arc::new(examine));
        Self { name, claim, root, examine, planted: Vec::new() }
    }

    /// Adds a copy of the source of truth that carries a planted bug.
    #[must_use]
    pub fn planted(mut self, defect: &'static str, root: impl Into<PathBuf>) -> Self {
        self.planted.push((defect, root.into()));
        self
    }

    /// Judges the source of truth.
    pub fn judge(&self) -> Outcome {
        self.judge_at(&self.root)
    }

    /// Judges the copy that carries a planted bug; `None` if the check has no such copy.
    pub(crate) fn judge_planted(&self, defect: &str) -> Option<Outcome> {
        let copy = self.planted.iter().find(|(id, _)| *id == defect);
        copy.map(|(_, root)| self.judge_at(root))
    }

    fn judge_at(&self, root: &Path) -> Outcome {
        if !root.exists() {
            return Outcome::unknown(format!(
                "{} does not exist, so `{}` has nothing to check",
                root.display(),
                self.name
            ));
        }
        let judged = catch_unwind(AssertUnwindSafe(|| (self.examine)(root)));
        judged.unwrap_or_else(|panic| {
            let message = check::panic_message(&*panic);
            Outcome::unknown(format!("the static check panicked: {message}"))
        })
    }
}

impl fmt::Debug for StaticCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticCheck").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chaosdrill_core::Verdict;

    use super::*;

    fn says(words: &'static str) -> impl Fn(&Path) -> Outcome {
        move |root| match std::fs::read_to_string(root) {
            Ok(text) if text.contains(words) => Outcome::valid(),
            _ => Outcome::invalid(format!("it does not say `{words}`"), []),
        }
    }

    #[test]
    fn a_planted_copy_is_judged_by_the_same_eyes() {
        let folder = tempfile::tempdir().expect("a folder");
        let (right, wrong) = (folder.path().join("right"), folder.path().join("wrong"));
        std::fs::write(&right, "retry later").expect("a file");
        std::fs::write(&wrong, "contact support").expect("a file");
        let check = StaticCheck::new("it_says_retry", "it says retry", right, says("retry"));
        let check = check.planted("X1", wrong);
        assert_eq!(check.judge().verdict, Verdict::Valid);
        assert_eq!(check.judge_planted("X1").expect("planted").verdict, Verdict::Invalid);
        assert!(check.judge_planted("X2").is_none());
    }

    #[test]
    fn a_static_check_without_its_source_of_truth_is_unknown() {
        let check =
            StaticCheck::new("it_says_retry", "it says retry", "no/such/file", says("retry"));
        assert_eq!(check.judge().verdict, Verdict::Unknown);
        let broken = StaticCheck::new("broken", "broken", ".", |_| panic!("no"));
        assert_eq!(broken.judge(), Outcome::unknown("the static check panicked: no"));
    }
}
