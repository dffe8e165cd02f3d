//! Checks, which judge a run, and marks, which a campaign must reach. Both are pure functions of the history.
//!
//! **Always** checks state safety and are judged on the whole run. **Eventually** checks state liveness and are judged
//! on the history up to their bound after the faults have healed. A **mark** states that an event must happen at least
//! once in a campaign; without it, the drill was vacuous (`sometimes`, after Antithesis).

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    history::History,
    verdict::{Outcome, Verdict},
};

/// When a check is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// At every instant: safety.
    Always,
    /// Within this much virtual time after heal: liveness.
    Eventually(Duration),
}

/// How much a violation matters, declared by the check.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Data is lost, doubled or wrong.
    #[default]
    High,
    /// Work is late, or done more often than it should be.
    Medium,
    /// What is reported to users is wrong.
    Low,
}

impl Priority {
    /// The name in records and on the terminal.
    pub fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

type Judge = Arc<dyn Fn(&History) -> Outcome + Send + Sync>;

/// A named, pure function of the history that returns a verdict.
#[derive(Clone)]
pub struct Check {
    /// The name, by which people grep for it.
    pub name: String,
    /// When the check is judged.
    pub kind: Kind,
    /// How much a violation matters.
    pub priority: Priority,
    judge: Judge,
}

impl Check {
    /// A safety check; [`Check::within`] turns it into a liveness check.
    pub fn new(
        name: impl Into<String>,
        judge: impl Fn(&History) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            kind: Kind::Always,
            priority: Priority::High,
            judge: Arc::new(judge),
        }
    }

    /// Sets the priority.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Makes it a liveness check, judged up to `bound` of virtual time after heal.
    #[must_use]
    pub fn within(mut self, bound: Duration) -> Self {
        self.kind = Kind::Eventually(bound);
        self
    }

    /// Judges a whole run. A check that panics is unknown, never valid.
    pub fn judge(&self, history: &History) -> Outcome {
        match self.kind {
            Kind::Always => self.judge_now(history),
            Kind::Eventually(bound) => match history.healed_at() {
                Some(healed) => self.judge_now(&history.until(healed.saturating_add(bound))),
                None => Outcome::unknown("the run ended before the faults were healed"),
            },
        }
    }

    /// Judges the history so far, regardless of the check's kind.
    pub fn judge_now(&self, history: &History) -> Outcome {
        let judged = catch_unwind(AssertUnwindSafe(|| (self.judge)(history)));
        judged.unwrap_or_else(|panic| {
            Outcome::unknown(format!("the check panicked: {}", panic_message(&*panic)))
        })
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// The message of a panic.
pub fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a value that is not text".to_owned())
}

/// An event that must happen at least once in a campaign.
#[derive(Clone)]
pub struct Mark {
    /// The name.
    pub name: String,
    count: Arc<dyn Fn(&History) -> u64 + Send + Sync>,
}

impl Mark {
    /// A mark whose hits are counted by `count`.
    pub fn new(
        name: impl Into<String>,
        count: impl Fn(&History) -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), count: Arc::new(count) }
    }

    /// A mark that counts the observations of hosts under one name.
    pub fn observed(name: &'static str) -> Self {
        Self::new(name, move |history| history.observed(name).count() as u64)
    }

    /// The number of hits; 0 if the mark panics.
    pub fn count(&self, history: &History) -> u64 {
        catch_unwind(AssertUnwindSafe(|| (self.count)(history))).unwrap_or(0)
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mark").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The worst verdict among outcomes; valid if there are no outcomes.
pub fn worst<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Verdict {
    outcomes.into_iter().map(|outcome| outcome.verdict).max().unwrap_or(Verdict::Valid)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{
        history::HEAL,
        trace::{EventKind, Trace},
    };

    fn history(events: &[(u64, EventKind, &str)]) -> History<'static> {
        let mut trace = Trace::default();
        for (second, kind, name) in events {
            trace.push(Duration::from_secs(*second), "h", *kind, name, Value::Null);
        }
        History::from_events(trace.into_events())
    }

    fn done() -> Check {
        Check::new("done", |history| match history.observed("done").next() {
            Some(_) => Outcome::valid(),
            None => Outcome::invalid("never done", []),
        })
    }

    #[test]
    fn liveness_is_judged_up_to_its_bound_after_heal() {
        let late = history(&[(1, EventKind::Phase, HEAL), (20, EventKind::Observe, "done")]);
        assert_eq!(done().within(Duration::from_secs(10)).judge(&late).verdict, Verdict::Invalid);
        assert_eq!(done().within(Duration::from_secs(19)).judge(&late).verdict, Verdict::Valid);
        assert_eq!(done().judge(&late).verdict, Verdict::Valid);
        let never_healed = history(&[(20, EventKind::Observe, "done")]);
        assert_eq!(
            done().within(Duration::from_secs(10)).judge(&never_healed).verdict,
            Verdict::Unknown
        );
    }

    #[test]
    fn a_check_that_panics_is_unknown() {
        let broken = Check::new("broken", |history| panic!("no event {}", history.events().len()));
        assert_eq!(
            broken.judge(&History::default()),
            Outcome::unknown("the check panicked: no event 0")
        );
    }

    #[test]
    fn marks_count() {
        let twice = history(&[(1, EventKind::Observe, "late"), (2, EventKind::Observe, "late")]);
        assert_eq!(Mark::observed("late").count(&twice), 2);
        assert_eq!(Mark::new("broken", |_| panic!("no")).count(&twice), 0);
    }
}
