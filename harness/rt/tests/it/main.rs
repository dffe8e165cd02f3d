//! The facade inside simulations.

mod crash;
mod lab;
mod network;
mod sql;
mod time;
