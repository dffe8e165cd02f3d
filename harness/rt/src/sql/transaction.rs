//! A transaction, which is rolled back if it is dropped before it is committed.

use std::ops::{Deref, DerefMut};

#[cfg(feature = "sim")]
use chaosdrill_core::trace::vocabulary::site as sites;
use futures_core::future::BoxFuture;
use sqlx::Error;

use crate::sql::{Connection, connection::Inner};

/// A transaction on a connection of its own.
#[derive(Debug)]
pub struct Transaction {
    pub(crate) connection: Connection,
    /// The name in the sites of its boundaries.
    #[cfg_attr(
        not(feature = "sim"),
        expect(dead_code, reason = "only a simulation has boundaries")
    )]
    pub(crate) name: &'static str,
}

impl Transaction {
    /// Commits the transaction: its changes become durable.
    ///
    /// # Errors
    ///
    /// Returns the database's error. After an error of the connection, the caller cannot know whether it was committed.
    pub fn commit(self) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(async move {
            match self.connection.inner {
                Inner::Transaction(transaction) => transaction.commit().await,
                Inner::Pooled(_) => {
                    unreachable!("a transaction is begun on a connection of its own")
                }
                #[cfg(feature = "sim")]
                Inner::Simulated(mut connection) => {
                    connection.transaction_step(self.name, sites::COMMIT, "COMMIT").await
                }
            }
        })
    }

    /// Rolls the transaction back: its changes are undone.
    ///
    /// # Errors
    ///
    /// Returns the database's error; the changes are undone nevertheless.
    pub fn rollback(self) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(async move {
            match self.connection.inner {
                Inner::Transaction(transaction) => transaction.rollback().await,
                Inner::Pooled(_) => {
                    unreachable!("a transaction is begun on a connection of its own")
                }
                #[cfg(feature = "sim")]
                Inner::Simulated(mut connection) => {
                    connection.transaction_step(self.name, sites::ROLLBACK, "ROLLBACK").await
                }
            }
        })
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}
