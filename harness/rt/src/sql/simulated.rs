//! SQL in a simulation: sqlx's queries become requests, and answers become sqlx's rows and errors.

mod connection;
mod convert;
mod error;
mod migrate;
mod pool;
mod query;
mod shared;

use either::Either;
use futures_core::{future::BoxFuture, stream::BoxStream};
use futures_util::{FutureExt, StreamExt, stream};
use sqlx::{Error, any::AnyRow};

use self::convert::Step;
pub(crate) use connection::PooledConnection;
pub(crate) use convert::to_arguments;
pub(crate) use migrate::undo;
pub(crate) use pool::SimulatedPool;
pub(crate) use query::Query;

/// The rows of an answer as a stream; in a simulation, they arrive all at once.
pub(crate) fn stream_of<'e>(
    steps: BoxFuture<'e, Result<Vec<Step>, Error>>,
) -> BoxStream<'e, Result<Step, Error>> {
    let each = |steps: Result<Vec<_>, Error>| match steps {
        Ok(steps) => stream::iter(steps.into_iter().map(Ok).collect::<Vec<_>>()),
        Err(error) => stream::iter(vec![Err(error)]),
    };
    steps.map(each).flatten_stream().boxed()
}

/// The first row of an answer.
pub(crate) fn first_of(
    steps: BoxFuture<'_, Result<Vec<Step>, Error>>,
) -> BoxFuture<'_, Result<Option<AnyRow>, Error>> {
    async move { Ok(steps.await?.into_iter().find_map(Either::right)) }.boxed()
}
