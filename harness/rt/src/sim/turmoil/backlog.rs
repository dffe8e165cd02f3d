//! The backlog of a listener: connections that wait to be accepted.
//!
//! In turmoil, connecting waits until the other side accepts. A kernel connects at once, even while the listening
//! process stalls or is busy; the process later finds the data that was sent meanwhile, although the sender may have
//! given up long ago. So a task without a gate accepts in the kernel's place.

use std::{
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use tokio::{
    sync::mpsc::{self, UnboundedReceiver},
    task::AbortHandle,
};
use turmoil::net::TcpListener;

use super::wire::Wire;
use crate::sim::{context, handle};

/// The future that accepts connections; `None` after the listener was dropped.
type Accept = Option<Pin<Box<dyn Future<Output = ()> + Send>>>;

/// A listener with its connections that are not accepted yet.
pub(crate) struct Listener {
    waiting: tokio::sync::Mutex<UnboundedReceiver<io::Result<Wire>>>,
    accepting: Arc<Mutex<Accept>>,
    task: AbortHandle,
    address: SocketAddr,
}

impl Listener {
    /// Listens on an address.
    pub(super) async fn bind(address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (sender, waiting) = mpsc::unbounded_channel();
        let accept = async move {
            loop {
                let connection = listener.accept().await.map(|(stream, _)| Wire::new(stream));
                if sender.send(connection).is_err() {
                    return;
                }
            }
        };
        let accepting: Arc<Mutex<Accept>> = Arc::new(Mutex::new(Some(Box::pin(accept))));
        let (here, polled) = (context::here(), accepting.clone());
        // A machine that is down accepts no connection.
        let is_alive = move || here.is_some_and(handle::is_alive);
        let task = tokio::spawn(poll_fn(move |cx| match open(&polled).as_mut() {
            Some(accept) if is_alive() => accept.as_mut().poll(cx),
            Some(_) => Poll::Pending,
            None => Poll::Ready(()),
        }));
        let waiting = tokio::sync::Mutex::new(waiting);
        Ok(Self { waiting, accepting, task: task.abort_handle(), address })
    }

    /// Accepts the connection that has waited longest.
    pub(super) async fn accept(&self) -> io::Result<Wire> {
        let connection = self.waiting.lock().await.recv().await;
        connection.expect("connections are accepted for as long as somebody listens")
    }

    /// The address on which it listens.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

fn open(accepting: &Mutex<Accept>) -> MutexGuard<'_, Accept> {
    // If accepting panicked, `accept` reports it, because its channel is closed.
    accepting.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Listener {
    /// Frees the port at once. tokio drops the task some time later, in no defined order; by then the task holds
    /// nothing whose drop is visible.
    fn drop(&mut self) {
        drop(open(&self.accepting).take());
        self.task.abort();
    }
}
