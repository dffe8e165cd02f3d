//! The same drill, written by hand for turmoil and rusqlite, as one would write it without this project.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension, params};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Notify,
    time::{sleep, timeout},
};
use turmoil::net::{TcpListener, TcpStream};

use super::{CLAIM, DONE, INSERT, LEASE_MS, MESSAGES, SCHEMA};
use crate::folders;

type Delivered = Arc<Mutex<BTreeMap<u32, u32>>>;

fn open(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("it opens");
    let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA busy_timeout = 0;";
    connection.execute_batch(settings).expect("settings");
    connection.execute_batch(SCHEMA).expect("a table");
    connection
}

async fn broker(delivered: Delivered) -> turmoil::Result {
    let listener = TcpListener::bind("0.0.0.0:9000").await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        let delivered = delivered.clone();
        tokio::spawn(async move {
            while let Ok(id) = stream.read_u32().await {
                *delivered.lock().expect("nothing panics").entry(id).or_default() += 1;
                if stream.write_all(&[1]).await.is_err() {
                    break;
                }
            }
        });
    }
}

async fn publish(connection: &mut Option<TcpStream>, id: i64) -> std::io::Result<()> {
    let mut stream = match connection.take() {
        Some(stream) => stream,
        None => TcpStream::connect("broker:9000").await?,
    };
    stream.write_u32(u32::try_from(id).expect("ids are small")).await?;
    stream.read_u8().await?;
    *connection = Some(stream);
    Ok(())
}

async fn dispatcher(
    me: i64,
    path: PathBuf,
    crash: Arc<Notify>,
    boots: Arc<AtomicU32>,
) -> turmoil::Result {
    let first_life = boots.fetch_add(1, Ordering::Relaxed) == 0;
    let database = open(&path);
    let (mut connection, mut published) = (None, 0);
    loop {
        let now = i64::try_from(turmoil::sim_elapsed().unwrap_or_default().as_millis())
            .expect("it is short");
        let id: Option<i64> = database
            .prepare_cached(CLAIM)?
            .query_row(params![me, now + LEASE_MS, now], |row| row.get(0))
            .optional()?;
        let Some(id) = id else {
            sleep(Duration::from_secs(1)).await;
            continue;
        };
        if !matches!(
            timeout(Duration::from_secs(5), publish(&mut connection, id)).await,
            Ok(Ok(()))
        ) {
            connection = None;
            sleep(Duration::from_secs(1)).await;
            continue;
        }
        published += 1;
        if me == 1 && first_life && published == 5 {
            crash.notify_one();
            std::future::pending::<()>().await;
        }
        database.prepare_cached(DONE)?.execute(params![id, me])?;
    }
}

pub(super) fn run() {
    let folder = folders::folder();
    std::fs::create_dir(&folder).expect("the folder is ours");
    let path = folder.join("outbox.db");
    drop(open(&path));
    let (delivered, crash) = (Delivered::default(), Arc::new(Notify::new()));
    let boots: [Arc<AtomicU32>; 2] = Default::default();
    let mut sim = turmoil::Builder::new()
        .rng_seed(1)
        .tick_duration(Duration::from_millis(1))
        .simulation_duration(Duration::MAX)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(10))
        .build();
    let seen = delivered.clone();
    sim.host("broker", move || broker(seen.clone()));
    for (index, name) in ["d1", "d2"].into_iter().enumerate() {
        let (path, crash, boots) = (path.clone(), crash.clone(), boots[index].clone());
        sim.host(name, move || {
            dispatcher(index as i64 + 1, path.clone(), crash.clone(), boots.clone())
        });
    }
    let own = path.clone();
    sim.client("producer", async move {
        let database = open(&own);
        for id in 0..MESSAGES {
            database.prepare_cached(INSERT)?.execute(params![id])?;
            sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    });
    drive(&mut sim, &crash, &open(&path));
    let delivered = delivered.lock().expect("nothing panics");
    assert_eq!(delivered.len() as i64, MESSAGES);
    assert!(delivered.values().any(|times| *times > 1));
    drop(sim);
    std::fs::remove_dir_all(folder).expect("the folder is ours");
}

/// Runs the simulation. The dispatcher requests the crash, which is carried out between two steps.
fn drive(sim: &mut turmoil::Sim<'_>, crash: &Notify, database: &Connection) {
    let mut asked = std::pin::pin!(crash.notified());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    while asked.as_mut().poll(&mut context).is_pending() {
        sim.step().expect("a step");
    }
    sim.crash("d1");
    let restart = sim.elapsed() + Duration::from_secs(60);
    while sim.elapsed() < restart {
        sim.step().expect("a step");
    }
    sim.bounce("d1");
    let open = || -> i64 {
        let count = "SELECT count(*) FROM outbox WHERE done = 0";
        database.query_row(count, [], |row| row.get(0)).expect("a count")
    };
    loop {
        let next = sim.elapsed() + Duration::from_secs(1);
        while sim.elapsed() < next {
            sim.step().expect("a step");
        }
        if open() == 0 {
            return;
        }
    }
}
