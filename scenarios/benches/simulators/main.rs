//! Benchmarks both simulators, raw and under the harness, with the same loads. `ci/bench-simulators` builds this
//! program for each simulator and prints the results side by side.
//!
//! Ours is measured in three modes. Bare has no trace and runs ready tasks in the simulator's own order, as in the raw
//! run. Untraced runs tasks in the order that the seed draws; on turmoil, a task is then scheduled twice before it
//! runs. Traced is the mode of drills.
//!
//! L1 is idle time: two workers back off and ping a server after each sleep. L2 is heartbeats: three hosts send one to
//! each other every second. L3 is ping-pong at 1 ms. L5 and L5n are not speeds but the share of plain seeds that find a
//! lost update, between two tasks of one host and over the network. Shuttle, which has tasks but no network, prints its
//! own share of L5. L4, the standard outbox drill, is in the bench `drill`.

#[path = "../drill/floor.rs"]
mod floor;
// Shuttle's schedules are compared by the other build, not beside madsim's.
#[cfg(not(madsim))]
mod by_shuttle;
mod ours;
#[cfg_attr(not(madsim), path = "raw_turmoil.rs")]
#[cfg_attr(madsim, path = "raw_madsim.rs")]
mod raw;

use std::time::Instant;

use chaosdrill::{Seed, Verdict, rt::sim};
use ours::Mode;

/// Heartbeats of one host; an hour of them takes raw turmoil most of a minute.
const HEARTBEATS: u32 = 300;

/// Messages of all pairs together.
const MESSAGES: u32 = 10_000;

/// Seeds for each share.
const RACE_SEEDS: u64 = 1_000;

/// Rounds of a measurement.
const ROUNDS: u32 = 9;

/// The seconds of the fastest round of each. The runs take turns, so that all see the same machine load.
#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn seconds<const N: usize>(mut runs: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut fastest = [f64::INFINITY; N];
    for _ in 0..ROUNDS {
        for (run, fastest) in runs.iter_mut().zip(&mut fastest) {
            let start = Instant::now();
            run();
            *fastest = fastest.min(start.elapsed().as_secs_f64());
        }
    }
    fastest
}

/// Prints one row of the table: load, unit, raw, and ours in each mode.
fn say(load: &str, unit: &str, [raw, bare, untraced, traced]: [f64; 4]) {
    println!("{load}\t{unit}\t{}\t{raw}\t{bare}\t{untraced}\t{traced}", sim::SIMULATOR);
}

/// Prints one row of the table of shares, for which ours is measured only with traced runs.
fn say_share(load: &str, raw: f64, ours: f64) {
    println!("{load}\t% of seeds\t{}\t{raw}\t{ours}", sim::SIMULATOR);
}

/// Milliseconds of real time per hour of virtual time.
fn per_hour(real_s: f64, virtual_s: u64) -> f64 {
    real_s * 1_000.0 * 3_600.0 / virtual_s as f64
}

fn share(scenario: &str, defect: &str) -> f64 {
    let registry = chaosdrill_scenarios::registry();
    let shows = |seed: &u64| {
        let record = chaosdrill::run_here(&registry, scenario, Seed(*seed), Some(defect));
        record.expect("it runs").verdict == Verdict::Invalid
    };
    share_of(shows)
}

fn share_of(shows: impl Fn(&u64) -> bool) -> f64 {
    (0..RACE_SEEDS).filter(shows).count() as f64 * 100.0 / RACE_SEEDS as f64
}

fn main() {
    floor::on_one_core(|| {
        let raw_s: u64 = floor::BACKOFF_S[..raw::SLEEPS].iter().sum();
        let all_s: u64 = floor::BACKOFF_S.iter().sum();
        let [raw, bare, untraced, traced] = seconds([
            &mut || raw::backoff(&floor::BACKOFF_S[..raw::SLEEPS]),
            &mut || ours::backoff(Mode::Bare),
            &mut || ours::backoff(Mode::Untraced),
            &mut || ours::backoff(Mode::Traced),
        ]);
        let [bare, untraced, traced] =
            [bare, untraced, traced].map(|real_s| per_hour(real_s, all_s));
        say("L1", "ms/h", [per_hour(raw, raw_s), bare, untraced, traced]);
        let all = seconds([
            &mut || raw::heartbeats(HEARTBEATS),
            &mut || ours::heartbeats(HEARTBEATS, Mode::Bare),
            &mut || ours::heartbeats(HEARTBEATS, Mode::Untraced),
            &mut || ours::heartbeats(HEARTBEATS, Mode::Traced),
        ]);
        say("L2", "ms/h", all.map(|real_s| per_hour(real_s, u64::from(HEARTBEATS))));
        for pairs in [1_u8, 5, 25] {
            let rounds = MESSAGES / 2 / u32::from(pairs);
            let all = seconds([
                &mut || raw::ping_pong(pairs, rounds),
                &mut || ours::ping_pong(pairs, rounds, Mode::Bare),
                &mut || ours::ping_pong(pairs, rounds, Mode::Untraced),
                &mut || ours::ping_pong(pairs, rounds, Mode::Traced),
            ]);
            say(&format!("L3-{pairs}"), "us/msg", all.map(|s| s * 1e6 / f64::from(MESSAGES)));
        }
        say_share(
            "L5",
            share_of(|seed| raw::lost_on_one_host(*seed)),
            share("races/tasks-of-one-host", "L5"),
        );
        say_share(
            "L5n",
            share_of(|seed| raw::lost_over_the_network(*seed)),
            share("races/over-the-network", "L5n"),
        );
    });
    #[cfg(not(madsim))]
    by_shuttle::say(RACE_SEEDS);
}
