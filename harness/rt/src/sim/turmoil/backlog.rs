//! Connections that wait to be accepted.
//!
//! turmoil lets who connects wait until the other side accepts. A kernel does not: whoever listens is connected at
//! once, also while its process stalls or is busy, and finds what was sent meanwhile when it comes to it, though the
//! sender may have given up long ago. So a task that no gate holds accepts in the kernel's place.

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

/// What accepts, for as long as somebody listens.
type Accept = Option<Pin<Box<dyn Future<Output = ()> + Send>>>;

/// Listens, and holds the connections that nobody has accepted yet.
pub(crate) struct Listener {
    waiting: tokio::sync::Mutex<UnboundedReceiver<io::Result<Wire>>>,
    accepting: Arc<Mutex<Accept>>,
    task: AbortHandle,
    address: SocketAddr,
}

impl Listener {
    /// Listens at an address.
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
        // A machine that is down answers nobody.
        let is_alive = move || here.is_some_and(handle::is_alive);
        let task = tokio::spawn(poll_fn(move |cx| match open(&polled).as_mut() {
            Some(accept) if is_alive() => accept.as_mut().poll(cx),
            Some(_) => Poll::Pending,
            None => Poll::Ready(()),
        }));
        let waiting = tokio::sync::Mutex::new(waiting);
        Ok(Self { waiting, accepting, task: task.abort_handle(), address })
    }

    /// The connection that has waited for the longest.
    pub(super) async fn accept(&self) -> io::Result<Wire> {
        let connection = self.waiting.lock().await.recv().await;
        connection.expect("connections are accepted for as long as somebody listens")
    }

    /// Where it listens.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

fn open(accepting: &Mutex<Accept>) -> MutexGuard<'_, Accept> {
    // Whoever panicked while it accepted is told of by `accept`, which finds nobody at the other end.
    accepting.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Listener {
    /// The port is free there and then. tokio drops the task some time later, and in no order of ours; by then it holds
    /// nothing that could show.
    fn drop(&mut self) {
        drop(open(&self.accepting).take());
        self.task.abort();
    }
}
