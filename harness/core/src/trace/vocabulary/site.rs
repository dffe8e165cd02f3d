//! The names of sites whose form the harness defines: connections, streams and transactions.

/// A connection to a database.
pub const SQL_CONNECT: &str = "sql:connect";
/// The prefix of the sites of statements.
pub const SQL: &str = "sql:";
/// The prefix of the sites of streams.
pub const NET: &str = "net:";
/// The prefix of failpoints.
pub const FAILPOINT: &str = "fp:";
/// The clock of a database.
pub const SQL_CLOCK: &str = "sql:clock";

const CONNECT: &str = ".connect";
const REPLY: &str = ".reply";
/// The step that begins a transaction.
pub const BEGIN: &str = "begin";
/// The step that ends a transaction and keeps its changes.
pub const COMMIT: &str = "commit";
/// The step that ends a transaction and undoes its changes.
pub const ROLLBACK: &str = "rollback";

/// The site at which a host writes to the streams of this label.
pub fn stream(label: &str) -> String {
    [NET, label].concat()
}

/// The site at which a host opens a stream of this label.
pub fn stream_connect(label: &str) -> String {
    [NET, label, CONNECT].concat()
}

/// The site at which a server answers on a stream of this label.
pub fn stream_reply(label: &str) -> String {
    [NET, label, REPLY].concat()
}

/// The site at which a host opens the streams to which it writes at this site.
pub fn connect_of(site: &str) -> String {
    [site, CONNECT].concat()
}

/// Whether bytes are written to a stream at this site.
pub fn is_write_to_a_stream(site: &str) -> bool {
    site.starts_with(NET) && !site.ends_with(CONNECT)
}

/// Whether a connection to a stream or a database is opened at this site.
pub fn is_connect(site: &str) -> bool {
    site == SQL_CONNECT || site.ends_with(CONNECT)
}

/// The site of a statement.
pub fn statement(name: &str) -> String {
    [SQL, name].concat()
}

/// The site of a step of a transaction.
pub fn transaction_step(transaction: &str, step: &str) -> String {
    [SQL, transaction, ".", step].concat()
}

/// The names of the transaction and of its step; `None` if the site does not have that form.
pub fn as_transaction_step(site: &str) -> Option<(&str, &str)> {
    site.strip_prefix(SQL)?.rsplit_once('.')
}
