//! A query of any of sqlx's types as one type, so that what executes it is compiled once.

use chaosdrill_core::request::sql::Statement;
use sqlx::{Any, Error, Execute};

use super::{convert, error};
use crate::sql::site;

/// A query: its site and its statement.
pub(crate) struct Query {
    pub(super) site: String,
    pub(super) statement: Statement,
}

impl Query {
    /// Takes the query's text and arguments.
    ///
    /// # Errors
    ///
    /// Returns the error of an argument that could not be encoded.
    pub(crate) fn of<'q>(mut query: impl Execute<'q, Any>) -> Result<Self, Error> {
        let arguments = query.take_arguments().map_err(Error::Encode)?;
        let arguments = arguments.map(convert::to_values).transpose().map_err(error::of)?;
        let sql = query.sql().as_str().to_owned();
        Ok(Self { site: site::of_statement(&sql), statement: Statement { sql, arguments } })
    }
}
