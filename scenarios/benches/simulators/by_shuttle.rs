//! Benchmarks the race of two tasks under shuttle, which only explores schedules: it has no network, time or faults.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use shuttle::{
    Config, Runner,
    future::{block_on, spawn, yield_now},
    scheduler::{PctScheduler, RandomScheduler, Scheduler},
};

/// Turns for which the second task waits before it begins, as in `races/tasks-of-one-host`.
const TURNS_LATE: u32 = 3;

/// The bug depth for PCT.
const DEPTH: usize = 3;

async fn add(cell: Arc<Mutex<i64>>, turns_late: u32) {
    for _ in 0..turns_late {
        yield_now().await;
    }
    let seen = *cell.lock().unwrap_or_else(PoisonError::into_inner);
    yield_now().await;
    *cell.lock().unwrap_or_else(PoisonError::into_inner) = seen + 1;
}

/// The percentage of these schedules that lose an update.
fn share(scheduler: impl Scheduler + 'static, schedules: u64) -> f64 {
    let lost = Arc::new(AtomicU64::new(0));
    let counted = lost.clone();
    let race = move || {
        let cell = Arc::new(Mutex::new(0));
        let both = [spawn(add(cell.clone(), 0)), spawn(add(cell.clone(), TURNS_LATE))];
        block_on(async move {
            for one in both {
                one.await.expect("it ends");
            }
        });
        let sum = *cell.lock().unwrap_or_else(PoisonError::into_inner);
        counted.fetch_add(u64::from(sum < 2), Ordering::Relaxed);
    };
    Runner::new(scheduler, Config::default()).run(race);
    lost.load(Ordering::Relaxed) as f64 * 100.0 / schedules as f64
}

/// Prints the share of schedules that lose an update, for random scheduling and for PCT.
pub(crate) fn say(schedules: u64) {
    let count = usize::try_from(schedules).expect("a count");
    let random = share(RandomScheduler::new_from_seed(1, count), schedules);
    let pct = share(PctScheduler::new_from_seed(1, DEPTH, count), schedules);
    println!("L5\t% of schedules\tshuttle, random\t{random}");
    println!("L5\t% of schedules\tshuttle, PCT of depth {DEPTH}\t{pct}");
}
