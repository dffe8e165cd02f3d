//! Both simulators, raw and beneath the harness, over the same loads: `ci/bench-simulators` builds this program on
//! either and sets what they say side by side.
//!
//! Ours is measured three times: bare, that is without a trace and with ready tasks in the simulator's own order, as
//! they run raw; untraced, in the order that the seed draws, for which on turmoil a task comes to its turn twice before
//! it runs; and traced, as drills run.
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
use ours::Mode;

/// Heartbeats of one host; an hour of them takes raw turmoil most of a minute.
const HEARTBEATS: u32 = 300;

/// Messages of all pairs.
const MESSAGES: u32 = 10_000;

/// Seeds over which a share is counted.
const RACE_SEEDS: u64 = 1_000;

/// Rounds of a measurement.
const ROUNDS: u32 = 9;

/// Seconds of the fastest of a few runs of each, which take turns, so that all meet the same neighbours.
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

/// One line of the table: the load, what it is measured in, raw, and ours in each mode.
fn say(load: &str, unit: &str, [raw, bare, untraced, traced]: [f64; 4]) {
    println!("{load}\t{unit}\t{}\t{raw}\t{bare}\t{untraced}\t{traced}", sim::SIMULATOR);
}

/// One line of the table of shares, which are taken of traced runs alone.
fn say_share(load: &str, raw: f64, ours: f64) {
    println!("{load}\t% of seeds\t{}\t{raw}\t{ours}", sim::SIMULATOR);
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
