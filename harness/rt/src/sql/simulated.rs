//! SQL in a simulation: sqlx's queries become requests, and answers become sqlx's rows and errors.

mod connection;
mod convert;
mod error;
mod migrate;
mod pool;
mod shared;

pub(crate) use connection::PooledConnection;
pub(crate) use convert::to_arguments;
pub(crate) use migrate::undo;
pub(crate) use pool::SimulatedPool;
