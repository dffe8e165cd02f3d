//! Sockets of turmoil's, and how long what they carry is on its way.

use std::io;

use tokio::io::AsyncRead;
use turmoil::net::TcpStream;

pub(crate) use super::{backlog::Listener, wire::Wire};
use crate::sim::link::{Links, Pair};

/// Listens.
pub(crate) async fn bind(address: &str) -> io::Result<Listener> {
    Listener::bind(address).await
}

/// The next connection.
pub(crate) async fn accept(listener: &Listener) -> io::Result<Wire> {
    listener.accept().await
}

/// Connects.
pub(crate) async fn connect(address: &str) -> io::Result<Wire> {
    TcpStream::connect(address).await.map(Wire::new)
}

/// The link it goes over, and how often that had been reset when it was connected.
pub(crate) fn link(wire: &Wire) -> Option<(Pair, u64)> {
    wire.link
}

/// Whether bytes that have arrived over a clogged link are to be held back by us: turmoil holds them itself.
pub(crate) fn is_held(_: &Links, _: Pair) -> bool {
    false
}

/// The stream alone, for whom it is all the same when something arrives.
pub(crate) fn undelayed(wire: Wire) -> impl AsyncRead + Unpin {
    wire.inner
}
