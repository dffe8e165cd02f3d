//! Benchmarks 31 h 51 m of backoff with three hosts: two workers sleep, and send one byte to a server after each sleep.
//!
//! Raw turmoil executes every tick, which takes almost half an hour. It is therefore measured on the first two sleeps
//! (six minutes of virtual time), and compared by virtual seconds per second of real time.

use std::time::Duration;

use chaosdrill::rt::{
    net::{TcpListener, TcpStream},
    sim::{self, Ended, Host},
    task, time,
};
use chaosdrill::{Plan, Seed};
use criterion::{Criterion, Throughput};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    floor::{BACKOFF_S, Until},
    folders::{config, run},
};

/// Sleeps of the raw run.
const RAW_SLEEPS: usize = 2;

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("backoff");
    let virtual_s = |sleeps: &[u64]| sleeps.iter().sum::<u64>();
    group.throughput(Throughput::Elements(virtual_s(&BACKOFF_S)));
    group.bench_function("ours", |bencher| bencher.iter(ours));
    group.throughput(Throughput::Elements(virtual_s(&BACKOFF_S[..RAW_SLEEPS])));
    group.bench_function("raw turmoil", |bencher| bencher.iter(raw));
    group.finish();
}

async fn serve() -> Ended {
    let listener = TcpListener::bind("echo", "0.0.0.0:9000").await?;
    loop {
        let mut stream = listener.accept().await?;
        task::spawn(async move {
            let mut byte = [0];
            while stream.read_exact(&mut byte).await.is_ok()
                && stream.write_all(&byte).await.is_ok()
            {}
        });
    }
}

async fn work() -> Ended {
    for seconds in BACKOFF_S {
        time::sleep(Duration::from_secs(seconds)).await;
        let mut stream = TcpStream::connect("ping", "server:9000").await?;
        stream.write_all(&[1]).await?;
        stream.read_exact(&mut [0]).await?;
    }
    Ok(())
}

fn ours() {
    let hosts = vec![
        Host::new("server", serve),
        Host::new("w0", work).client(),
        Host::new("w1", work).client(),
    ];
    let finished =
        run(config(Plan::new("bench/backoff", Seed(1)), hosts), Until(|_: &sim::Control<'_>| true));
    assert!(finished.elapsed >= Duration::from_secs(BACKOFF_S.iter().sum()));
}

fn raw() {
    let mut sim = turmoil::Builder::new()
        .rng_seed(1)
        .tick_duration(Duration::from_millis(1))
        .simulation_duration(Duration::MAX)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(10))
        .build();
    sim.host("server", || async {
        let listener = turmoil::net::TcpListener::bind("0.0.0.0:9000").await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            tokio::spawn(async move {
                let mut byte = [0];
                while stream.read_exact(&mut byte).await.is_ok()
                    && stream.write_all(&byte).await.is_ok()
                {}
            });
        }
    });
    for name in ["w0", "w1"] {
        sim.client(name, async {
            for seconds in &BACKOFF_S[..RAW_SLEEPS] {
                tokio::time::sleep(Duration::from_secs(*seconds)).await;
                let mut stream = turmoil::net::TcpStream::connect("server:9000").await?;
                stream.write_all(&[1]).await?;
                stream.read_exact(&mut [0]).await?;
            }
            Ok(())
        });
    }
    sim.run().expect("the raw simulation ends");
}
