//! A transaction: rolled back where it is dropped before it is committed.

use std::ops::{Deref, DerefMut};

#[cfg(feature = "sim")]
use chaosdrill_core::trace::vocabulary::site as sites;
use sqlx::Error;

use crate::sql::{Connection, connection::Inner};

/// A transaction, begun with the intent to write.
#[derive(Debug)]
pub struct Transaction {
    pub(crate) connection: Connection,
    /// Names its boundaries.
    #[cfg_attr(
        not(feature = "sim"),
        expect(dead_code, reason = "only a simulation has boundaries")
    )]
    pub(crate) name: &'static str,
}

impl Transaction {
    /// Makes everything durable that was done in it.
    ///
    /// # Errors
    ///
    /// The database's error. After an error of the connection nobody knows whether it was committed.
    pub async fn commit(self) -> Result<(), Error> {
        match self.connection.inner {
            Inner::Transaction(transaction) => transaction.commit().await,
            Inner::Pooled(_) => unreachable!("a transaction is begun on a connection of its own"),
            #[cfg(feature = "sim")]
            Inner::Simulated(mut connection) => {
                connection.end(self.name, sites::COMMIT, "COMMIT").await
            }
        }
    }

    /// Undoes everything that was done in it.
    ///
    /// # Errors
    ///
    /// The database's error; what was done is undone all the same.
    pub async fn rollback(self) -> Result<(), Error> {
        match self.connection.inner {
            Inner::Transaction(transaction) => transaction.rollback().await,
            Inner::Pooled(_) => unreachable!("a transaction is begun on a connection of its own"),
            #[cfg(feature = "sim")]
            Inner::Simulated(mut connection) => {
                connection.end(self.name, sites::ROLLBACK, "ROLLBACK").await
            }
        }
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
