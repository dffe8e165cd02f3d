//! The loads on raw madsim.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use madsim::{
    net::{TcpListener, TcpStream},
    runtime::{Handle, Runtime},
    task::{JoinHandle, spawn},
    time::{TimeHandle, sleep},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Sleeps of the backoff: all of them.
pub(crate) const SLEEPS: usize = 9;

/// Runs on its own thread, because madsim seeds std's hash maps once per thread.
fn run<T: Send>(seed: u64, latency_ms: (u64, u64), load: impl AsyncFnOnce() -> T + Send) -> T {
    let mut config = madsim::Config::default();
    let [shortest, longest] = [latency_ms.0, latency_ms.1].map(Duration::from_millis);
    config.net.send_latency = shortest..longest + Duration::from_nanos(1);
    std::thread::scope(|scope| {
        let run = move || Runtime::with_seed_and_config(seed, config).block_on(load());
        scope.spawn(run).join().expect("the raw simulation ends")
    })
}

fn ip(number: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, number).into()
}

fn address(number: u8) -> SocketAddr {
    (ip(number), 9000).into()
}

fn host<F>(number: u8, software: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    Handle::current().create_node().ip(ip(number)).build().spawn(software)
}

async fn send(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

async fn echo() {
    let listener = TcpListener::bind("0.0.0.0:9000").await.expect("a free port");
    loop {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        spawn(async move {
            let mut byte = [0];
            while stream.read_exact(&mut byte).await.is_ok()
                && send(&mut stream, &byte).await.is_ok()
            {}
        });
    }
}

async fn all<T>(hosts: Vec<JoinHandle<T>>) {
    for host in hosts {
        host.await.expect("the host ends");
    }
}

pub(crate) fn backoff(sleeps: &'static [u64]) {
    run(1, (1, 10), async move || {
        host(1, echo());
        let worker = |number| {
            host(number, async move {
                for seconds in sleeps {
                    sleep(Duration::from_secs(*seconds)).await;
                    let mut stream = TcpStream::connect(address(1)).await.expect("a server");
                    send(&mut stream, &[1]).await.expect("a stream");
                    stream.read_exact(&mut [0]).await.expect("an answer");
                }
            })
        };
        all([2, 3].map(worker).into()).await;
    });
}

pub(crate) fn heartbeats(beats: u32) {
    run(1, (1, 10), async move || {
        let member = |own: u8| {
            host(own, async move {
                let listener = TcpListener::bind("0.0.0.0:9000").await.expect("a free port");
                spawn(async move {
                    while let Ok((mut stream, _)) = listener.accept().await {
                        spawn(async move { while stream.read_exact(&mut [0]).await.is_ok() {} });
                    }
                });
                sleep(Duration::from_millis(10)).await;
                let mut peers = Vec::new();
                for peer in (1..=3).filter(|peer| *peer != own) {
                    peers.push(TcpStream::connect(address(peer)).await.expect("a peer"));
                }
                for _ in 0..beats {
                    sleep(Duration::from_secs(1)).await;
                    for peer in &mut peers {
                        send(peer, &[1]).await.expect("a stream");
                    }
                }
                sleep(Duration::from_secs(1)).await;
            })
        };
        all((1..=3).map(member).collect()).await;
    });
}

pub(crate) fn ping_pong(pairs: u8, rounds: u32) {
    run(1, (1, 1), async move || {
        let client = |pair: u8| {
            host(100 + pair, echo());
            host(1 + pair, async move {
                sleep(Duration::from_millis(5)).await;
                let mut stream = TcpStream::connect(address(100 + pair)).await.expect("a server");
                let mut byte = [0];
                for _ in 0..rounds {
                    send(&mut stream, &byte).await.expect("a stream");
                    stream.read_exact(&mut byte).await.expect("an answer");
                }
            })
        };
        all((0..pairs).map(client).collect()).await;
    });
}

/// Yields to the other tasks; tokio's `yield_now` has no effect outside its runtime.
async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

async fn bump(cell: Arc<AtomicU32>, late: u32) {
    for _ in 0..late {
        yield_now().await;
    }
    let seen = cell.load(Ordering::Relaxed);
    yield_now().await;
    cell.store(seen + 1, Ordering::Relaxed);
}

/// Two tasks of one host add to a cell, the second three turns later. Returns whether an addition is lost.
pub(crate) fn lost_on_one_host(seed: u64) -> bool {
    let cell = Arc::new(AtomicU32::new(0));
    let shared = cell.clone();
    run(seed, (1, 10), async move || {
        all(vec![spawn(bump(shared.clone(), 0)), spawn(bump(shared, 3))]).await;
    });
    cell.load(Ordering::Relaxed) != 2
}

/// Two hosts add to a cell of a third host, 20 ms apart. Returns whether an addition is lost.
pub(crate) fn lost_over_the_network(seed: u64) -> bool {
    let cell = Arc::new(AtomicU32::new(0));
    let shared = cell.clone();
    run(seed, (1, 10), async move || {
        host(1, async move {
            let listener = TcpListener::bind("0.0.0.0:9000").await.expect("a free port");
            loop {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let cell = shared.clone();
                spawn(async move {
                    while let Ok(value) = stream.read_u32().await {
                        if value > 0 {
                            cell.store(value, Ordering::Relaxed);
                        }
                        let answer = cell.load(Ordering::Relaxed).to_be_bytes();
                        send(&mut stream, &answer).await.expect("the client waits");
                    }
                });
            }
        });
        let client = |(number, late_ms): (u8, u64)| {
            host(number, async move {
                sleep(Duration::from_millis(1)).await;
                let mut stream = TcpStream::connect(address(1)).await.expect("a server");
                let at = Duration::from_millis(100 + late_ms);
                sleep(at.saturating_sub(TimeHandle::current().elapsed())).await;
                send(&mut stream, &0_u32.to_be_bytes()).await.expect("a stream");
                let seen = stream.read_u32().await.expect("an answer");
                send(&mut stream, &(seen + 1).to_be_bytes()).await.expect("a stream");
                stream.read_u32().await.expect("an answer");
            })
        };
        all([(2, 0), (3, 20)].map(client).into()).await;
    });
    cell.load(Ordering::Relaxed) != 2
}
