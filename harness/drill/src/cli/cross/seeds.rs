//! Searches other seeds for a violation that only one simulator showed.
//!
//! If a planted bug is enabled, the violation is that of a check that the catalogue names for the bug, because that is
//! what the plan was found for; a bug often violates more, and what else is a matter of the run.
//!
//! A plan determines the faults, but not the order of tasks or the arrival of messages. These are drawn from the seed,
//! and each simulator draws differently. A plan that depends on such a draw shows its violation from another seed.

use chaosdrill_core::{Record, Seed, Verdict, limits::CROSS_BATCH_PLANS};

use super::{Pair, WorkersOfBoth, run};
use crate::{
    campaign::roots::Seeds,
    cli::{console::Bar, error::ExpectedError},
    interrupt,
    job::Job,
    registry::Registry,
};

/// A run that shows on one simulator what its plan showed on the other.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) job: Job,
    pub(super) checks: Vec<String>,
}

/// Finds the first of these seeds from which the side without a violation shows the violation of the other side.
pub(super) fn look(
    registry: &Registry,
    pair: &Pair,
    seeds: Seeds,
    workers: WorkersOfBoth,
) -> Result<Option<Shown>, ExpectedError> {
    let of_bug = checks_of_bug(registry, pair);
    let Some((checks, side)) = what_is_missed(&pair.differ, of_bug) else { return Ok(None) };
    let job = if side == Side::Here { &pair.here } else { &pair.there };
    for batch in seeds.chunks(CROSS_BATCH_PLANS as u64) {
        let jobs: Vec<Job> = batch.iter().map(|seed| from_seed(job, seed)).collect();
        let records = run(registry, &jobs, workers.of(job), &mut Bar::new(0, "seeds"))?;
        for (job, record) in jobs.into_iter().zip(records) {
            if record.is_some_and(|record| shows(&record, &checks)) {
                return Ok(Some(Shown { job, checks }));
            }
        }
        if interrupt::was_asked_for() {
            break;
        }
    }
    Ok(None)
}

/// One side of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Here,
    There,
}

/// The checks that one side violates, and the side that misses them: of the checks of the planted bug, or of all.
/// `None` unless exactly one side has violations.
fn what_is_missed(
    differ: &[(String, Verdict, Verdict)],
    of_bug: &[&str],
) -> Option<(Vec<String>, Side)> {
    let missed = |counts: &dyn Fn(&str) -> bool| {
        let violated = |side| -> Vec<String> {
            let is_violated = |(check, mine, others): &&(String, Verdict, Verdict)| {
                let verdict = if side == Side::Here { mine } else { others };
                *verdict == Verdict::Invalid && counts(check)
            };
            differ.iter().filter(is_violated).map(|(check, ..)| check.clone()).collect()
        };
        let (mine, others) = (violated(Side::Here), violated(Side::There));
        match (mine.is_empty(), others.is_empty()) {
            (false, true) => Some((mine, Side::There)),
            (true, false) => Some((others, Side::Here)),
            _ => None,
        }
    };
    missed(&|check| of_bug.contains(&check)).or_else(|| missed(&|_| true))
}

/// The checks that the catalogue names for the planted bug of a pair; none without one.
fn checks_of_bug(registry: &Registry, pair: &Pair) -> &'static [&'static str] {
    let id = pair.here.run.defect.as_deref();
    id.and_then(|id| registry.defect(id)).map_or(&[], |(_, bug)| bug.checks)
}

fn from_seed(job: &Job, seed: Seed) -> Job {
    let mut job = job.clone();
    (job.run.seed, job.plan.seed) = (seed, seed);
    job
}

fn shows(record: &Record, checks: &[String]) -> bool {
    let violates = |name: &String| {
        let mut found = record.checks.iter().filter(|check| check.name == *name);
        found.any(|check| check.verdict == Verdict::Invalid)
    };
    checks.iter().all(violates)
}

#[cfg(test)]
mod tests {
    use Verdict::{Invalid, Unknown, Valid};

    use super::*;

    fn missed(differ: &[(&str, Verdict, Verdict)]) -> Option<(Vec<String>, Side)> {
        missed_of(&[], differ)
    }

    fn missed_of(bug: &[&str], differ: &[(&str, Verdict, Verdict)]) -> Option<(Vec<String>, Side)> {
        let differ: Vec<_> =
            differ.iter().map(|(check, a, b)| ((*check).to_owned(), *a, *b)).collect();
        what_is_missed(&differ, bug)
    }

    #[test]
    fn the_side_without_a_violation_is_the_one_that_is_tried() {
        let one = || vec!["one".to_owned()];
        assert_eq!(missed(&[("one", Invalid, Valid)]), Some((one(), Side::There)));
        assert_eq!(
            missed(&[("one", Valid, Invalid), ("two", Unknown, Valid)]),
            Some((one(), Side::Here))
        );
    }

    #[test]
    fn where_both_violate_something_or_neither_does_no_seed_makes_them_agree() {
        assert_eq!(missed(&[("one", Invalid, Valid), ("two", Valid, Invalid)]), None);
        assert_eq!(missed(&[("one", Unknown, Valid)]), None);
        assert_eq!(missed(&[]), None);
    }

    #[test]
    fn the_checks_of_the_planted_bug_come_first() {
        let (one, two) = (("one", Invalid, Valid), ("two", Valid, Invalid));
        assert_eq!(missed_of(&["one"], &[one, two]), Some((vec!["one".to_owned()], Side::There)));
        assert_eq!(missed_of(&["two"], &[one, two]), Some((vec!["two".to_owned()], Side::Here)));
        assert_eq!(missed_of(&["three"], &[one]), Some((vec!["one".to_owned()], Side::There)));
    }
}
