//! Benchmarks speed as ratios within one run: `cargo bench -p chaosdrill-benches`.
//!
//! Criterion measures, and a table at the end compares related benchmarks. Absolute times depend on the machine and its
//! load, the ratios much less.

mod backoff;
mod floor;
mod folders;
mod history;
mod scaling;
mod standard;
mod table;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    history::bench(&mut criterion);
    backoff::bench(&mut criterion);
    standard::bench(&mut criterion);
    scaling::bench(&mut criterion);
    criterion.final_summary();
    table::print();
    standard::print_shares();
    scaling::print_overhead();
}
