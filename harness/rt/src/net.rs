//! TCP between hosts: listeners and streams. In a simulation, every connect and every write is a boundary.
//!
//! A stream's **site** is `net:` and its label: `TcpStream::connect("bus.publish", "broker:80")` passes
//! `net:bus.publish.connect`, and then `net:bus.publish` at each write. A stream that a listener accepted writes at
//! `net:LABEL.reply`. An address is a host name and a port.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

#[cfg(feature = "sim")]
mod simulated;
#[cfg(feature = "sim")]
use chaosdrill_core::trace::vocabulary::site as sites;

#[cfg(feature = "sim")]
use crate::sim::simulator::net as wires;

/// Listens on a port for connections.
pub struct TcpListener {
    inner: ListenerInner,
    label: String,
}

enum ListenerInner {
    Real(tokio::net::TcpListener),
    #[cfg(feature = "sim")]
    Simulated(wires::Listener),
}

impl TcpListener {
    /// Binds to an address such as `0.0.0.0:80`. `label` names the boundaries of accepted streams.
    ///
    /// # Errors
    ///
    /// Returns the operating system's error, such as a port in use.
    pub async fn bind(label: &str, address: &str) -> io::Result<Self> {
        let label = label.to_owned();
        #[cfg(feature = "sim")]
        if crate::sim::context::here().is_some() {
            let listener = wires::bind(address).await?;
            return Ok(Self { inner: ListenerInner::Simulated(listener), label });
        }
        Ok(Self {
            inner: ListenerInner::Real(tokio::net::TcpListener::bind(address).await?),
            label,
        })
    }

    /// Accepts the next connection.
    ///
    /// # Errors
    ///
    /// Returns the operating system's error.
    pub async fn accept(&self) -> io::Result<TcpStream> {
        match &self.inner {
            ListenerInner::Real(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok(TcpStream { inner: Inner::Real(stream) })
            }
            #[cfg(feature = "sim")]
            ListenerInner::Simulated(listener) => {
                let stream = wires::accept(listener).await?;
                let stream = simulated::Stream::new(stream, sites::stream_reply(&self.label));
                Ok(TcpStream { inner: Inner::Simulated(Box::new(stream)) })
            }
        }
    }

    /// The port on which it listens.
    ///
    /// # Errors
    ///
    /// Returns the operating system's error.
    pub fn port(&self) -> io::Result<u16> {
        match &self.inner {
            ListenerInner::Real(listener) => listener.local_addr().map(|address| address.port()),
            #[cfg(feature = "sim")]
            ListenerInner::Simulated(listener) => {
                listener.local_addr().map(|address| address.port())
            }
        }
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpListener").field("label", &self.label).finish_non_exhaustive()
    }
}

/// A TCP connection.
pub struct TcpStream {
    inner: Inner,
}

enum Inner {
    Real(tokio::net::TcpStream),
    #[cfg(feature = "sim")]
    Simulated(Box<simulated::Stream>),
}

impl TcpStream {
    /// Connects to an address such as `broker:80`. `label` names the boundaries.
    ///
    /// # Errors
    ///
    /// Returns the operating system's error, such as a refused connection.
    pub async fn connect(label: &str, address: &str) -> io::Result<Self> {
        #[cfg(feature = "sim")]
        if crate::sim::context::here().is_some() {
            let stream = simulated::connect(label, address).await?;
            return Ok(Self { inner: Inner::Simulated(Box::new(stream)) });
        }
        let _ = label;
        Ok(Self { inner: Inner::Real(tokio::net::TcpStream::connect(address).await?) })
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpStream").finish_non_exhaustive()
    }
}

impl AsyncRead for TcpStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Real(stream) => Pin::new(stream).poll_read(cx, buffer),
            #[cfg(feature = "sim")]
            Inner::Simulated(stream) => stream.poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for TcpStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.inner {
            Inner::Real(stream) => Pin::new(stream).poll_write(cx, bytes),
            #[cfg(feature = "sim")]
            Inner::Simulated(stream) => stream.poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Real(stream) => Pin::new(stream).poll_flush(cx),
            #[cfg(feature = "sim")]
            Inner::Simulated(_) => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Real(stream) => Pin::new(stream).poll_shutdown(cx),
            #[cfg(feature = "sim")]
            Inner::Simulated(stream) => stream.poll_shutdown(cx),
        }
    }
}
