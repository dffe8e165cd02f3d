//! An untraced run is the same run, and cannot be mistaken for a traced one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chaosdrill_rt::{
    net::{TcpListener, TcpStream},
    observe,
    sim::{self, Control, Director, Host, Next},
    task, time,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::lab::lab;

/// A server that answers, and clients that retry if it is down. `seen` counts the evaluated observations.
fn callers(seen: &Arc<AtomicU64>) -> Vec<Host> {
    let server = || async {
        let listener = TcpListener::bind("echo", "0.0.0.0:80").await?;
        loop {
            let mut stream = listener.accept().await?;
            task::spawn(async move {
                let mut byte = [0];
                while stream.read_exact(&mut byte).await.is_ok()
                    && stream.write_all(&byte).await.is_ok()
                {}
            });
        }
    };
    let told = seen.clone();
    let caller = move || {
        let told = told.clone();
        async move {
            let mut answers = 0;
            while answers < 20 {
                let Ok(mut stream) = TcpStream::connect("call", "server:80").await else {
                    time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                while stream.write_all(&[1]).await.is_ok()
                    && stream.read_exact(&mut [0]).await.is_ok()
                    && answers < 20
                {
                    answers += 1;
                    observe!("answered", times = told.fetch_add(1, Ordering::Relaxed));
                }
            }
            Ok(())
        }
    };
    let callers = ["a", "b"].map(|name| Host::new(name, caller.clone()).client());
    [vec![Host::new("server", server)], callers.into()].concat()
}

const FAULTS: &str = "
    [[fault]]
    at = { time = \"40ms\" }
    do = { kill = \"server\", restart = \"300ms\" }
    [[fault]]
    at = { time = \"600ms\" }
    do = { partition = [\"a\", \"server\"], for = \"200ms\" }
    [[fault]]
    at = { host = \"b\", site = \"net:call\", hit = 7 }
    do = { stall = \"1s\" }
";

#[test]
fn an_untraced_run_is_the_same_run_step_for_step() {
    for seed in 0..10 {
        let seen = Arc::new(AtomicU64::new(0));
        let traced = lab(seed, FAULTS, callers(&seen)).run();
        let told = seen.swap(0, Ordering::Relaxed);
        assert!(told >= 40 && traced.faults.iter().all(|fault| fault.fired.is_some()), "{told}");
        let untraced = lab(seed, FAULTS, callers(&seen)).run_untraced();
        assert!(untraced.clients_done && untraced.stop.is_none());
        assert_eq!(untraced.elapsed, traced.elapsed, "seed {seed}");
        assert_eq!(untraced.steps, traced.steps, "seed {seed}");
        assert_eq!(untraced.events, traced.trace.events().len() as u64, "seed {seed}");
        assert_eq!(seen.load(Ordering::Relaxed), 0, "nothing is made of what nobody reads");
    }
}

/// A director that reads the trace.
struct Curious;

impl Director for Curious {
    fn wake(&mut self, control: &mut Control<'_>) -> Next {
        let _ = control.read(<[_]>::len);
        Next::Finish
    }
}

#[test]
fn who_reads_the_trace_of_an_untraced_run_is_told_that_there_is_none() {
    let [traced, untraced] = [(), ()].map(|()| lab(1, "", callers(&Arc::default())).config);
    let folders = [&traced, &untraced].map(|config| config.folder.clone());
    assert!(sim::run(traced, Curious).is_ok());
    let why = sim::run_untraced(untraced, Curious).expect_err("there is no trace");
    assert!(why.contains("this run is not traced"), "{why}");
    for folder in folders {
        std::fs::remove_dir_all(folder).expect("the folder is ours");
    }
}

/// A director that draws randomness while it reads the trace, as a check with a `HashMap` does.
struct Drawing {
    looks: u32,
}

impl Director for Drawing {
    fn wake(&mut self, control: &mut Control<'_>) -> Next {
        let events = control.read(|events| {
            chaosdrill_rt::rng::u64();
            events.len()
        });
        assert_eq!(control.read(<[_]>::len), events, "the trace is whole after a look");
        self.looks += 1;
        let at = control.now() + Duration::from_millis(100);
        if self.looks < 3 { Next::Wake { not_before: at, at } } else { Next::Finish }
    }
}

#[test]
fn who_looks_at_the_trace_may_draw() {
    let config = lab(1, "", callers(&Arc::default())).config;
    let folder = config.folder.clone();
    let finished = sim::run(config, Drawing { looks: 0 }).expect("it runs");
    assert!(finished.stop.is_none() && !finished.trace.events().is_empty());
    std::fs::remove_dir_all(folder).expect("the folder is ours");
}
