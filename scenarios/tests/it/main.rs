//! Tests of the program and its registry, apart from the scenarios. They are one test program, because each test
//! program would link the whole registry.

mod bug_base;
mod pages;
mod races;
mod reports;
mod workloads;
mod write_ups;
