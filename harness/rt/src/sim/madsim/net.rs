//! Sockets of madsim, which supports neither half-closed streams nor links that only hold bytes back.
//!
//! madsim sends only on flush, and ignores shutdown. Written bytes are therefore sent at once, in frames: a length in
//! four bytes, and that many bytes. A length of zero is the end of the stream. While a link is clogged, madsim only
//! refuses new connections. This module holds back the bytes that have arrived, and makes connecting wait.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    task::{Context, Poll, ready},
};

use madsim::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::sim::{
    context, handle,
    link::{Links, Pair},
    simulation::with_world,
};

/// Bytes of a frame's length field.
const HEADER_BYTES: usize = 4;

pub(crate) use madsim::net::TcpListener as Listener;

/// One side of a connection.
pub(crate) struct Wire {
    inner: TcpStream,
    /// The buffer for the frame that is sent.
    frame: Vec<u8>,
    /// Bytes that remain of the current frame.
    left: usize,
    has_ended: bool,
    is_shut: bool,
}

/// The address before that of the first host.
const NETWORK: u32 = u32::from_be_bytes([10, 0, 0, 0]);

/// The address of a host, by its index.
pub(crate) fn address_of(host: usize) -> IpAddr {
    let number = u32::try_from(host + 1).expect("there are not that many hosts");
    IpAddr::V4(Ipv4Addr::from(NETWORK + number))
}

fn host_at(address: IpAddr) -> Option<usize> {
    let IpAddr::V4(address) = address else { return None };
    let number = u32::from(address).checked_sub(NETWORK)? as usize;
    let hosts = with_world(|world| world.hosts.len());
    number.checked_sub(1).filter(|host| *host < hosts)
}

/// Listens on a port.
pub(crate) async fn bind(address: &str) -> io::Result<Listener> {
    Listener::bind(address).await
}

/// Accepts the next connection.
pub(crate) async fn accept(listener: &Listener) -> io::Result<Wire> {
    listener.accept().await.map(|(inner, _)| Wire::new(inner))
}

/// Connects to a host.
pub(crate) async fn connect(address: &str) -> io::Result<Wire> {
    let Some((host, port)) = host_and_port(address) else {
        return TcpStream::connect(address).await.map(Wire::new);
    };
    if let Some(here) = context::here() {
        let pair = Pair::of(here.host, host);
        std::future::poll_fn(|cx| {
            with_world(|world| {
                if is_held(&world.links, pair) {
                    world.links.wait(pair, cx.waker());
                    return Poll::Pending;
                }
                Poll::Ready(())
            })
        })
        .await;
    }
    TcpStream::connect((address_of(host), port)).await.map(Wire::new)
}

/// The host and port of an address; `None` if it is no host of the simulation.
fn host_and_port(address: &str) -> Option<(usize, u16)> {
    let (name, port) = address.rsplit_once(':')?;
    Some((with_world(|world| world.host_named(name))?, port.parse().ok()?))
}

/// The link of the stream, and how often it has been reset so far.
pub(crate) fn link(wire: &Wire) -> Option<(Pair, u64)> {
    let peer = host_at(wire.inner.peer_addr().ok()?.ip())?;
    Some(handle::link_between(context::here()?.host, peer))
}

/// Whether bytes that have arrived over a clogged link must be held back here.
pub(crate) fn is_held(links: &Links, pair: Pair) -> bool {
    links.is_clogged(pair) && !links.is_cut(pair)
}

/// The stream without a delay of its own; the delay is madsim's.
pub(crate) fn undelayed(wire: Wire) -> impl AsyncRead + Unpin {
    wire
}

impl Wire {
    fn new(inner: TcpStream) -> Self {
        Self { inner, frame: Vec::new(), left: 0, has_ended: false, is_shut: false }
    }

    fn send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<()>> {
        let length = u32::try_from(bytes.len()).expect("nobody writes four gigabytes at once");
        self.frame.clear();
        self.frame.extend(length.to_be_bytes());
        self.frame.extend(bytes);
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.frame))?;
        assert_eq!(written, self.frame.len(), "madsim takes all that it is given");
        Pin::new(&mut self.inner).poll_flush(cx)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.has_ended {
            return Poll::Ready(Ok(()));
        }
        if self.left == 0 {
            let mut header = [0; HEADER_BYTES];
            let mut begin = ReadBuf::new(&mut header);
            ready!(Pin::new(&mut self.inner).poll_read(cx, &mut begin))?;
            // madsim delivers what was flushed at once, which is one frame, so its length arrives in one piece.
            let is_gone = begin.filled().is_empty();
            self.left = u32::from_be_bytes(header) as usize;
            self.has_ended = is_gone || self.left == 0;
            if self.has_ended {
                return Poll::Ready(Ok(()));
            }
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        let length = buffer.filled().len() - before;
        self.left = self.left.checked_sub(length).expect("a frame ends where the next begins");
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_shut {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if !bytes.is_empty() {
            ready!(self.send(cx, bytes))?;
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !std::mem::replace(&mut self.is_shut, true) {
            // The other side may already be gone, so the error is ignored.
            let _ = ready!(self.send(cx, &[]));
        }
        Poll::Ready(Ok(()))
    }
}
