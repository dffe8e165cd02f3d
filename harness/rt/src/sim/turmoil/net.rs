//! Sockets of turmoil's, and how long what they carry is on its way.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use turmoil::net::TcpStream;

use super::arrivals::Arrivals;
pub(crate) use super::backlog::Listener;
use crate::sim::{
    link::{Links, Pair},
    world,
};

/// One side of a connection.
pub(crate) struct Wire {
    inner: TcpStream,
    arrivals: Arrivals,
    link: Option<(Pair, u64)>,
}

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

/// The place of the host on the other side.
fn peer(stream: &TcpStream) -> Option<usize> {
    let name = turmoil::reverse_lookup(stream.peer_addr().ok()?.ip())?;
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
    pub(super) fn new(inner: TcpStream) -> Self {
        let link = peer(&inner).and_then(world::link_to);
        Self { inner, arrivals: Arrivals::default(), link }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { inner, arrivals, .. } = &mut *self;
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
