//! Tests how many plain seeds find a race without any fault: each seed is another interleaving.

use chaosdrill::{Seed, Verdict};

const SEEDS: u64 = 300;

/// The number of seeds that find the race.
fn shown(scenario: &str, defect: &str) -> u64 {
    let registry = chaosdrill_scenarios::registry();
    let shows = |seed: &u64| {
        let record = chaosdrill::run_here(&registry, scenario, Seed(*seed), Some(defect));
        record.expect("it runs").verdict == Verdict::Invalid
    };
    (0..SEEDS).filter(shows).count() as u64
}

#[test]
fn three_turns_apart_on_one_host_at_least_15_of_100_seeds_show_it() {
    let shown = shown("races/tasks-of-one-host", "L5");
    assert!(shown * 100 >= SEEDS * 15, "{shown} of {SEEDS}");
    assert!(shown < SEEDS, "a seed is one interleaving and not all of them");
}

#[test]
fn over_the_network_at_least_4_of_100_seeds_show_it() {
    let shown = shown("races/over-the-network", "L5n");
    assert!(shown * 100 >= SEEDS * 4, "{shown} of {SEEDS}");
    assert!(shown < SEEDS, "a seed is one interleaving and not all of them");
}
