//! Sockets of turmoil's, and how long what they carry is on its way.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
pub(crate) use turmoil::net::TcpListener as Listener;
use turmoil::net::TcpStream;

use super::arrivals::Arrivals;
use crate::sim::{
    link::{Links, Pair},
    world,
};

/// One side of a connection.
pub(crate) struct Wire {
    inner: TcpStream,
    arrivals: Arrivals,
}

/// Listens.
pub(crate) async fn bind(address: &str) -> io::Result<Listener> {
    Listener::bind(address).await
}

/// The next connection.
pub(crate) async fn accept(listener: &Listener) -> io::Result<Wire> {
    listener.accept().await.map(|(inner, _)| Wire::new(inner))
}

/// Connects.
pub(crate) async fn connect(address: &str) -> io::Result<Wire> {
    TcpStream::connect(address).await.map(Wire::new)
}

/// The place of the host on the other side.
pub(crate) fn peer(wire: &Wire) -> Option<usize> {
    let name = turmoil::reverse_lookup(wire.inner.peer_addr().ok()?.ip())?;
    world::with(|world| world.host_named(&name))
}

/// Whether bytes that have arrived over a clogged link are to be held back by us: turmoil holds them itself.
pub(crate) fn is_held(_: &Links, _: Pair) -> bool {
    false
}

/// The stream alone, for whom it is all the same when something arrives.
pub(crate) fn undelayed(wire: Wire) -> impl AsyncRead + Unpin {
    wire.inner
}

impl Wire {
    fn new(inner: TcpStream) -> Self {
        Self { inner, arrivals: Arrivals::default() }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { inner, arrivals } = &mut *self;
        arrivals.take_in(Pin::new(inner), cx)?;
        arrivals.poll_next(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
