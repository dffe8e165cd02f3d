//! A stream of the simulator's, with boundaries, and with resets where its link is cut.
//!
//! turmoil draws how long a message travels from an exponential distribution, which hardly leaves the lower part of its
//! range. So the simulator carries everything in the shortest time, and what arrives is held here for a time drawn over
//! the whole range, in the order of its arrival: the same on every simulator.

use std::{
    collections::VecDeque,
    future::Future,
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};

use chaosdrill_core::trace::EventKind;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use crate::{
    sim::{
        boundary::{self, Announced, Passage},
        clock, faulty,
        gate::{self, Here},
        link::Pair,
        simulator::net::{self as wires, Wire},
        world,
    },
    time::{Instant, Sleep, sleep, sleep_until},
};

type Entering = Pin<Box<dyn Future<Output = Passage> + Send>>;

/// A simulated stream.
pub(super) struct Stream {
    /// Nothing once the stream is broken.
    inner: Option<Wire>,
    site: String,
    link: Option<(Pair, u64)>,
    /// A write that waits for what struck at its boundary.
    entering: Option<Entering>,
    arrivals: Arrivals,
}

/// What has come over the link and is not there yet.
#[derive(Default)]
struct Arrivals {
    /// Bytes with the instant at which they are there; none stand for the end of the stream.
    queue: VecDeque<(Instant, Vec<u8>)>,
    /// Whether the end has come.
    ended: bool,
    due: Option<Pin<Box<Sleep>>>,
}

/// How a stream finds its host and its link.
#[derive(Clone, Copy)]
enum Found {
    /// The host is no more.
    Dead,
    /// The link was cut since the stream was opened.
    Cut,
    /// What has arrived is held back.
    Held,
    Free,
}

/// Bytes that are taken off a stream at once.
const CHUNK_BYTES: usize = 8 << 10;

impl Arrivals {
    /// Takes off the stream what there is; each gets the instant at which it will be there.
    fn take_in(&mut self, mut inner: Pin<&mut Wire>, cx: &mut Context<'_>) -> io::Result<()> {
        while !self.ended {
            let mut chunk = [MaybeUninit::uninit(); CHUNK_BYTES];
            let mut buffer = ReadBuf::uninit(&mut chunk);
            match inner.as_mut().poll_read(cx, &mut buffer) {
                Poll::Pending => break,
                Poll::Ready(result) => result?,
            }
            let delay = world::with(|world| world.draw_network_delay());
            let mut due = clock::instant() + delay;
            if let Some((before, _)) = self.queue.back() {
                due = due.max(*before);
            }
            self.ended = buffer.filled().is_empty();
            self.queue.push_back((due, buffer.filled().to_vec()));
        }
        Ok(())
    }

    /// Hands out what is there.
    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some((at, bytes)) = self.queue.front_mut() else { return Poll::Pending };
        if *at > clock::instant() {
            let due = self.due.get_or_insert_with(|| Box::pin(sleep_until(*at)));
            if due.deadline() != *at {
                due.as_mut().reset(*at);
            }
            ready!(due.as_mut().poll(cx));
        }
        if bytes.is_empty() {
            // The end stays where it is, for whoever asks again.
            return Poll::Ready(Ok(()));
        }
        let length = bytes.len().min(buffer.remaining());
        buffer.put_slice(&bytes[..length]);
        bytes.drain(..length);
        if bytes.is_empty() {
            self.queue.pop_front();
        }
        Poll::Ready(Ok(()))
    }
}

/// Connects as a boundary.
pub(super) async fn connect(label: &str, address: &str) -> io::Result<Stream> {
    let site = format!("net:{label}.connect");
    let passage = boundary::before(&site).await;
    if let Passage::Fail(kind) = passage {
        return Err(faulty::network(kind));
    }
    sleep(world::with(|world| world.draw_network_delay())).await;
    let connected = wires::connect(address).await;
    boundary::after(passage, &site).await;
    world::record(EventKind::Answer, &site, || match &connected {
        Ok(_) => json!({ "ok": null }),
        Err(error) => json!({ "error": error.kind().to_string() }),
    });
    if let Passage::LoseAck(kind) = passage {
        return Err(faulty::network(kind));
    }
    Ok(Stream::new(connected?, format!("net:{label}")))
}

fn reset() -> io::Error {
    faulty::network(chaosdrill_core::ErrorKind::Reset)
}

impl Stream {
    pub(super) fn new(inner: Wire, site: String) -> Self {
        let link =
            gate::here().zip(wires::peer(&inner)).and_then(|(here, peer): (Here, String)| {
                world::with(|world| {
                    let pair = Pair::of(here.host, world.host_named(&peer)?);
                    Some((pair, world.links.resets(pair)))
                })
            });
        Self { inner: Some(inner), site, link, entering: None, arrivals: Arrivals::default() }
    }

    /// The stream beneath, unless its link has been cut since it was opened.
    fn whole(&mut self) -> io::Result<&mut Wire> {
        if let Some((pair, resets)) = self.link
            && world::with(|world| world.links.resets(pair)) != resets
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
        let (here, link) = (gate::here(), self.link);
        let found = world::try_with(|world| {
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
            None | Some(Found::Dead) => return Poll::Pending,
            Some(Found::Cut) => self.inner = None,
            Some(Found::Held | Found::Free) => {}
        }
        let inner = self.inner.as_mut().ok_or_else(reset)?;
        if let Some(Found::Free) = found {
            self.arrivals.take_in(Pin::new(inner), cx)?;
        }
        self.arrivals.poll_next(cx, buffer)
    }

    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(entering) = &mut self.entering {
            let passage = ready!(entering.as_mut().poll(cx));
            self.entering = None;
            return self.write(cx, bytes, passage);
        }
        match boundary::announce(&self.site) {
            Announced::Dead => Poll::Pending,
            Announced::Nowhere => self.write(cx, bytes, Passage::Go),
            Announced::Struck(_, acts) if acts.is_empty() => self.write(cx, bytes, Passage::Go),
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
        passage: Passage,
    ) -> Poll<io::Result<usize>> {
        if let Passage::Fail(kind) = passage {
            self.inner = None;
            return Poll::Ready(Err(faulty::network(kind)));
        }
        let written = ready!(Pin::new(self.whole()?).poll_write(cx, bytes));
        if let Some(here) = gate::here() {
            world::with(|world| world.had_effect(here, &self.site));
        }
        match passage {
            Passage::Go | Passage::Fail(_) => {}
            Passage::CrashAfter(restart) => {
                if let Some(here) = gate::here() {
                    boundary::crash_now(here, &self.site, restart);
                }
                return Poll::Pending;
            }
            Passage::LoseAck(_) => self.linger(),
        }
        Poll::Ready(written)
    }

    /// The bytes are on their way, and whatever the other side answers will not be heard. The stream beneath must
    /// outlive its owner, or its end would overtake the bytes.
    fn linger(&mut self) {
        if let Some(mut inner) = self.inner.take() {
            crate::task::spawn(async move {
                let mut unheard = [0; 1024];
                while matches!(inner.read(&mut unheard).await, Ok(length) if length > 0) {}
            });
        }
    }

    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !world::is_alive_here() {
            return Poll::Pending;
        }
        match &mut self.inner {
            Some(inner) => Pin::new(inner).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}
