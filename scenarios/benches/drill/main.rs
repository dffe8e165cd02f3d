//! Speed, as ratios inside one run: `cargo bench -p chaosdrill-scenarios`.
//!
//! Criterion measures; at the end one table sets what belongs together side by side. Absolute times depend on the
//! machine and on its neighbours, the ratios much less.

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
