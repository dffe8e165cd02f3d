//! One side of a connection between two hosts.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{arrivals::Arrivals, card::Cable};
use crate::sim::link::Pair;

/// One side of a connection.
pub(crate) struct Wire {
    cable: Cable,
    arrivals: Arrivals,
}

impl Wire {
    pub(super) fn new(cable: Cable) -> Self {
        Self { cable, arrivals: Arrivals::default() }
    }

    pub(super) fn link(&self) -> Option<(Pair, u64)> {
        self.cable.link
    }

    /// The stream, whose data is readable as it arrives.
    pub(super) fn undelayed(self) -> Undelayed {
        Undelayed(self.cable)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { cable, arrivals } = &mut *self;
        arrivals.take_in(&mut cable.incoming, cx)?;
        arrivals.poll_next(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let broken = || Err(io::ErrorKind::BrokenPipe.into());
        if self.cable.is_broken() {
            return Poll::Ready(broken());
        }
        let sent = self.cable.outgoing.as_ref().map(|outgoing| outgoing.send(bytes.to_vec()));
        Poll::Ready(match sent {
            Some(Ok(())) => Ok(bytes.len()),
            _ => broken(),
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cable.outgoing = None;
        Poll::Ready(Ok(()))
    }
}

/// A connection whose data is read and thrown away.
pub(crate) struct Undelayed(Cable);

impl AsyncRead for Undelayed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match std::task::ready!(self.0.incoming.poll_recv(cx)) {
            Some(Ok(bytes)) => buffer.put_slice(&bytes[..bytes.len().min(buffer.remaining())]),
            Some(Err(error)) => return Poll::Ready(Err(error)),
            None => {}
        }
        Poll::Ready(Ok(()))
    }
}
