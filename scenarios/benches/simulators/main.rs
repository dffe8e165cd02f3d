//! Both simulators, raw and beneath the harness, over the same loads: `ci/bench-simulators` builds this program on
//! either and sets what they say side by side.
//!
//! L1 is idle time: two workers back off and ping a server after each sleep. L2 are heartbeats, three hosts to each
//! other once a second. L3 is ping-pong at 1 ms. L5 and L5n are no speeds: the share of plain seeds that show a lost
//! update, between two tasks of one host and over the network; shuttle, which has tasks and no network, says its own
//! share of L5. L4, the standard outbox drill, is in the bench `drill`.

#[path = "../drill/floor.rs"]
mod floor;
// Beside madsim's own schedules, shuttle's are compared by the other lane.
#[cfg(not(madsim))]
mod by_shuttle;
mod ours;
#[cfg_attr(not(madsim), path = "raw_turmoil.rs")]
#[cfg_attr(madsim, path = "raw_madsim.rs")]
mod raw;

use std::time::Instant;

use chaosdrill::{Seed, Verdict, rt::sim};

/// Heartbeats of one host; an hour of them takes raw turmoil most of a minute.
const HEARTBEATS: u32 = 300;

/// Messages of all pairs.
const MESSAGES: u32 = 10_000;

/// Seeds over which a share is counted.
const RACE_SEEDS: u64 = 1_000;

/// Seconds of the fastest of a few runs.
#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn seconds(mut run: impl FnMut()) -> f64 {
    let one = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    };
    (0..5).map(|_| one(&mut run)).fold(f64::INFINITY, f64::min)
}

/// One line of the table: the load, what it is measured in, raw, ours.
fn say(load: &str, unit: &str, raw: f64, ours: f64) {
    println!("{load}\t{unit}\t{}\t{raw}\t{ours}", sim::SIMULATOR);
}

/// Milliseconds of real time for an hour of virtual time.
fn per_hour(real_s: f64, virtual_s: u64) -> f64 {
    real_s * 1_000.0 * 3_600.0 / virtual_s as f64
}

fn share(scenario: &str, defect: &str) -> f64 {
    let registry = chaosdrill_scenarios::registry();
    let shows = |seed: &u64| {
        let record = chaosdrill::run_here(&registry, scenario, Seed(*seed), Some(defect));
        record.expect("it runs").verdict == Verdict::Invalid
    };
    let shown = (0..RACE_SEEDS / 4).filter(shows).count();
    shown as f64 * 400.0 / RACE_SEEDS as f64
}

fn raw_share(shows: impl Fn(u64) -> bool) -> f64 {
    (0..RACE_SEEDS).filter(|seed| shows(*seed)).count() as f64 * 100.0 / RACE_SEEDS as f64
}

fn main() {
    floor::on_one_core(|| {
        let raw_s: u64 = floor::BACKOFF_S[..raw::SLEEPS].iter().sum();
        let all_s: u64 = floor::BACKOFF_S.iter().sum();
        let raw_backoff =
            per_hour(seconds(|| raw::backoff(&floor::BACKOFF_S[..raw::SLEEPS])), raw_s);
        say("L1", "ms/h", raw_backoff, per_hour(seconds(ours::backoff), all_s));
        let beats = u64::from(HEARTBEATS);
        let raw_beats = per_hour(seconds(|| raw::heartbeats(HEARTBEATS)), beats);
        say("L2", "ms/h", raw_beats, per_hour(seconds(|| ours::heartbeats(HEARTBEATS)), beats));
        for pairs in [1_u8, 5, 25] {
            let rounds = MESSAGES / 2 / u32::from(pairs);
            let rate = |real_s: f64| f64::from(MESSAGES) / real_s / 1_000.0;
            let raw_rate = rate(seconds(|| raw::ping_pong(pairs, rounds)));
            let our_rate = rate(seconds(|| ours::ping_pong(pairs, rounds)));
            say(&format!("L3-{pairs}"), "k msg/s", raw_rate, our_rate);
        }
        say(
            "L5",
            "% of seeds",
            raw_share(raw::lost_on_one_host),
            share("races/tasks-of-one-host", "L5"),
        );
        say(
            "L5n",
            "% of seeds",
            raw_share(raw::lost_over_the_network),
            share("races/over-the-network", "L5n"),
        );
    });
    #[cfg(not(madsim))]
    by_shuttle::say(RACE_SEEDS);
}
