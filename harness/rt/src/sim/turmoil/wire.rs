//! One side of a connection between two hosts.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use turmoil::net::TcpStream;

use super::arrivals::Arrivals;
use crate::sim::{handle, link::Pair, simulation::with_world};

/// One side of a connection.
pub(crate) struct Wire {
    pub(super) inner: TcpStream,
    arrivals: Arrivals,
    pub(super) link: Option<(Pair, u64)>,
}

/// The index of the host on the other side.
fn peer(stream: &TcpStream) -> Option<usize> {
    let name = turmoil::reverse_lookup(stream.peer_addr().ok()?.ip())?;
    with_world(|world| world.host_named(&name))
}

impl Wire {
    pub(super) fn new(inner: TcpStream) -> Self {
        let link = peer(&inner).and_then(handle::link_to);
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
