//! Timers on madsim's clock with tokio's interface; outside a simulation, tokio's own timers.
//!
//! madsim does not expose when its next timer is due, so this module counts the armed timers. If none is armed, nothing
//! can happen by itself, and a run whose clients still wait is a deadlock.

use std::{
    error::Error,
    fmt,
    future::{Future, IntoFuture, poll_fn},
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use tokio::time::Instant;
pub use tokio::time::MissedTickBehavior;

use crate::sim::{clock, simulation};

/// The number of armed timers.
pub(crate) fn armed() -> usize {
    simulation::try_with(|simulation| simulation.simulator.armed.get()).unwrap_or_default()
}

/// Changes the number of armed timers, also while the simulation ends.
fn count(change: impl FnOnce(usize) -> usize) {
    simulation::try_with(|simulation| {
        let armed = &simulation.simulator.armed;
        armed.set(change(armed.get()));
    });
}

/// An armed timer.
#[derive(Debug)]
struct Armed(());

impl Armed {
    fn new() -> Self {
        count(|armed| armed + 1);
        Self(())
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        count(|armed| armed.saturating_sub(1));
    }
}

/// A future that is ready at a deadline.
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct Sleep {
    deadline: Instant,
    armed: Option<Armed>,
    /// The waker and the deadline of madsim's timer. Each poll of madsim's own timer would add another one.
    woken: Option<(Waker, Instant)>,
    real: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Sleep {
    /// The deadline.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the deadline has passed.
    pub fn is_elapsed(&self) -> bool {
        clock::instant() >= self.deadline
    }

    /// Changes the deadline.
    pub fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.deadline = deadline;
        if let Some(real) = &mut self.real {
            real.as_mut().reset(deadline);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !clock::is_active() {
            let deadline = self.deadline;
            let real = &mut self.real;
            return real
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)))
                .as_mut()
                .poll(cx);
        }
        if self.is_elapsed() {
            (self.armed, self.woken) = (None, None);
            return Poll::Ready(());
        }
        let deadline = self.deadline;
        let is_known = self
            .woken
            .as_ref()
            .is_some_and(|(waker, at)| *at == deadline && waker.will_wake(cx.waker()));
        if !is_known {
            let mut timer = madsim::time::sleep_until(deadline.into_std());
            if Pin::new(&mut timer).poll(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
            self.woken = Some((cx.waker().clone(), deadline));
        }
        self.armed.get_or_insert_with(Armed::new);
        Poll::Pending
    }
}

/// Waits for a duration.
pub fn sleep(duration: Duration) -> Sleep {
    let now = clock::instant();
    sleep_until(now.checked_add(duration).unwrap_or_else(|| now + FAR))
}

/// A deadline that is never reached: thirty years from now, as in tokio.
const FAR: Duration = Duration::from_secs(86_400 * 365 * 30);

/// Waits until a deadline.
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep { deadline, armed: None, woken: None, real: None }
}

/// The error of a future that was not ready in time.
#[derive(Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl Error for Elapsed {}

/// A future with a deadline.
#[derive(Debug)]
#[must_use = "a future does nothing unless it is awaited"]
pub struct Timeout<F> {
    future: Pin<Box<F>>,
    sleep: Sleep,
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = self.future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        Pin::new(&mut self.sleep).poll(cx).map(|()| Err(Elapsed(())))
    }
}

/// Waits for a future, for at most this duration.
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: Box::pin(future.into_future()), sleep: sleep(duration) }
}

/// Waits for a future until a deadline.
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: Box::pin(future.into_future()), sleep: sleep_until(deadline) }
}

/// Ticks at a fixed period.
#[derive(Debug)]
pub struct Interval {
    sleep: Sleep,
    period: Duration,
    missed: MissedTickBehavior,
}

/// Ticks at once, and then at every period.
pub fn interval(period: Duration) -> Interval {
    interval_at(Instant::now(), period)
}

/// Ticks at an instant, and then at every period.
///
/// # Panics
///
/// If the period is zero, like tokio.
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(!period.is_zero(), "`period` must be non-zero.");
    Interval { sleep: sleep_until(start), period, missed: MissedTickBehavior::default() }
}

impl Interval {
    /// Waits for the next tick.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Like [`Interval::tick`].
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(Pin::new(&mut self.sleep).poll(cx));
        let (due, now) = (self.sleep.deadline, Instant::now());
        // tokio does not count a tick as missed if it is at most five milliseconds late.
        let next = if now > due + Duration::from_millis(5) {
            match self.missed {
                MissedTickBehavior::Burst => due + self.period,
                MissedTickBehavior::Delay => now + self.period,
                MissedTickBehavior::Skip => {
                    let over = (now - due).as_nanos() % self.period.as_nanos();
                    let over = Duration::from_nanos(u64::try_from(over).unwrap_or(u64::MAX));
                    now + self.period - over
                }
            }
        } else {
            due + self.period
        };
        self.sleep = sleep_until(next);
        Poll::Ready(due)
    }

    /// Resets the interval: the next tick is one period from now.
    pub fn reset(&mut self) {
        self.sleep = sleep_until(Instant::now() + self.period);
    }

    /// The time from tick to tick.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// The behavior for missed ticks.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Sets the behavior for missed ticks.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }
}
