//! Sockets of madsim's, which know neither a half-closed stream nor a link that only holds back.
//!
//! madsim sends on flush alone, and does nothing on shutdown. So what is written goes out at once, in frames: a length
//! in four bytes, and as many bytes; the length zero is the end of the stream. A clogged link is madsim's refusal of
//! new connections; here it holds back what has arrived, and lets who connects wait.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    task::{Context, Poll, ready},
};

use madsim::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::sim::{
    gate,
    link::{Links, Pair},
    world,
};

/// Bytes of a frame's length.
const HEADER_BYTES: usize = 4;

pub(crate) use madsim::net::TcpListener as Listener;

/// One side of a connection.
pub(crate) struct Wire {
    inner: TcpStream,
    /// Room for the frame that is sent.
    frame: Vec<u8>,
    /// Bytes that are left of the frame at hand.
    left: usize,
    has_ended: bool,
    is_shut: bool,
}

/// The address of a host, by its place.
pub(crate) fn address_of(host: usize) -> IpAddr {
    let number = u32::try_from(host + 1).expect("there are not that many hosts");
    IpAddr::V4(Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 0, 0, 0)) + number))
}

fn host_of(address: IpAddr) -> Option<String> {
    world::with(|world| {
        let place = (0..world.hosts.len()).find(|host| address_of(*host) == address)?;
        Some(world.hosts[place].name.clone())
    })
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
    if let Some(pair) = link_to(address) {
        std::future::poll_fn(|cx| {
            world::with(|world| {
                if is_held(&world.links, pair) {
                    world.links.wait(pair, cx.waker());
                    return Poll::Pending;
                }
                Poll::Ready(())
            })
        })
        .await;
    }
    TcpStream::connect(address).await.map(Wire::new)
}

fn link_to(address: &str) -> Option<Pair> {
    let (name, _) = address.rsplit_once(':')?;
    let here = gate::here()?;
    world::with(|world| Some(Pair::of(here.host, world.host_named(name)?)))
}

/// The name of the host on the other side.
pub(crate) fn peer(wire: &Wire) -> Option<String> {
    host_of(wire.inner.peer_addr().ok()?.ip())
}

/// Whether bytes that have arrived over a clogged link are to be held back by us.
pub(crate) fn is_held(links: &Links, pair: Pair) -> bool {
    links.is_clogged(pair) && !links.is_cut(pair)
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
        assert!(buffer.remaining() > HEADER_BYTES, "the harness reads large pieces");
        let begin = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        // madsim hands out what was flushed at once, which is one frame, or its rest.
        let mut length = buffer.filled().len() - begin;
        if length == 0 {
            self.has_ended = true;
        } else if self.left == 0 {
            let bytes = &mut buffer.filled_mut()[begin..];
            let header =
                bytes.first_chunk::<HEADER_BYTES>().expect("a frame begins with its length");
            self.left = u32::from_be_bytes(*header) as usize;
            self.has_ended = self.left == 0;
            bytes.copy_within(HEADER_BYTES.., 0);
            length -= HEADER_BYTES;
            buffer.set_filled(begin + length);
        }
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
            // The other side may be gone already; then there is nobody to tell.
            let _ = ready!(self.send(cx, &[]));
        }
        Poll::Ready(Ok(()))
    }
}
