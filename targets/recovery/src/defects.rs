//! The planted bugs, as plain data: the wrong behaviour, the right one, and the check that must detect it.

use chaosdrill_rt::defect::Defect;

use crate::{cluster, engine};

/// All planted bugs, by layer.
pub const DEFECTS: &[Defect] = &joined(cluster::defects::DEFECTS, engine::defects::DEFECTS);

const COUNT: usize = cluster::defects::DEFECTS.len() + engine::defects::DEFECTS.len();

const fn joined(first: &[Defect], second: &[Defect]) -> [Defect; COUNT] {
    let mut all = [first[0]; COUNT];
    let mut at = 0;
    while at < COUNT {
        all[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
        at += 1;
    }
    all
}
