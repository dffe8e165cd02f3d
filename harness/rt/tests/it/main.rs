//! The facade inside simulations.

mod crash;
mod determinism;
mod drivers;
mod lab;
mod migrations;
mod network;
mod order;
mod plan;
mod sql;
mod store;
mod time;
mod types;
mod untraced;
mod watches;
