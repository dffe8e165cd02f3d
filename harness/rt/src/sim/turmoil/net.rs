//! Sockets of turmoil, through the card of the host, with the latency of their data.

use std::{io, net::SocketAddr};

use tokio::{
    io::AsyncRead,
    sync::{Mutex, oneshot},
};

pub(crate) use super::wire::Wire;
use super::{
    arrivals::shortest_latency,
    card::{self, Ask, Socket},
};
use crate::{
    sim::{
        clock, context,
        link::{Links, Pair},
    },
    time,
};

/// A listener with its connections that are not accepted yet.
pub(crate) struct Listener {
    socket: Mutex<Socket>,
    address: SocketAddr,
}

impl Listener {
    /// The address on which it listens.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

async fn ask<T>(make: impl FnOnce(oneshot::Sender<io::Result<T>>) -> Ask) -> io::Result<T> {
    let here = context::here().ok_or(io::ErrorKind::NetworkDown)?;
    let (answer, answered) = oneshot::channel();
    card::ask(here.host, make(answer))?;
    answered.await.unwrap_or_else(|_| Err(io::ErrorKind::NetworkDown.into()))
}

/// Listens on a port.
pub(crate) async fn bind(address: &str) -> io::Result<Listener> {
    let address = address.to_owned();
    let socket = ask(|answer| Ask::Listen { address, answer }).await?;
    Ok(Listener { address: socket.address, socket: Mutex::new(socket) })
}

/// Accepts the next connection.
pub(crate) async fn accept(listener: &Listener) -> io::Result<Wire> {
    let accepted = listener.socket.lock().await.arrived.recv().await;
    accepted.unwrap_or_else(|| Err(io::ErrorKind::NetworkDown.into())).map(Wire::new)
}

/// Connects to a host.
pub(crate) async fn connect(address: &str) -> io::Result<Wire> {
    let address = address.to_owned();
    // A handshake is two messages.
    let earliest = clock::instant() + shortest_latency() * 2;
    let connected = ask(|answer| Ask::Connect { address, answer }).await;
    if clock::instant() < earliest {
        time::sleep_until(earliest).await;
    }
    connected.map(Wire::new)
}

/// The link of the stream, and how often it had been reset when the stream was connected.
pub(crate) fn link(wire: &Wire) -> Option<(Pair, u64)> {
    wire.link()
}

/// Whether bytes that have arrived over a clogged link must be held back here; turmoil does it itself.
pub(crate) fn is_held(_: &Links, _: Pair) -> bool {
    false
}

/// The stream without its delay.
pub(crate) fn undelayed(wire: Wire) -> impl AsyncRead + Unpin {
    wire.undelayed()
}
