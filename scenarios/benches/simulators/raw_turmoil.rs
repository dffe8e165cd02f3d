//! The loads on raw turmoil, with its tick of 1 ms.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::yield_now,
    time::sleep,
};
use turmoil::net::{TcpListener, TcpStream};

/// Sleeps of the backoff: all of them would take half an hour.
pub(crate) const SLEEPS: usize = 2;

fn build(seed: u64, latency_ms: (u64, u64)) -> turmoil::Sim<'static> {
    turmoil::Builder::new()
        .rng_seed(seed)
        .tick_duration(Duration::from_millis(1))
        .simulation_duration(Duration::MAX)
        .min_message_latency(Duration::from_millis(latency_ms.0))
        .max_message_latency(Duration::from_millis(latency_ms.1))
        .build()
}

async fn echo() -> turmoil::Result {
    let listener = TcpListener::bind("0.0.0.0:9000").await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let mut byte = [0];
            while stream.read_exact(&mut byte).await.is_ok()
                && stream.write_all(&byte).await.is_ok()
            {}
        });
    }
}

pub(crate) fn backoff(sleeps: &'static [u64]) {
    let mut sim = build(1, (1, 10));
    sim.host("server", echo);
    for name in ["w0", "w1"] {
        sim.client(name, async move {
            for seconds in sleeps {
                sleep(Duration::from_secs(*seconds)).await;
                let mut stream = TcpStream::connect("server:9000").await?;
                stream.write_all(&[1]).await?;
                stream.read_exact(&mut [0]).await?;
            }
            Ok(())
        });
    }
    sim.run().expect("the raw simulation ends");
}

pub(crate) fn heartbeats(beats: u32) {
    let mut sim = build(1, (1, 10));
    for own in 0..3 {
        sim.client(format!("h{own}"), async move {
            let listener = TcpListener::bind("0.0.0.0:9000").await?;
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    tokio::spawn(async move { while stream.read_exact(&mut [0]).await.is_ok() {} });
                }
            });
            sleep(Duration::from_millis(10)).await;
            let mut peers = Vec::new();
            for peer in (0..3).filter(|peer| *peer != own) {
                peers.push(TcpStream::connect(format!("h{peer}:9000")).await?);
            }
            for _ in 0..beats {
                sleep(Duration::from_secs(1)).await;
                for peer in &mut peers {
                    peer.write_all(&[1]).await?;
                }
            }
            sleep(Duration::from_secs(1)).await;
            Ok(())
        });
    }
    sim.run().expect("the raw simulation ends");
}

pub(crate) fn ping_pong(pairs: u8, rounds: u32) {
    let mut sim = build(1, (1, 1));
    for pair in 0..pairs {
        sim.host(format!("s{pair}"), echo);
    }
    for pair in 0..pairs {
        sim.client(format!("c{pair}"), async move {
            let mut stream = TcpStream::connect(format!("s{pair}:9000")).await?;
            let mut byte = [0];
            for _ in 0..rounds {
                stream.write_all(&byte).await?;
                stream.read_exact(&mut byte).await?;
            }
            Ok(())
        });
    }
    sim.run().expect("the raw simulation ends");
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
    let mut sim = build(seed, (1, 10));
    sim.client("h", async move {
        let both = [tokio::spawn(bump(shared.clone(), 0)), tokio::spawn(bump(shared, 3))];
        for one in both {
            one.await?;
        }
        Ok(())
    });
    sim.run().expect("the raw simulation ends");
    cell.load(Ordering::Relaxed) != 2
}

/// Two hosts add to a cell of a third host, 20 ms apart. Returns whether an addition is lost.
pub(crate) fn lost_over_the_network(seed: u64) -> bool {
    let cell = Arc::new(AtomicU32::new(0));
    let shared = cell.clone();
    let mut sim = build(seed, (1, 10));
    sim.host("server", move || {
        let cell = shared.clone();
        async move {
            let listener = TcpListener::bind("0.0.0.0:9000").await?;
            loop {
                let (mut stream, _) = listener.accept().await?;
                let cell = cell.clone();
                tokio::spawn(async move {
                    while let Ok(value) = stream.read_u32().await {
                        if value > 0 {
                            cell.store(value, Ordering::Relaxed);
                        }
                        let answer = stream.write_u32(cell.load(Ordering::Relaxed)).await;
                        answer.expect("the client waits");
                    }
                });
            }
        }
    });
    for (name, late_ms) in [("a", 0), ("b", 20)] {
        sim.client(name, async move {
            let mut stream = TcpStream::connect("server:9000").await?;
            let at = Duration::from_millis(100 + late_ms);
            sleep(at.saturating_sub(turmoil::elapsed())).await;
            stream.write_u32(0).await?;
            let seen = stream.read_u32().await?;
            stream.write_u32(seen + 1).await?;
            stream.read_u32().await?;
            Ok(())
        });
    }
    sim.run().expect("the raw simulation ends");
    cell.load(Ordering::Relaxed) != 2
}
