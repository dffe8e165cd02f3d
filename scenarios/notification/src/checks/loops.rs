//! Checks the loops of the servers: when they tick, and when their sweeps end.

use std::time::Duration;

use chaosdrill::{Check, Event, EventKind, History, Outcome, Priority, vocabulary::HostChange};

/// How far a tick or an end may be from its time: timers round to whole milliseconds, and a loop takes time to get its
/// turn.
const OFF_MAX: Duration = Duration::from_millis(100);

/// How long a start may take if nothing disturbs it: several may have to wait for each other.
const START_MAX: Duration = Duration::from_secs(30);

/// How long a server that was asked to shut down may take until it reports that it is drained. It ticks no more.
const DRAIN_MAX: Duration = Duration::from_secs(30);

/// When a loop ticks, and how long one of its sweeps may take.
#[derive(Clone, Copy)]
pub(crate) struct LoopTimes {
    /// The time between two ticks.
    pub(crate) every: Duration,
    /// Maximum duration of one sweep.
    pub(crate) timeout: Duration,
}

/// The servers of a scenario, and their loops.
#[derive(Clone, Copy)]
pub(crate) struct Servers {
    /// Their names.
    pub(crate) names: &'static [&'static str],
    /// The loop that sends pending notifications.
    pub(crate) processor: LoopTimes,
    /// The loop that sends failed notifications again.
    pub(crate) retry: LoopTimes,
}

/// A loop of one server.
#[derive(Clone, Copy)]
struct Loop {
    server: &'static str,
    name: &'static str,
    times: LoopTimes,
}

impl Servers {
    fn loops(self) -> impl Iterator<Item = Loop> {
        self.names.iter().flat_map(move |server| {
            [("processor", self.processor), ("retry", self.retry)].map(|(name, times)| Loop {
                server,
                name,
                times,
            })
        })
    }
}

impl Loop {
    /// Whether an event is a tick of this loop.
    fn has_ticked(&self, event: &Event) -> bool {
        is_a_tick(event) && event.text("sweep").split('/').next() == Some(self.name)
    }

    /// The first tick that comes too late or too early, or never, with the reason.
    fn off_tick(&self, history: &History) -> Option<(u64, String)> {
        let mut faults = history.events().iter().filter(|event| event.kind == EventKind::Fault);
        let first_fault = faults.next().map_or(Duration::MAX, Event::at);
        // A start may be judged if there was no fault until it had to be done.
        let start = |up: Duration| {
            let done = up + START_MAX;
            (done < first_fault).then(|| Next::until(done))
        };
        let mut next = start(Duration::ZERO);
        let mut has_slept = false;
        for event in history.on_host(self.server).iter() {
            let at = event.at();
            let is_drained = event.name == "server.drained";
            let is_fall = event.ends_a_life() || is_drained;
            let is_stall = matches!(event.host_change(), Some(HostChange::Stalled { .. }));
            if let Some(wrong) = next.filter(|next| {
                let excused = if is_drained { DRAIN_MAX } else { Duration::ZERO };
                (is_fall || is_stall) && next.latest < at.saturating_sub(excused)
            }) {
                return Some((event.seq, self.late(&wrong)));
            }
            match event.host_change() {
                Some(HostChange::Up { .. }) => {
                    (next, has_slept) = (start(at), false);
                }
                Some(HostChange::Stalled { .. }) => next = next.map(|_| Next::until(Duration::MAX)),
                // It ticks once for all the ticks that the host has slept through, and then at its old times.
                Some(HostChange::Resumed) => {
                    has_slept = true;
                    next = next.map(|_| Next::until(at + self.times.every + OFF_MAX));
                }
                _ if is_fall => next = None,
                _ if self.has_ticked(event) => {
                    if let Some(wrong) = next.filter(|next| next.latest < at) {
                        return Some((event.seq, self.late(&wrong)));
                    }
                    if next.is_some_and(|next| at < next.earliest && !has_slept) {
                        let why = format!("ticks too early; it ticks every {:?}", self.times.every);
                        return Some((event.seq, why));
                    }
                    next = Some(Next {
                        earliest: (at + self.times.every).saturating_sub(OFF_MAX),
                        latest: at + self.times.every + OFF_MAX,
                    });
                }
                // Both loops start at the same time.
                _ if is_a_tick(event) && next.is_none() => next = Some(Next::until(at + OFF_MAX)),
                _ => {}
            }
        }
        let end = history.events().last()?;
        let wrong = next.filter(|next| next.latest < end.at())?;
        Some((end.seq, self.late(&wrong)))
    }

    fn late(&self, next: &Next) -> String {
        format!("has not ticked until {:?}; it ticks every {:?}", next.latest, self.times.every)
    }
}

/// When a loop ticks next.
#[derive(Clone, Copy)]
struct Next {
    earliest: Duration,
    latest: Duration,
}

impl Next {
    fn until(latest: Duration) -> Self {
        Self { earliest: Duration::ZERO, latest }
    }
}

fn is_a_tick(event: &Event) -> bool {
    event.kind == EventKind::Observe
        && (event.name == "sweep.begun" || event.name == "sweep.skipped")
}

/// Every server runs both loops, and each ticks at its interval as long as its server lives, whatever the sweeps do.
pub(crate) fn the_loop_keeps_its_interval(servers: Servers) -> Check {
    Check::new("the_loop_keeps_its_interval", move |history| {
        let wrong =
            servers.loops().find_map(|of| of.off_tick(history).map(|(seq, why)| (of, seq, why)));
        Outcome::unless(wrong.map(|(Loop { server, name, .. }, seq, why)| {
            Outcome::invalid(format!("#{seq} the loop {name} of {server} {why}"), [seq])
        }))
    })
    .priority(Priority::Medium)
}

/// No sweep goes on after its timeout. Only a host that stalls is excused, until it goes on.
pub(crate) fn sweeps_end_at_their_timeout(servers: Servers) -> Check {
    Check::new("sweeps_end_at_their_timeout", move |history| {
        let wrong = servers.loops().find_map(|of| {
            let mut begun = history
                .on_host(of.server)
                .iter()
                .filter(|event| event.name == "sweep.begun" && of.has_ticked(event));
            begun.find(|begun| goes_on(history, begun, of.times.timeout)).map(|begun| (of, begun))
        });
        Outcome::unless(wrong.map(|(Loop { server, times, .. }, begun)| {
            let why = format!(
                "#{} the sweep {} of {server} goes on after its timeout of {:?}",
                begun.seq,
                begun.text("sweep"),
                times.timeout
            );
            Outcome::invalid(why, [begun.seq])
        }))
    })
    .priority(Priority::Medium)
}

/// Whether a sweep has not ended at its timeout, or as soon as its host went on after that.
fn goes_on(history: &History, begun: &Event, timeout: Duration) -> bool {
    let deadline = begun.at() + timeout + OFF_MAX;
    let mut until = deadline;
    let mut still = false;
    for event in history.on_host(&begun.host).after(begun.seq).iter() {
        let is_its_end = event.name == "sweep.ended" && event.text("sweep") == begun.text("sweep");
        match event.host_change() {
            _ if event.at() > until && !still => return true,
            _ if event.ends_a_life() => return false,
            Some(HostChange::Stalled { .. }) => still = true,
            Some(HostChange::Resumed) => {
                still = false;
                until = deadline.max(event.at() + OFF_MAX);
            }
            _ if is_its_end => return false,
            _ => {}
        }
    }
    !still && history.events().last().is_some_and(|end| end.at() > until)
}
