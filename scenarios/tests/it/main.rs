//! What is tested of the program and its registry beside the scenarios themselves: one test program for all, because
//! each would link all of it.

mod bug_base;
mod races;
mod workloads;
mod write_ups;
