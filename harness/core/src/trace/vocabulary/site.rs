//! The names of sites whose form the harness gives: connections, streams and transactions.

/// A connection to a database.
pub const SQL_CONNECT: &str = "sql:connect";
/// How the sites of statements begin.
pub const SQL: &str = "sql:";
/// How the sites of streams begin.
pub const NET: &str = "net:";
/// How failpoints begin.
pub const FAILPOINT: &str = "fp:";
/// The clock of a database.
pub const SQL_CLOCK: &str = "sql:clock";

const CONNECT: &str = ".connect";
const REPLY: &str = ".reply";
/// The step that begins a transaction.
pub const BEGIN: &str = "begin";
/// The step that ends a transaction, and keeps what it did.
pub const COMMIT: &str = "commit";
/// The step that ends a transaction, and undoes what it did.
pub const ROLLBACK: &str = "rollback";

/// Where a host writes to the streams of this label.
pub fn stream(label: &str) -> String {
    [NET, label].concat()
}

/// Where a host opens a stream of this label.
pub fn stream_connect(label: &str) -> String {
    [NET, label, CONNECT].concat()
}

/// Where a server answers on a stream of this label.
pub fn stream_reply(label: &str) -> String {
    [NET, label, REPLY].concat()
}

/// Where a host opens the streams to which it writes at this site.
pub fn connect_of(site: &str) -> String {
    [site, CONNECT].concat()
}

/// Whether bytes are written to a stream at this site.
pub fn is_write_to_a_stream(site: &str) -> bool {
    site.starts_with(NET) && !site.ends_with(CONNECT)
}

/// Whether a stream or a database is connected to at this site.
pub fn is_connect(site: &str) -> bool {
    site == SQL_CONNECT || site.ends_with(CONNECT)
}

/// A statement by its name.
pub fn statement(name: &str) -> String {
    [SQL, name].concat()
}

/// A step of a transaction.
pub fn transaction_step(transaction: &str, step: &str) -> String {
    [SQL, transaction, ".", step].concat()
}

/// The name of the transaction and of its step, where a site has the form of one.
pub fn as_transaction_step(site: &str) -> Option<(&str, &str)> {
    site.strip_prefix(SQL)?.rsplit_once('.')
}
