//! Two tasks of one machine add to a cell.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chaosdrill::{
    Scenario,
    rt::{defect, fail_point, observe, task, time},
};

use crate::{BETWEEN, checks};

/// Turns for which the second task waits before it begins.
const TURNS_LATE: u32 = 3;

pub(crate) fn scenario() -> Scenario {
    Scenario::new("races/tasks-of-one-host")
        .claim("two tasks that add to a cell on their machine lose no addition")
        .topology(|stage| {
            // The faults of a sweep strike only while a client is running.
            let stage = stage.client("clock", |_| async {
                time::sleep(Duration::from_secs(5)).await;
                Ok(())
            });
            stage.host("h", || async {
                let cell = Arc::new(Mutex::new(0_i64));
                let both =
                    [task::spawn(add(cell.clone(), 0)), task::spawn(add(cell.clone(), TURNS_LATE))];
                for one in both {
                    one.await??;
                }
                let sum = *lock(&cell);
                observe!("cell.read", sum = sum);
                std::future::pending().await
            })
        })
        .always(checks::no_update_is_lost())
}

fn lock(cell: &Mutex<i64>) -> std::sync::MutexGuard<'_, i64> {
    cell.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn add(cell: Arc<Mutex<i64>>, turns_late: u32) -> chaosdrill::Ended {
    for _ in 0..turns_late {
        task::yield_now().await;
    }
    if !defect::is_on("L5") {
        *lock(&cell) += 1;
        return Ok(());
    }
    let seen = *lock(&cell);
    fail_point!(BETWEEN)?;
    task::yield_now().await;
    *lock(&cell) = seen + 1;
    Ok(())
}
