//! What is known of one run beyond its record: its plans, and its events.

use chaosdrill_core::{Plan, Record, RunId, TraceEvent};

/// One run with everything that its folder tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// What is written down of it.
    pub record: Record,
    /// Its plan.
    pub plan: Option<Plan>,
    /// The smallest plan with the same violated check.
    pub minimal: Option<Plan>,
    /// Everything that happened, as far as it could be read.
    pub events: Vec<TraceEvent>,
    /// What could not be read, in words.
    pub notes: Vec<String>,
}

impl Story {
    /// A run of which there is only the record.
    pub fn of(record: Record) -> Self {
        Self { record, plan: None, minimal: None, events: Vec::new(), notes: Vec::new() }
    }

    /// The event of a number.
    pub(crate) fn event(&self, number: u64) -> Option<&TraceEvent> {
        // Numbers count from 1 without a hole, unless the trace was damaged.
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
