//! The network card of a host: the only part of a host that turmoil runs.
//!
//! Hosts run on runtimes of their own, and only when they have something to do. Their connections are turmoil's, and
//! turmoil's sockets work only inside a host of turmoil. So each host has a card there, which carries the bytes between
//! its sockets and the host. What a card does takes no virtual time.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
};

use chaosdrill_core::limits::STREAM_CHUNK_BYTES;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{
        mpsc::{self, UnboundedReceiver, UnboundedSender},
        oneshot,
    },
};
use turmoil::net::{TcpListener, TcpStream};

use crate::sim::{
    handle,
    host::Here,
    link::Pair,
    simulation::{self, with_world},
};

/// The future that accepts connections; `None` once nobody listens any more.
type Accept = Option<Work>;

/// What a card is doing.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a host asks of its card.
pub(super) enum Ask {
    /// Frees the port, before anything that is asked later.
    Close(Arc<Mutex<Accept>>),
    Connect {
        address: String,
        answer: oneshot::Sender<io::Result<Cable>>,
    },
    Listen {
        address: String,
        answer: oneshot::Sender<io::Result<Socket>>,
    },
}

/// A listening socket: its connections, in the order in which they arrived. Nobody listens once it is dropped.
pub(super) struct Socket {
    pub(super) arrived: UnboundedReceiver<io::Result<Cable>>,
    pub(super) address: SocketAddr,
    host: usize,
    accept: Arc<Mutex<Accept>>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        // A card that is gone has freed its ports.
        let _ = ask(self.host, Ask::Close(self.accept.clone()));
    }
}

fn open(accept: &Mutex<Accept>) -> MutexGuard<'_, Accept> {
    // If accepting panicked, nothing is accepted any more.
    accept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The host's side of a connection.
pub(super) struct Cable {
    /// What arrived; no bytes are the end of the stream.
    pub(super) incoming: UnboundedReceiver<io::Result<Vec<u8>>>,
    /// `None` once the host has ended its side.
    pub(super) outgoing: Option<UnboundedSender<Vec<u8>>>,
    /// Whether the connection was broken.
    is_broken: Arc<AtomicBool>,
    pub(super) link: Option<(Pair, u64)>,
}

impl Cable {
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }
}

/// The ways to the cards.
#[derive(Debug, Default)]
pub(crate) struct Cards {
    asks: BTreeMap<usize, UnboundedSender<Ask>>,
    /// What is asked of cards that do not run yet.
    asked: BTreeMap<usize, UnboundedReceiver<Ask>>,
    /// The hosts that need a card, and have none.
    wanted: Vec<usize>,
}

impl Cards {
    fn want(&mut self, host: usize) {
        if let Entry::Vacant(vacant) = self.asks.entry(host) {
            let (sender, asked) = mpsc::unbounded_channel();
            vacant.insert(sender);
            self.asked.insert(host, asked);
            self.wanted.push(host);
        }
    }
}

fn with_cards<R>(f: impl FnOnce(&mut Cards) -> R) -> R {
    simulation::with(|it| f(&mut it.simulator.cards.borrow_mut()))
}

/// Asks the card of the current host. A host gets a card when it first needs one, because each card costs turmoil time
/// in every step.
pub(super) fn ask(host: usize, ask: Ask) -> io::Result<()> {
    let peer = match &ask {
        Ask::Connect { address, .. } => {
            let name = address.rsplit_once(':').map_or(address.as_str(), |(name, _)| name);
            with_world(|world| world.host_named(name))
        }
        Ask::Close(_) | Ask::Listen { .. } => None,
    };
    // A socket may be dropped when its simulation is over.
    let sent = simulation::try_with(|it| {
        let mut cards = it.simulator.cards.borrow_mut();
        [Some(host), peer].into_iter().flatten().for_each(|host| cards.want(host));
        cards.asks[&host].send(ask).ok()
    });
    sent.flatten().ok_or_else(|| io::ErrorKind::NetworkDown.into())
}

/// Whether a host needs a card, and has none.
pub(super) fn is_one_wanted() -> bool {
    with_cards(|cards| !cards.wanted.is_empty())
}

/// Takes the hosts that need a card, and have none.
pub(super) fn take_wanted() -> Vec<usize> {
    with_cards(|cards| std::mem::take(&mut cards.wanted))
}

/// A host is down. What it asked of its card is void.
pub(super) fn end(host: usize) {
    with_cards(|cards| {
        if let Some(asked) = cards.asked.get_mut(&host) {
            while asked.try_recv().is_ok() {}
        }
    });
}

/// The software of a card. It ends with its host.
pub(super) async fn run(host: usize) -> turmoil::Result {
    let here = Here { host, life: with_world(|world| world.hosts[host].life) };
    let mut asked = with_cards(|cards| {
        cards.asked.remove(&here.host).unwrap_or_else(|| {
            let (sender, asked) = mpsc::unbounded_channel();
            cards.asks.insert(here.host, sender);
            asked
        })
    });
    // One task does it all: a crash drops the tasks of a runtime in an order that depends on earlier runs, and sockets
    // say goodbye when they are dropped.
    let mut works = FuturesUnordered::new();
    let (begin, mut begun) = mpsc::unbounded_channel();
    loop {
        tokio::select! {
            biased;
            ask = asked.recv() => match ask {
                Some(ask) => works.push(serve(here, ask, begin.clone())),
                None => return Ok(()),
            },
            Some(work) = begun.recv() => works.push(work),
            Some(()) = works.next() => {}
        }
    }
}

fn serve(here: Here, ask: Ask, begin: UnboundedSender<Work>) -> Work {
    match ask {
        Ask::Close(accept) => {
            drop(open(&accept).take());
            Box::pin(std::future::ready(()))
        }
        Ask::Connect { address, answer } => Box::pin(async move {
            let connected = TcpStream::connect(address).await;
            let _ = answer.send(connected.map(|stream| plug(here, stream, &begin)));
        }),
        Ask::Listen { address, answer } => Box::pin(async move {
            let _ = answer.send(listen(here, &address, begin).await);
        }),
    }
}

/// Accepts in the host's place, as a kernel does, even while the host stalls or is busy.
async fn listen(here: Here, address: &str, begin: UnboundedSender<Work>) -> io::Result<Socket> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let (sender, arrived) = mpsc::unbounded_channel();
    let plugs = begin.clone();
    let accepts = async move {
        loop {
            let accepted = listener.accept().await;
            // A machine that is down accepts no connection.
            let is_over = !handle::is_alive(here);
            let connection = accepted.map(|(stream, _)| plug(here, stream, &plugs));
            if is_over || sender.send(connection).is_err() {
                return;
            }
        }
    };
    let accept: Arc<Mutex<Accept>> = Arc::new(Mutex::new(Some(Box::pin(accepts))));
    let polled = accept.clone();
    let accepts = poll_fn(move |cx| match open(&polled).as_mut() {
        Some(accepts) => accepts.as_mut().poll(cx),
        None => Poll::Ready(()),
    });
    let _ = begin.send(Box::pin(accepts));
    Ok(Socket { arrived, address, host: here.host, accept })
}

/// The index of the host on the other side.
fn peer(stream: &TcpStream) -> Option<usize> {
    let name = turmoil::reverse_lookup(stream.peer_addr().ok()?.ip())?;
    with_world(|world| world.host_named(&name))
}

fn plug(here: Here, stream: TcpStream, begin: &UnboundedSender<Work>) -> Cable {
    let link = peer(&stream).map(|peer| handle::link_between(here.host, peer));
    let (mut read, mut write) = stream.into_split();
    let (to_host, incoming) = mpsc::unbounded_channel();
    let (outgoing, mut from_host) = mpsc::unbounded_channel::<Vec<u8>>();
    let is_broken = Arc::new(AtomicBool::new(false));
    let breaks = is_broken.clone();
    let _ = begin.send(Box::pin(async move {
        while let Some(bytes) = from_host.recv().await {
            if write.write_all(&bytes).await.is_err() {
                breaks.store(true, Ordering::Relaxed);
                return;
            }
        }
        let _ = write.shutdown().await;
    }));
    let _ = begin.send(Box::pin(async move {
        loop {
            let mut chunk = vec![0; STREAM_CHUNK_BYTES];
            let arrived = tokio::select! {
                biased;
                () = to_host.closed() => return,
                arrived = read.read(&mut chunk) => arrived,
            };
            let is_over = !matches!(arrived, Ok(1..));
            let arrived = arrived.map(|length| {
                chunk.truncate(length);
                chunk
            });
            if to_host.send(arrived).is_err() || is_over {
                return;
            }
        }
    }));
    Cable { incoming, outgoing: Some(outgoing), is_broken, link }
}
