//! The loads under the harness, through its facade.

use std::{sync::LazyLock, time::Duration};

use chaosdrill::{
    Plan, Seed,
    rt::{
        net::{TcpListener, TcpStream},
        sim::{self, Config, Control, Ended, Host, Latency},
        task, time,
    },
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::floor::{BACKOFF_S, Until};

/// How much of the harness is enabled.
#[derive(Clone, Copy)]
pub(crate) enum Mode {
    /// No trace, and ready tasks run in the simulator's own order, as in the raw run.
    Bare,
    /// No trace.
    Untraced,
    /// As in drills.
    Traced,
}

async fn echo() -> Ended {
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

/// The scenario name in the plans.
const LOADS: &str = "bench/simulators";

/// A plan with the simulator's own order of tasks.
static FIFO: LazyLock<Plan> = LazyLock::new(|| {
    let text = format!("version = 1\nscenario = \"{LOADS}\"\nseed = \"1\"\norder = \"fifo\"");
    Plan::from_toml(&text).expect("a plan without faults")
});

fn run(hosts: Vec<Host>, network: Latency, mode: Mode) {
    let plan = match mode {
        Mode::Bare => FIFO.clone(),
        Mode::Untraced | Mode::Traced => Plan::new(LOADS, Seed(1)),
    };
    // No host has a database, so this folder stays unused.
    let folder = std::env::temp_dir();
    let config = Config { network, ..Config::new(plan, hosts, folder) };
    let director = Until(|_: &Control<'_>| true);
    let stop = match mode {
        Mode::Bare | Mode::Untraced => sim::run_untraced(config, director).map(|run| run.stop),
        Mode::Traced => sim::run(config, director).map(|finished| finished.run.stop),
    };
    assert_eq!(stop, Ok(None));
}

const WIDE: Latency = Latency { ms_min: 1, ms_max: 10 };
const NARROW: Latency = Latency { ms_min: 1, ms_max: 1 };

async fn back_off() -> Ended {
    for seconds in BACKOFF_S {
        time::sleep(Duration::from_secs(seconds)).await;
        let mut stream = TcpStream::connect("ping", "server:9000").await?;
        stream.write_all(&[1]).await?;
        stream.read_exact(&mut [0]).await?;
    }
    Ok(())
}

pub(crate) fn backoff(mode: Mode) {
    let clients = ["w0", "w1"].map(|name| Host::new(name, back_off).client());
    run([vec![Host::new("server", echo)], clients.into()].concat(), WIDE, mode);
}

async fn beat(own: u32, beats: u32) -> Ended {
    let listener = TcpListener::bind("beats", "0.0.0.0:9000").await?;
    task::spawn(async move {
        while let Ok(mut stream) = listener.accept().await {
            task::spawn(async move { while stream.read_exact(&mut [0]).await.is_ok() {} });
        }
    });
    time::sleep(Duration::from_millis(10)).await;
    let mut peers = Vec::new();
    for peer in (0..3).filter(|peer| *peer != own) {
        peers.push(TcpStream::connect("beat", &format!("h{peer}:9000")).await?);
    }
    for _ in 0..beats {
        time::sleep(Duration::from_secs(1)).await;
        for peer in &mut peers {
            peer.write_all(&[1]).await?;
        }
    }
    // The other clients may not have finished yet.
    time::sleep(Duration::from_secs(1)).await;
    Ok(())
}

pub(crate) fn heartbeats(beats: u32, mode: Mode) {
    let host = |own: u32| Host::new(format!("h{own}"), move || beat(own, beats)).client();
    run((0..3).map(host).collect(), WIDE, mode);
}

async fn ping(server: String, rounds: u32) -> Ended {
    time::sleep(Duration::from_millis(5)).await;
    let mut stream = TcpStream::connect("ping", &format!("{server}:9000")).await?;
    let mut byte = [0];
    for _ in 0..rounds {
        stream.write_all(&byte).await?;
        stream.read_exact(&mut byte).await?;
    }
    Ok(())
}

pub(crate) fn ping_pong(pairs: u8, rounds: u32, mode: Mode) {
    let servers = (0..pairs).map(|pair| Host::new(format!("s{pair}"), echo));
    let client =
        |pair| Host::new(format!("c{pair}"), move || ping(format!("s{pair}"), rounds)).client();
    run(servers.chain((0..pairs).map(client)).collect(), NARROW, mode);
}
