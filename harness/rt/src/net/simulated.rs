//! A simulated TCP stream: its connect and its writes are boundaries, and it is reset when its link is cut.
//!
//! On every simulator, the latency of a message is drawn from the network's whole range, and messages arrive in the
//! order in which they were sent.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use chaosdrill_core::{
    request::Decision,
    trace::{
        EventKind,
        vocabulary::{Answer, site as sites},
    },
};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use crate::{
    sim::{
        boundary::{self, Announced},
        client, context, handle, injected_errors,
        link::Pair,
        simulation::{try_with_world, with_world},
        simulator::net::{self as wires, Wire},
    },
    time::sleep,
};

type Entering = Pin<Box<dyn Future<Output = Decision> + Send>>;

/// A simulated stream.
pub(super) struct Stream {
    /// `None` after the stream was broken.
    inner: Option<Wire>,
    site: String,
    link: Option<(Pair, u64)>,
    /// A write that waits for the faults that struck at its boundary.
    entering: Option<Entering>,
}

/// The state of a stream's host and link.
#[derive(Clone, Copy)]
enum Found {
    /// The stream's host is gone.
    Dead,
    /// The link was cut since the stream was opened.
    Cut,
    /// The link is clogged: bytes that have arrived are held back.
    Held,
    Free,
}

/// Connects as a boundary.
pub(super) async fn connect(label: &str, address: &str) -> io::Result<Stream> {
    let site = sites::stream_connect(label);
    let decision = client::pass(&site).await;
    if let Decision::Fail(kind) = decision {
        return Err(injected_errors::network(kind));
    }
    sleep(with_world(|world| world.draw_network_delay())).await;
    let connected = wires::connect(address).await;
    client::end(&site, decision).await;
    handle::record(EventKind::Answer, &site, || {
        let result = match &connected {
            Ok(_) => Ok(Value::Null),
            Err(error) => Err(error.kind().to_string()),
        };
        Answer { result, asked: Value::Null }.into_data()
    });
    if let Decision::LoseAck(kind) = decision {
        return Err(injected_errors::network(kind));
    }
    Ok(Stream::new(connected?, sites::stream(label)))
}

fn reset() -> io::Error {
    injected_errors::network(chaosdrill_core::ErrorKind::Reset)
}

impl Stream {
    pub(super) fn new(inner: Wire, site: String) -> Self {
        let link = wires::link(&inner);
        Self { inner: Some(inner), site, link, entering: None }
    }

    /// The stream beneath, or an error if its link was cut since it was opened.
    fn whole(&mut self) -> io::Result<&mut Wire> {
        if let Some((pair, resets)) = self.link
            && with_world(|world| world.links.resets(pair)) != resets
        {
            self.inner = None;
        }
        self.inner.as_mut().ok_or_else(reset)
    }

    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (here, link) = (context::here(), self.link);
        let found = try_with_world(|world| {
            if here.is_some_and(|here| !world.is_alive(here)) {
                return Found::Dead;
            }
            let Some((pair, resets)) = link else { return Found::Free };
            if world.links_may_break {
                world.links.wait(pair, cx.waker());
            }
            match &world.links {
                links if links.resets(pair) != resets => Found::Cut,
                links if wires::is_held(links, pair) => Found::Held,
                _ => Found::Free,
            }
        });
        match found {
            None | Some(Found::Dead | Found::Held) => return Poll::Pending,
            Some(Found::Cut) => self.inner = None,
            Some(Found::Free) => {}
        }
        let inner = self.inner.as_mut().ok_or_else(reset)?;
        Pin::new(inner).poll_read(cx, buffer)
    }

    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(entering) = &mut self.entering {
            let decision = ready!(entering.as_mut().poll(cx));
            self.entering = None;
            return self.write(cx, bytes, decision);
        }
        match boundary::announce(&self.site) {
            Announced::Dead => Poll::Pending,
            Announced::Nowhere => self.write(cx, bytes, Decision::Go),
            Announced::Struck(_, acts) if acts.is_empty() => self.write(cx, bytes, Decision::Go),
            Announced::Struck(here, acts) => {
                let site = self.site.clone();
                self.entering =
                    Some(Box::pin(async move { boundary::apply(here, &site, acts).await }));
                self.poll_write(cx, bytes)
            }
        }
    }

    fn write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        decision: Decision,
    ) -> Poll<io::Result<usize>> {
        if let Decision::Fail(kind) = decision {
            self.inner = None;
            return Poll::Ready(Err(injected_errors::network(kind)));
        }
        let written = ready!(Pin::new(self.whole()?).poll_write(cx, bytes));
        if let Some(here) = context::here() {
            with_world(|world| world.had_effect(here, &self.site));
        }
        match decision {
            Decision::Go | Decision::Fail(_) => {}
            Decision::CrashAfter(restart) => {
                if let Some(here) = context::here() {
                    boundary::crash_now(here, &self.site, restart);
                }
                return Poll::Pending;
            }
            Decision::LoseAck(_) => self.linger(),
        }
        Poll::Ready(written)
    }

    /// Discards the answer to bytes that were sent. The stream beneath must outlive its owner, because otherwise its
    /// end would overtake the bytes.
    fn linger(&mut self) {
        if let Some(inner) = self.inner.take() {
            crate::task::spawn(async move {
                let mut inner = wires::undelayed(inner);
                let mut unheard = [0; 1024];
                while matches!(inner.read(&mut unheard).await, Ok(length) if length > 0) {}
            });
        }
    }

    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !handle::is_alive_here() {
            return Poll::Pending;
        }
        match &mut self.inner {
            Some(inner) => Pin::new(inner).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}
