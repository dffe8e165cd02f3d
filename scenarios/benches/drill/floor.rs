//! Code shared by both sides of a comparison.

use std::time::Duration;

use chaosdrill::rt::sim::{Control, Director, Next};

/// The backoff of a propagation runner, in seconds; 31 h 51 m in total.
pub(crate) const BACKOFF_S: [u64; 9] = [60, 300, 900, 1800, 3600, 7200, 14400, 28800, 57600];

/// Pins the work to one core: sqlx's own threads hand over to each other and never run at the same time. Both sides of
/// a comparison are measured this way.
pub(crate) fn on_one_core<T>(work: impl FnOnce() -> T) -> T {
    let all = rustix::thread::sched_getaffinity(None).expect("Linux says where a thread may run");
    let mut one = rustix::thread::CpuSet::new();
    let first = (0..rustix::thread::CpuSet::MAX_CPU).find(|core| all.is_set(*core));
    one.set(first.expect("it may run somewhere"));
    rustix::thread::sched_setaffinity(None, &one).expect("a thread may give up cores");
    let output = work();
    rustix::thread::sched_setaffinity(None, &all).expect("and take them back");
    output
}

/// Ends the run when the clients have ended and `is_done` returns `true`.
pub(crate) struct Until<F>(pub(crate) F);

impl<F: FnMut(&Control<'_>) -> bool + Send> Director for Until<F> {
    fn wake(&mut self, control: &mut Control<'_>) -> Next {
        if control.clients_are_done() && control.faults_have_ended() && (self.0)(control) {
            return Next::Finish;
        }
        let now = control.now();
        Next::Wake {
            not_before: now + Duration::from_secs(1),
            at: now + Duration::from_secs(24 * 3600),
        }
    }
}
