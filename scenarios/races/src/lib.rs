//! Lost updates, to measure how well seeds and sweeps find them: two clients read, add one and write back.
//!
//! The workload is small and well known: one race between two tasks on one machine, three turns apart, and one between
//! two machines over the network, 20 ms apart. In the correct form the addition is one step; the planted bugs split it
//! into two.

mod checks;
mod over_the_network;
mod tasks_of_one_host;

use chaosdrill::{Class, Defect, Scenario, Target};

const CHECKS: &[&str] = &["no_update_is_lost"];

/// The planted bugs, each with the share of plain seeds that find it.
const DEFECTS: &[Defect] = &[
    Defect::new("L5", Class::Guard, "two tasks of one host both read before either writes")
        .found_by(CHECKS)
        .wrong("each reads, yields, and writes one more than it read")
        .right("the addition is one step"),
    Defect::new("L5n", Class::Guard, "two machines both read before either writes")
        .found_by(CHECKS)
        .wrong("each requests the value, and sends back one more")
        .right("the addition is requested, and done on the machine that has the value"),
];

const BETWEEN: &str = "races.between";

/// The target, which consists of these scenarios alone.
pub fn target() -> Target {
    Target::new("races").planted_failpoints(&[BETWEEN]).defects(DEFECTS)
}

/// Both races.
pub fn scenarios() -> Vec<Scenario> {
    vec![tasks_of_one_host::scenario(), over_the_network::scenario()]
}
