//! Pool and connections in a simulation: every statement travels to the database host and back.

mod answer;
mod connection;
mod migrate;
mod pool;
mod round_trip;
mod shared;
mod watching;

pub(crate) use connection::PooledConnection;
pub(crate) use migrate::undo;
pub(crate) use pool::SimulatedPool;
