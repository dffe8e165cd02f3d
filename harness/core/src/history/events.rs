//! A selection of the events of a history, in order, without copies.

use std::{iter::FusedIterator, slice};

use crate::trace::TraceEvent;

/// A selection of the events of a history, in order.
#[derive(Clone, Copy, Debug)]
pub struct Events<'h> {
    trace: &'h [TraceEvent],
    positions: &'h [usize],
}

/// An iterator over a selection of the events of a history.
#[derive(Clone, Debug)]
pub struct EventsIter<'h> {
    trace: &'h [TraceEvent],
    positions: slice::Iter<'h, usize>,
}

impl<'h> Events<'h> {
    pub(super) fn new(trace: &'h [TraceEvent], positions: &'h [usize]) -> Self {
        Self { trace, positions }
    }

    /// The number of events.
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// The event at an index, from 0.
    pub fn get(&self, place: usize) -> Option<&'h TraceEvent> {
        Some(&self.trace[*self.positions.get(place)?])
    }

    /// The first event.
    pub fn first(&self) -> Option<&'h TraceEvent> {
        self.get(0)
    }

    /// The last event.
    pub fn last(&self) -> Option<&'h TraceEvent> {
        self.get(self.len().checked_sub(1)?)
    }

    /// Iterates over the events.
    pub fn iter(&self) -> EventsIter<'h> {
        EventsIter { trace: self.trace, positions: self.positions.iter() }
    }

    /// The events after the one with this number, found by binary search.
    #[must_use]
    pub fn after(&self, seq: u64) -> Self {
        let first = self.positions.partition_point(|position| self.trace[*position].seq <= seq);
        Self { trace: self.trace, positions: &self.positions[first..] }
    }
}

impl<'h> IntoIterator for Events<'h> {
    type Item = &'h TraceEvent;
    type IntoIter = EventsIter<'h>;

    fn into_iter(self) -> EventsIter<'h> {
        self.iter()
    }
}

impl<'h> IntoIterator for &Events<'h> {
    type Item = &'h TraceEvent;
    type IntoIter = EventsIter<'h>;

    fn into_iter(self) -> EventsIter<'h> {
        self.iter()
    }
}

impl<'h> Iterator for EventsIter<'h> {
    type Item = &'h TraceEvent;

    fn next(&mut self) -> Option<&'h TraceEvent> {
        self.positions.next().map(|position| &self.trace[*position])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.positions.size_hint()
    }
}

impl DoubleEndedIterator for EventsIter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.positions.next_back().map(|position| &self.trace[*position])
    }
}

impl ExactSizeIterator for EventsIter<'_> {}

impl FusedIterator for EventsIter<'_> {}
