//! A run depends neither on earlier runs in the process nor on how fast its machine is. Each of these tests has failed
//! once without its fix.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chaosdrill_rt::{
    net::{TcpListener, TcpStream},
    observe,
    sim::Host,
    sql::Pool,
    task, time,
};
use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};
use tokio::io::AsyncReadExt;

use crate::lab::lab;

/// A server that holds many streams when it crashes. Its peers see them close, one by one.
fn closing_streams() -> Vec<Host> {
    let server = || async {
        let listener = TcpListener::bind("many", "0.0.0.0:80").await?;
        loop {
            let stream = listener.accept().await?;
            task::spawn(async move {
                let _held = stream;
                std::future::pending::<()>().await;
            });
        }
    };
    let client = || async {
        let mut readers = Vec::new();
        for number in 0..12 {
            let mut stream = TcpStream::connect("many", "server:80").await?;
            readers.push(task::spawn(async move {
                let _ = stream.read(&mut [0; 8]).await;
                observe!("closed", number = number);
            }));
        }
        for reader in readers {
            reader.await?;
        }
        Ok(())
    };
    vec![Host::new("server", server), Host::new("client", client).client()]
}

#[test]
fn the_order_in_which_a_crash_drops_tasks_does_not_depend_on_earlier_runs() {
    let kill = "[[fault]]\nat = { time = \"2s\" }\ndo = { kill = \"server\", restart = \"1s\" }\n";
    let digest = || lab(5, kill, closing_streams()).run().trace.digest();
    let first = digest();
    for tasks in 1..4 {
        // Task ids count over the whole process, so shift them by every remainder of tokio's shards.
        let spawner = move || async move {
            for _ in 0..tasks {
                task::spawn(async {}).await?;
            }
            Ok(())
        };
        lab(0, "", vec![Host::new("a", spawner).client()]).run();
        assert_eq!(digest(), first, "after {tasks} more tasks");
    }
}

static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let migration = |version, name: &'static str, sql: &'static str| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(vec![
        migration(1, "first", include_str!("../migrations/0001_first.sql")),
        migration(2, "third", include_str!("../migrations/0002_third.sql")),
    ])
});

/// Hosts that migrate one schema at once. A later one fails because a table already exists, in the middle of a
/// transaction.
fn migrating(name: &str) -> Host {
    Host::new(name, || async {
        let pool = Pool::connect("sqlite:schema.db").await?;
        for _ in 0..10 {
            let migrated = pool.migrate(&MIGRATIONS).await;
            observe!(
                "migrated",
                error = migrated.as_ref().err().map(ToString::to_string),
                at = time::unix_ms()
            );
            if migrated.is_ok() {
                return Ok(());
            }
        }
        Err("the schema is never up to date".into())
    })
    .client()
}

#[test]
fn after_an_error_nobody_meets_its_locks() {
    let mut collisions = 0;
    for seed in 0..40 {
        let mut digest = || {
            let finished = lab(seed, "", ["a", "b", "c", "d", "e"].map(migrating).into()).run();
            let said = crate::lab::observed(&finished);
            collisions += said.iter().filter(|line| line.contains("already exists")).count();
            finished.trace.digest()
        };
        assert_eq!(digest(), digest(), "seed {seed}");
    }
    assert!(collisions > 40, "the hosts collided only {collisions} times");
}

/// Tasks that all wait on one channel, and observe when they are woken.
fn watchers() -> Vec<Host> {
    let told = || async {
        let (tell, told) = tokio::sync::watch::channel(0);
        let watchers: Vec<_> = (0..12)
            .map(|number| {
                let mut told = told.clone();
                task::spawn(async move {
                    while told.changed().await.is_ok() {
                        observe!("told", number = number);
                    }
                })
            })
            .collect();
        for value in 1..8 {
            time::sleep(Duration::from_millis(10)).await;
            tell.send_replace(value);
        }
        drop(tell);
        for watcher in watchers {
            watcher.await?;
        }
        Ok(())
    };
    vec![Host::new("host", told).client()]
}

#[test]
fn whom_a_channel_of_tokio_wakes_first_is_the_seed_s() {
    for seed in 0..8 {
        let digest = || lab(seed, "", watchers()).run().trace.digest();
        assert_eq!(digest(), digest(), "seed {seed}");
    }
}

/// Sleeps for a time that does not come from the seed.
fn wanderer() -> Vec<Host> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let wander = || async {
        time::sleep(Duration::from_millis(NEXT.fetch_add(1, Ordering::Relaxed))).await;
        Ok(())
    };
    vec![Host::new("a", wander).client()]
}

#[test]
fn the_digest_sees_a_time_that_no_seed_decides() {
    let digest = || lab(1, "", wanderer()).run().trace.digest();
    assert_ne!(digest(), digest());
}

/// turmoil has no check of its own.
#[cfg(madsim)]
#[test]
fn madsim_sees_a_time_that_no_seed_decides() {
    let checked = lab(1, "", wanderer()).check_determinism();
    let why = checked.expect_err("the second run sleeps longer");
    assert!(why.contains("non-determinism detected"), "{why}");
    assert_eq!(lab(1, "", closing_streams()).check_determinism(), Ok(()));
}
