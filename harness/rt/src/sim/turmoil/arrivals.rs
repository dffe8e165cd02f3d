//! Delays data that turmoil has delivered, until its drawn latency has passed.
//!
//! turmoil draws the latency of a message from an exponential distribution, which hardly leaves the lower part of its
//! range, and a message that is under way keeps turmoil busy. So turmoil carries every message within a tick, and
//! arrivals are held here for the rest of a time drawn over the whole range, in their order.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{io::ReadBuf, sync::mpsc::UnboundedReceiver};

use super::driver::TICK;
use crate::{
    sim::{clock, simulation::with_world},
    time::{Instant, Sleep, sleep_until},
};

/// The shortest time that a message takes.
pub(super) fn shortest_latency() -> Duration {
    Duration::from_millis(with_world(|world| world.network_latency.ms_min))
}

/// The arrivals of one stream, in order.
#[derive(Default)]
pub(super) struct Arrivals {
    /// Bytes with the instant at which they become readable; no bytes mean the end of the stream.
    queue: VecDeque<(Instant, Vec<u8>)>,
    /// Whether the end of the stream has arrived.
    ended: bool,
    due: Option<Pin<Box<Sleep>>>,
}

impl Arrivals {
    /// Takes all that turmoil has delivered, and draws the instant at which each part becomes readable.
    pub(super) fn take_in(
        &mut self,
        incoming: &mut UnboundedReceiver<io::Result<Vec<u8>>>,
        cx: &mut Context<'_>,
    ) -> io::Result<()> {
        while !self.ended {
            let bytes = match incoming.poll_recv(cx) {
                Poll::Pending => break,
                Poll::Ready(None) => Vec::new(),
                Poll::Ready(Some(bytes)) => bytes?,
            };
            let rest = shortest_latency().saturating_sub(TICK);
            let delay = rest + with_world(|world| world.draw_network_delay());
            let mut due = clock::instant() + delay;
            if let Some((before, _)) = self.queue.back() {
                due = due.max(*before);
            }
            self.ended = bytes.is_empty();
            self.queue.push_back((due, bytes));
        }
        Ok(())
    }

    /// Returns the bytes that have become readable.
    pub(super) fn poll_next(
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
            // The end stays in the queue, so that later reads find it too.
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
