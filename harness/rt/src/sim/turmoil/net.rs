//! Sockets of turmoil, with the latency of their data.

use std::io;

use tokio::io::AsyncRead;
use turmoil::net::TcpStream;

pub(crate) use super::{backlog::Listener, wire::Wire};
use crate::sim::link::{Links, Pair};

/// Listens on a port.
pub(crate) async fn bind(address: &str) -> io::Result<Listener> {
    Listener::bind(address).await
}

/// Accepts the next connection.
pub(crate) async fn accept(listener: &Listener) -> io::Result<Wire> {
    listener.accept().await
}

/// Connects to a host.
pub(crate) async fn connect(address: &str) -> io::Result<Wire> {
    TcpStream::connect(address).await.map(Wire::new)
}

/// The link of the stream, and how often it had been reset when the stream was connected.
pub(crate) fn link(wire: &Wire) -> Option<(Pair, u64)> {
    wire.link
}

/// Whether bytes that have arrived over a clogged link must be held back here; turmoil does it itself.
pub(crate) fn is_held(_: &Links, _: Pair) -> bool {
    false
}

/// The stream without its delay.
pub(crate) fn undelayed(wire: Wire) -> impl AsyncRead + Unpin {
    wire.inner
}
