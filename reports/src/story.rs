//! One run in full: its record, its plans, and its events.

use chaosdrill_core::{Plan, Record, RunId, TraceEvent};

/// One run with the contents of its folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// Its record.
    pub record: Record,
    /// Its plan.
    pub plan: Option<Plan>,
    /// The smallest plan with the same violated check.
    pub minimal: Option<Plan>,
    /// The run of that plan, which has fewer faults to explain; `None` if it was not kept.
    pub smallest: Option<Box<Story>>,
    /// Its events, as far as they could be read.
    pub events: Vec<TraceEvent>,
    /// Notes on files that could not be read.
    pub notes: Vec<String>,
}

impl Story {
    /// A run with only its record.
    pub fn of(record: Record) -> Self {
        Self {
            record,
            plan: None,
            minimal: None,
            smallest: None,
            events: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The story to tell: that of the smallest plan if its run was kept.
    pub fn simplest(&self) -> &Self {
        self.smallest.as_deref().unwrap_or(self)
    }

    /// The event with this number.
    pub(crate) fn event(&self, number: u64) -> Option<&TraceEvent> {
        // Numbers count from 1 without a gap, unless the trace is damaged.
        let there = usize::try_from(number).ok()?.checked_sub(1).and_then(|i| self.events.get(i));
        there
            .filter(|event| event.seq == number)
            .or_else(|| self.events.iter().find(|event| event.seq == number))
    }
}

/// The story of one run.
pub(crate) fn of<'a>(stories: &'a [Story], run: &RunId) -> Option<&'a Story> {
    stories.iter().find(|story| story.record.run == *run)
}
