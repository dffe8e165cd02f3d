//! Decides how long to wait for a run.
//!
//! A run that spins or blocks is killed after its allowance of wall-clock time. On an overloaded machine a sound run
//! may take as long, because it did not get its share of a processor. It gets more time while it makes progress, within
//! a bound.

use std::time::Duration;

use chaosdrill_core::limits::{RUN_ALLOWANCES_MAX, RUN_LOOKS_PER_ALLOWANCE};

use crate::measure::Stopwatch;

pub(crate) struct Patience {
    process: u32,
    allowance: Duration,
    stopwatch: Stopwatch,
    /// Processor time that the process had used when the run started, and at the last look.
    began: Option<u64>,
    last: Option<u64>,
    /// Looks since the last progress.
    still: u32,
}

impl Patience {
    pub(crate) fn new(process: u32, allowance: Duration) -> Self {
        let began = processor_ticks(process);
        Self { process, allowance, stopwatch: Stopwatch::start(), began, last: began, still: 0 }
    }

    /// The time until the next look.
    pub(crate) fn slice(&self) -> Duration {
        self.allowance / RUN_LOOKS_PER_ALLOWANCE
    }

    /// Whether to stop waiting.
    pub(crate) fn is_over(&mut self) -> bool {
        let now = processor_ticks(self.process);
        self.still = if now > self.last { 0 } else { self.still + 1 };
        let gets_on = self.still < RUN_LOOKS_PER_ALLOWANCE;
        self.last = now;
        let waited = self.stopwatch.elapsed();
        if waited < self.allowance {
            return false;
        }
        let used = now.zip(self.began).map(|(now, began)| now.saturating_sub(began));
        let share = used.map(|ticks| Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND));
        let had_its_share = share.is_none_or(|share| share >= self.allowance / 2);
        had_its_share || !gets_on || waited >= self.allowance * RUN_ALLOWANCES_MAX
    }
}

/// Linux reports processor time to programs in hundredths of a second, on every architecture.
const TICKS_PER_SECOND: u64 = 100;

/// The processor time of a process so far; `None` if the system does not report it.
fn processor_ticks(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is a name in parentheses, which may contain any character.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let (user, system): (u64, u64) = (fields.get(11)?.parse().ok()?, fields.get(12)?.parse().ok()?);
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_a_processor() {
        let mut sum = 0_u64;
        while processor_ticks(std::process::id()).is_some_and(|ticks| ticks == 0) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(processor_ticks(std::process::id()).is_some());
    }

    #[test]
    fn a_process_that_does_nothing_is_not_waited_for() {
        let mut sleeper =
            std::process::Command::new("sleep").arg("60").spawn().expect("sleep is everywhere");
        let mut patience = Patience::new(sleeper.id(), Duration::from_millis(80));
        // There is never a reply; the loop waits as for one.
        let (_nobody, replies) = std::sync::mpsc::channel::<()>();
        let mut looks = 0;
        while !patience.is_over() {
            let _ = replies.recv_timeout(patience.slice());
            looks += 1;
        }
        assert!(looks >= RUN_LOOKS_PER_ALLOWANCE / 2, "{looks} looks");
        sleeper.kill().and_then(|()| sleeper.wait()).expect("it was ours");
    }
}
