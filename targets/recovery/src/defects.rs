//! The planted bugs, as plain data: what is wrong, what is right, and which check must say so.

use chaosdrill_rt::defect::Defect;

use crate::cluster;

/// All of them, by layer.
pub const DEFECTS: &[Defect] = cluster::defects::DEFECTS;
