//! What faults did to one piece of work: a check excuses it only by a fault that could reach it.

use chaosdrill::{
    Event, History, Operation,
    vocabulary::{FaultChange, HostChange, Strike},
};

/// The host of the database.
const DATABASE: &str = "db";

/// A stretch of a history.
#[derive(Clone, Copy)]
pub(crate) struct Stretch<'a> {
    history: &'a History<'a>,
    /// The number of its first event.
    from: u64,
    /// The number of the first event after it.
    until: u64,
}

impl<'a> Stretch<'a> {
    pub(crate) fn new(history: &'a History<'_>, from: u64, until: u64) -> Self {
        Self { history, from, until }
    }

    /// From the start of an operation to its end.
    pub(crate) fn of(history: &'a History<'_>, op: &Operation<'_>) -> Self {
        Self::new(history, op.invoke.seq, op.end.map_or(u64::MAX, |end| end.seq))
    }

    /// Whether a fault struck the host at one of these sites.
    pub(crate) fn was_struck(&self, host: &str, sites: &[&str]) -> bool {
        self.on(host).any(|event| sites.contains(&event.struck_site()))
    }

    /// Whether a step of the host at one of these sites failed, or its answer was lost.
    pub(crate) fn has_failed(&self, host: &str, sites: &[&str]) -> bool {
        let failures = [Strike::ERROR, Strike::LOST_ACK];
        self.on(host).any(|event| {
            sites.contains(&event.struck_site()) && failures.contains(&event.name.as_str())
        })
    }

    /// Whether the host went down or stalled.
    pub(crate) fn was_hurt(&self, host: &str) -> bool {
        self.on(host).any(|event| {
            let change = event.host_change();
            matches!(change, Some(HostChange::Down(_) | HostChange::Stalled { .. }))
        })
    }

    /// Whether the host could not reach the database: it was down, or the link to it was cut or held up.
    pub(crate) fn was_without_database(&self, host: &str) -> bool {
        let is_down = self.was_in_force(|event| match (event.fault(), event.host_change()) {
            (Some(FaultChange::Struck(strike)), _) => {
                (strike.family() == Strike::DATABASE_DOWN).then_some(true)
            }
            (_, Some(HostChange::Up { .. })) => (event.host == DATABASE).then_some(false),
            _ => None,
        });
        is_down || self.was_cut(host, DATABASE)
    }

    /// Whether the link between two hosts was cut or held up.
    pub(crate) fn was_cut(&self, one: &str, other: &str) -> bool {
        let is_between = |hosts: &[&str]| hosts.contains(&one) && hosts.contains(&other);
        [Strike::PARTITION, Strike::CLOG].into_iter().any(|family| {
            self.was_in_force(|event| match event.fault()? {
                FaultChange::Struck(strike) => {
                    let is_it = strike.family() == family && is_between(&strike.in_force_on());
                    is_it.then_some(true)
                }
                FaultChange::Ended { end, between } => {
                    (end.family() == family && is_between(&between)).then_some(false)
                }
            })
        })
    }

    /// Whether a fault was in force that may have begun earlier. The function says whether an event begins it or ends
    /// it; `None` if it does neither.
    fn was_in_force(&self, change: impl Fn(&Event) -> Option<bool>) -> bool {
        let mut was = false;
        for event in self.history.events().iter().take_while(|event| event.seq < self.until) {
            match change(event) {
                Some(true) => was = true,
                Some(false) if event.seq < self.from => was = false,
                _ => {}
            }
        }
        was
    }

    fn on(&self, host: &str) -> impl Iterator<Item = &'a Event> {
        let later = self.history.on_host(host).after(self.from.saturating_sub(1));
        let until = self.until;
        later.iter().take_while(move |event| event.seq < until)
    }
}
