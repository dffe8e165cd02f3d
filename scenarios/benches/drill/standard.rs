//! Benchmarks the standard outbox drill, reduced to what any tool can express: a producer commits 20 messages 100 ms
//! apart, two dispatchers claim with a lease of 30 s and publish to a broker over the simulated network, the first
//! crashes after its fifth publish and restarts after 60 s; all 20 are delivered.
//!
//! There are four variants: hand-written turmoil with rusqlite at the same tick of 1 ms; ours with trace, digest and
//! checks; the same statements that ours executed, through plain sqlx without a simulation; and the reference scenario
//! over the whole outbox pipeline, for comparison.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::Path,
    time::Duration,
};

use chaosdrill::rt::{
    net::{TcpListener, TcpStream},
    observe,
    sim::{self, Control, Ended, Executed, Finished, Host, Profile},
    sql::Pool,
    task, time,
};
use chaosdrill::{
    EventKind, History, Plan, Registry, Scenario, Seed, Verdict,
    fault::{Restart, at},
};
use criterion::{Criterion, Throughput};
use sqlx::{AnyConnection, ConnectOptions, Connection, Executor, any::AnyConnectOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    floor::{self, Until},
    folders,
};

mod by_hand;
mod checks;

const MESSAGES: i64 = 20;
const LEASE_MS: i64 = 30_000;
const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY, owner INTEGER NOT NULL DEFAULT 0, lease INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0, payload BLOB NOT NULL)";
const INSERT: &str =
    "-- name: insert\nINSERT INTO outbox (id, payload) VALUES ($1, x'00112233445566778899')";
const CLAIM: &str = "-- name: claim\nUPDATE outbox SET owner = $1, lease = $2 WHERE id = (SELECT id FROM outbox WHERE done = 0 AND lease <= $3 ORDER BY id LIMIT 1) RETURNING id";
const DONE: &str = "-- name: done\nUPDATE outbox SET done = 1 WHERE id = $1 AND owner = $2";

pub(crate) fn bench(criterion: &mut Criterion) {
    floor::on_one_core(|| measure(criterion));
}

fn measure(criterion: &mut Criterion) {
    let statements = run(1, |config| config.record_statements = true).statements;
    let plain =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("standard");
    group.throughput(Throughput::Elements(1));
    let registry = Registry::new().with(scenario());
    group.bench_function("ours", |bencher| {
        bencher.iter(|| {
            let record =
                chaosdrill::run_here(&registry, "bench/standard", Seed(1), None).expect("it runs");
            assert_eq!(record.verdict, Verdict::Valid);
        });
    });
    group.bench_function("plain sqlx", |bencher| {
        bencher.iter(|| plain.block_on(replay(&statements)));
    });
    group.bench_function("turmoil and rusqlite", |bencher| bencher.iter(by_hand::run));
    group.finish();
}

/// The drill as an ordinary scenario, with hosts, script, checks, trace and digest.
fn scenario() -> Scenario {
    Scenario::new("bench/standard")
        .claim("twenty messages are all delivered by two dispatchers, although one of them crashes at its fifth publish")
        .topology(|topology| {
            topology
                .database_latency_ms(0, 0)
                .client("producer", |_| producer())
                .host("broker", broker)
                .host("d1", || dispatcher(1))
                .host("d2", || dispatcher(2))
        })
        .faults([at("sql:done").on("d1").hit(5).crash_before(Restart::After(Duration::from_secs(60)))])
        .always(checks::only_what_was_committed_is_delivered())
        .eventually(checks::every_message_is_delivered_and_settled(MESSAGES), Duration::from_secs(300))
        .linger(Duration::ZERO)
}

/// Prints how the real time of our variant is divided.
pub(crate) fn print_shares() {
    floor::on_one_core(shares);
}

fn shares() {
    const RUNS: u32 = 20;
    let mut all = Profile::default();
    for seed in 0..RUNS {
        let finished = run(u64::from(seed), |config| config.profile = true);
        all.add(finished.profile.as_ref().expect("it was asked for"));
    }
    let total = all.total();
    println!("\nstandard, ours: where {:.2} ms a run go", (total / RUNS).as_secs_f64() * 1e3);
    for (name, time) in all.parts() {
        println!("  {name:<22} {:>5.1} %", 100.0 * time.as_secs_f64() / total.as_secs_f64());
    }
}

async fn broker() -> Ended {
    let listener = TcpListener::bind("bus", "0.0.0.0:9000").await?;
    loop {
        let mut stream = listener.accept().await?;
        task::spawn(async move {
            while let Ok(id) = stream.read_u32().await {
                observe!("delivered", message = id);
                if stream.write_all(&[1]).await.is_err() {
                    break;
                }
            }
        });
    }
}

async fn producer() -> Ended {
    let pool = Pool::connect("sqlite:outbox.db").await?;
    sqlx::query(SCHEMA).execute(&pool).await?;
    for id in 0..MESSAGES {
        sqlx::query(INSERT).bind(id).execute(&pool).await?;
        observe!("committed", message = id);
        time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

async fn publish(connection: &mut Option<TcpStream>, id: i64) -> std::io::Result<()> {
    let mut stream = match connection.take() {
        Some(stream) => stream,
        None => TcpStream::connect("publish", "broker:9000").await?,
    };
    stream.write_u32(u32::try_from(id).expect("ids are small")).await?;
    stream.read_u8().await?;
    *connection = Some(stream);
    Ok(())
}

async fn dispatcher(me: i64) -> Ended {
    let pool = Pool::connect("sqlite:outbox.db").await?;
    sqlx::query(SCHEMA).execute(&pool).await?;
    let mut connection = None;
    loop {
        let now = time::unix_ms();
        let claim = sqlx::query_scalar::<_, i64>(CLAIM).bind(me).bind(now + LEASE_MS).bind(now);
        let Some(id) = claim.fetch_optional(&pool).await? else {
            time::sleep(Duration::from_secs(1)).await;
            continue;
        };
        let published = time::timeout(Duration::from_secs(5), publish(&mut connection, id)).await;
        if !matches!(published, Ok(Ok(()))) {
            connection = None;
            time::sleep(Duration::from_secs(1)).await;
            continue;
        }
        sqlx::query(DONE).bind(id).bind(me).execute(&pool).await?;
        observe!("settled", message = id);
    }
}

fn run(seed: u64, adjust: impl FnOnce(&mut sim::Config)) -> Finished {
    let hosts = vec![
        Host::new("producer", producer).client(),
        Host::new("broker", broker),
        Host::new("d1", || dispatcher(1)),
        Host::new("d2", || dispatcher(2)),
    ];
    let faults = "[[fault]]\nat = { host = \"d1\", site = \"sql:done\", hit = 5 }\ndo = { crash = \"before\", restart = \"60s\" }\n";
    let text = format!("version = 1\nscenario = \"bench/standard\"\nseed = \"{seed}\"\n{faults}");
    let plan = Plan::from_toml(&text).expect("a plan");
    let mut config = folders::config(plan, hosts);
    adjust(&mut config);
    let all_settled = |control: &Control<'_>| {
        let settled = |trace: &[chaosdrill::Event]| {
            trace
                .iter()
                .filter(|event| event.kind == EventKind::Observe && event.name == "settled")
                .count()
        };
        control.required_faults_waiting() == 0 && control.read(settled) as i64 == MESSAGES
    };
    let finished = folders::run(config, Until(all_settled));
    check(&finished);
    finished
}

/// Every committed message is delivered, and the crash caused at least one repeated delivery.
fn check(finished: &Finished) {
    let history = History::of(finished.trace.events());
    let mut deliveries: BTreeMap<i64, u32> = BTreeMap::new();
    for event in history.observed("delivered") {
        *deliveries.entry(event.int("message").unwrap_or(-1)).or_default() += 1;
    }
    assert_eq!(deliveries.len() as i64, MESSAGES);
    assert!(deliveries.values().any(|times| *times > 1), "{}", finished.trace.digest());
}

/// A connection with the same settings as in a simulation.
async fn connect(folder: &Path, database: &str) -> AnyConnection {
    let url = format!("sqlite://{}/{database}.db?mode=rwc", folder.display());
    let options: AnyConnectOptions = url.parse().expect("a URL");
    let options = options.disable_statement_logging();
    let mut connection = AnyConnection::connect_with(&options).await.expect("it opens");
    let settings = "PRAGMA busy_timeout = 0; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; \
                    PRAGMA foreign_keys = ON;";
    connection.execute(settings).await.expect("settings");
    connection
}

/// Executes the recorded statements one after the other, on the same number of connections.
async fn replay(statements: &[Executed]) {
    sqlx::any::install_default_drivers();
    let folder = folders::folder();
    std::fs::create_dir(&folder).expect("the folder is ours");
    let mut connections: BTreeMap<u64, AnyConnection> = BTreeMap::new();
    for statement in statements {
        let connection = match connections.entry(statement.connection.0) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(place) => place.insert(connect(&folder, &statement.database).await),
        };
        let sql = sqlx::AssertSqlSafe(statement.statement.sql.as_str());
        let query = (sql, statement.arguments());
        let rows = connection.fetch_all(query).await.expect("it was executed before");
        std::hint::black_box(rows);
    }
    for connection in connections.into_values() {
        connection.close().await.expect("it closes");
    }
    std::fs::remove_dir_all(folder).expect("the folder is ours");
}
