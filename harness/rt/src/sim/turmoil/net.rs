//! Sockets of turmoil's.

use std::io;

pub(crate) use turmoil::net::{TcpListener as Listener, TcpStream as Wire};

use crate::sim::link::{Links, Pair};

/// Listens.
pub(crate) async fn bind(address: &str) -> io::Result<Listener> {
    Listener::bind(address).await
}

/// The next connection.
pub(crate) async fn accept(listener: &Listener) -> io::Result<Wire> {
    listener.accept().await.map(|(wire, _)| wire)
}

/// Connects.
pub(crate) async fn connect(address: &str) -> io::Result<Wire> {
    Wire::connect(address).await
}

/// The name of the host on the other side.
pub(crate) fn peer(wire: &Wire) -> Option<String> {
    turmoil::reverse_lookup(wire.peer_addr().ok()?.ip())
}

/// Whether bytes that have arrived over a clogged link are to be held back by us: turmoil holds them itself.
pub(crate) fn is_held(_: &Links, _: Pair) -> bool {
    false
}
