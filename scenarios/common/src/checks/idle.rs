//! The time in which a host could do nothing, because it was down or stood still.

use std::time::Duration;

use chaosdrill::{
    Event, History,
    vocabulary::{Cause, HostChange},
};

/// Whether the event takes its host down. A program that ends or panics does so by itself, and is no excuse.
pub fn is_taken_down(event: &Event) -> bool {
    match event.host_change() {
        Some(HostChange::Down(cause)) => !matches!(cause, Some(Cause::Panic(_))),
        _ => false,
    }
}

/// How long a host was down or stood still between two instants.
pub fn idle_time(history: &History, host: &str, from: Duration, until: Duration) -> Duration {
    let overlap = |start: Duration, end: Duration| end.min(until).saturating_sub(start.max(from));
    let mut since = None;
    let mut idle = Duration::ZERO;
    for event in history.events().iter().filter(|event| event.host == host) {
        match event.host_change() {
            Some(HostChange::Stalled { .. }) => {
                since.get_or_insert(event.at());
            }
            _ if is_taken_down(event) => {
                since.get_or_insert(event.at());
            }
            Some(HostChange::Up { .. } | HostChange::Resumed) => {
                idle += since.take().map_or(Duration::ZERO, |start| overlap(start, event.at()));
            }
            _ => {}
        }
    }
    let end = history.events().last().map(Event::at).unwrap_or_default();
    idle + since.map_or(Duration::ZERO, |start| overlap(start, end))
}
