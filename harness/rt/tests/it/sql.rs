//! Statements as boundaries.

use std::time::Duration;

use chaosdrill_core::run::DatabaseKind;
use chaosdrill_rt::{
    observe,
    sim::{Host, Machine, Watch},
    sql::{Pool, TransactionMode},
    time,
};

use crate::lab::{lab, observed, told};

async fn deposit(pool: &Pool) -> Result<i64, sqlx::Error> {
    let mut tx = pool.begin("deposit").await?;
    let before: i64 = sqlx::query_scalar("-- name: account.read\nSELECT balance FROM account")
        .fetch_one(&mut *tx)
        .await?;
    sqlx::query("-- name: account.write\nUPDATE account SET balance = $1")
        .bind(before + 1)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(before + 1)
}

async fn bank() -> Result<Pool, sqlx::Error> {
    let pool = Pool::connect("sqlite:bank.db").await?;
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS account (balance INTEGER NOT NULL CHECK (balance >= 0))",
    )
    .execute(&pool)
    .await?;
    sqlx::query("INSERT INTO account SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM account)")
        .execute(&pool)
        .await?;
    Ok(pool)
}

fn depositor(name: &str) -> Host {
    Host::new(name, || async {
        let pool = bank().await?;
        for _ in 0..3 {
            match deposit(&pool).await {
                Ok(balance) => observe!("deposited", balance = balance),
                Err(error) => observe!("refused", error = error.to_string()),
            }
        }
        Ok(())
    })
    .client()
}

fn run(faults: &str) -> (Vec<String>, chaosdrill_rt::sim::Finished) {
    let mut lab = lab(7, faults, vec![depositor("a")]);
    let sql = "SELECT rowid, balance FROM account".to_owned();
    lab.config.watches = vec![Watch { name: "account".into(), database: "bank".into(), sql }];
    let finished = lab.run();
    (observed(&finished), finished)
}

fn balance(finished: &chaosdrill_rt::sim::Finished) -> i64 {
    let events = finished.trace.events();
    let last = events.iter().rfind(|event| event.name == "account").expect("the row was watched");
    last.data["row"]["balance"].as_i64().expect("a number")
}

#[test]
fn every_way_in_which_one_statement_can_hurt() {
    let fault = |site: &str, act: &str| {
        format!("[[fault]]\nat = {{ site = \"sql:{site}\", hit = 2 }}\ndo = {act}\n")
    };
    let cases = [
        ("account.write", "{ error = \"constraint\" }", 2),
        ("account.write", "{ error = \"unique\" }", 2),
        ("account.write", "{ error = \"busy\" }", 2),
        ("account.write", "{ error = \"full\" }", 2),
        ("account.write", "{ error = \"reset\" }", 2),
        ("account.write", "{ error = \"40001\" }", 2),
        ("account.write", "{ lost_ack = \"reset\" }", 2),
        ("deposit.begin", "{ error = \"busy\" }", 2),
        ("deposit.commit", "{ error = \"40P01\" }", 2),
        ("deposit.commit", "{ error = \"reset\" }", 2),
        // The effect has landed, but its answer is lost.
        ("deposit.commit", "{ lost_ack = \"reset\" }", 3),
        ("deposit.commit", "{ delay = \"7s\" }", 3),
    ];
    let mut told = String::new();
    for (site, act, expected) in cases {
        let (said, finished) = run(&fault(site, act));
        assert_eq!(balance(&finished), expected, "{site} {act}\n{}", crate::lab::told(&finished));
        assert!(finished.faults[0].fired.is_some(), "{site} {act}");
        told.push_str(&format!("{site} {act}: {}\n", said[1]));
    }
    insta::assert_snapshot!(told);
}

/// Deposits twice in one transaction, and ignores errors of the second.
async fn careless_deposits(pool: &Pool) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin("deposit").await?;
    sqlx::query("-- name: account.first\nUPDATE account SET balance = balance + 1")
        .execute(&mut *tx)
        .await?;
    let second = sqlx::query("-- name: account.second\nUPDATE account SET balance = balance + 1");
    let second = second.execute(&mut *tx).await;
    let third = sqlx::query("-- name: account.third\nUPDATE account SET balance = balance + 1");
    let third = third.execute(&mut *tx).await;
    let said = |result: Result<_, sqlx::Error>| result.err().map(|error| error.to_string());
    let commit = tx.commit().await;
    observe!("committed", second = said(second), third = said(third), commit = commit.is_ok());
    Ok(())
}

#[test]
fn an_error_fails_its_statement_or_aborts_the_whole_transaction() {
    let fault = "[[fault]]\nat = { site = \"sql:account.second\" }\ndo = { error = \"unique\" }\n";
    let outcome = |header: &str| {
        let host = Host::new("a", || async {
            let pool = bank().await?;
            careless_deposits(&pool).await?;
            let read = sqlx::query_scalar::<_, i64>("SELECT balance FROM account");
            let balance = read.fetch_one(&pool).await?;
            observe!("left", balance = balance);
            Ok(())
        });
        observed(&lab(7, &format!("{header}{fault}"), vec![host.client()]).run()).join("\n")
    };
    insta::assert_snapshot!(outcome(""));
    insta::assert_snapshot!(outcome("sql_errors = \"abort-the-transaction\"\n"));
}

#[test]
fn a_return_to_a_savepoint_stays_in_the_transaction() {
    let fault = "[[fault]]\nat = { site = \"sql:account.second\" }\ndo = { error = \"unique\" }\n";
    let host = Host::new("a", || async {
        let pool = bank().await?;
        let mut tx = pool.begin("deposit").await?;
        for statement in
            ["SAVEPOINT before", "UPDATE account SET balance = 9", "rollback to before"]
        {
            sqlx::query(statement).execute(&mut *tx).await?;
        }
        let second = sqlx::query("-- name: account.second\nUPDATE account SET balance = 8");
        let second = second.execute(&mut *tx).await.err().map(|error| error.to_string());
        let third = sqlx::query("SELECT balance FROM account").execute(&mut *tx).await;
        let third = third.err().map(|error| error.to_string());
        observe!("failed", second = second, third = third);
        tx.rollback().await?;
        let balance = sqlx::query_scalar::<_, i64>("SELECT balance FROM account");
        let balance = balance.fetch_one(&pool).await?;
        observe!("left", balance = balance);
        Ok(())
    });
    let plan = format!("sql_errors = \"abort-the-transaction\"\n{fault}");
    let said = observed(&lab(7, &plan, vec![host.client()]).run()).join("\n");
    insta::assert_snapshot!(said);
}

#[test]
fn a_crash_before_and_after_the_commit() {
    for (when, expected) in [("before", 4), ("after", 5)] {
        let faults = format!(
            "[[fault]]\nat = {{ site = \"sql:deposit.commit\", hit = 2 }}\ndo = {{ crash = \"{when}\", restart = \"5s\" }}\n"
        );
        let (_, finished) = run(&faults);
        assert_eq!(balance(&finished), expected, "{when}\n{}", told(&finished));
    }
}

#[test]
fn two_writers_wait_for_each_other_on_the_virtual_clock() {
    let finished = lab(3, "", vec![depositor("a"), depositor("b")]).run();
    let said = observed(&finished);
    assert_eq!(
        said.iter().filter(|line| line.contains("deposited")).count(),
        6,
        "{}",
        told(&finished)
    );
}

#[test]
fn a_cut_link_resets_connections_and_a_clogged_one_delays() {
    let slow = || {
        Host::new("a", || async {
            let pool = bank().await?;
            for _ in 0..10 {
                time::sleep(Duration::from_secs(1)).await;
                let said = deposit(&pool).await;
                observe!(
                    "tried",
                    ok = said.is_ok(),
                    at = (time::unix_ms() - 1_767_225_600_000) / 1000
                );
            }
            Ok(())
        })
        .client()
    };
    let partition = "[[fault]]\nat = { time = \"3500ms\" }\ndo = { partition = [\"a\", \"db\"], for = \"3s\" }\n";
    let finished = lab(1, partition, vec![slow()]).run();
    let refused = observed(&finished).iter().filter(|line| line.contains("false")).count();
    assert_eq!(refused, 3, "{}", told(&finished));
    let clog =
        "[[fault]]\nat = { time = \"3500ms\" }\ndo = { clog = [\"a\", \"db\"], for = \"30s\" }\n";
    let finished = lab(1, clog, vec![slow()]).run();
    let said = observed(&finished);
    assert!(said.iter().all(|line| line.contains("true")), "{}", told(&finished));
    assert!(said[3].contains("\"at\":33"), "{said:?}");
    let down =
        "[[fault]]\nat = { time = \"3500ms\" }\ndo = { database = \"down\", for = \"2s\" }\n";
    let finished = lab(1, down, vec![slow()]).run();
    assert_eq!(
        observed(&finished).iter().filter(|line| line.contains("false")).count(),
        2,
        "{}",
        told(&finished)
    );
}

#[test]
fn equal_seeds_give_equal_traces() {
    let faults = "[[fault]]\nat = { site = \"sql:account.write\", hit = 3 }\ndo = { crash = \"after\", restart = \"2s\" }\n";
    let digest = |seed| {
        lab(seed, faults, vec![depositor("a"), depositor("b"), depositor("c")]).run().trace.digest()
    };
    let first: Vec<_> = (0..20).map(digest).collect();
    let again: Vec<_> = (0..20).rev().map(digest).collect();
    assert_eq!(first, again.into_iter().rev().collect::<Vec<_>>());
    assert!(first.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn the_clock_of_the_database_is_the_same_for_hosts_whose_own_are_off() {
    let plan = "[[fault]]\nat = { time = \"1ms\" }\ndo = { skew = \"a\", by = \"-10m\" }\n";
    let host = |name: &str| {
        Host::new(name, || async {
            let pool = bank().await?;
            time::sleep(Duration::from_secs(1)).await;
            let mut connection = pool.acquire().await?;
            let (own, ours) = (time::unix_ms(), connection.unix_ms().await?);
            observe!("off", minutes = (own - ours) / 60_000);
            Ok(())
        })
        .client()
    };
    let mut lab = lab(7, plan, vec![host("a"), host("b")]);
    lab.config.machines[0].latency = chaosdrill_rt::sim::Latency { ms_min: 1, ms_max: 1 };
    let mut said = observed(&lab.run());
    // The simulator decides which of the two is first.
    said.sort();
    assert_eq!(said, ["a off {\"minutes\":-10}", "b off {\"minutes\":0}"]);
}

#[test]
fn a_transaction_whose_beginning_nobody_waits_for_holds_up_nobody() {
    let impatient = Host::new("a", || async {
        let pool = bank().await?;
        // The answer is in flight when the caller stops waiting.
        let begun = time::timeout(Duration::from_millis(15), pool.begin("deposit")).await;
        observe!("begun", ok = begun.is_ok());
        match deposit(&pool).await {
            Ok(balance) => observe!("deposited", balance = balance),
            Err(error) => observe!("refused", error = error.to_string()),
        }
        Ok(())
    })
    .client();
    let mut lab = lab(7, "", vec![impatient]);
    lab.config.machines[0].latency = chaosdrill_rt::sim::Latency { ms_min: 10, ms_max: 10 };
    let said = observed(&lab.run());
    assert_eq!(said, ["a begun {\"ok\":false}", "a deposited {\"balance\":1}"]);
}

/// Holds the write lock for eight seconds.
fn holder() -> Host {
    Host::new("holder", || async {
        let pool = bank().await?;
        let tx = pool.begin("hold").await?;
        time::sleep(Duration::from_secs(8)).await;
        tx.commit().await?;
        Ok(())
    })
    .client()
}

/// Begins a transaction in this mode while the holder has the lock, reads, and observes how long it took.
fn beginner(name: &'static str, mode: TransactionMode) -> Host {
    Host::new(name, move || async move {
        time::sleep(Duration::from_secs(5)).await;
        let pool = Pool::connect("sqlite:bank.db").await?;
        let asked = time::Instant::now();
        let mut tx = pool.begin_as(mode, name).await?;
        let read = sqlx::query_scalar::<_, i64>("-- name: read\nSELECT balance FROM account");
        read.fetch_one(&mut *tx).await?;
        observe!("read", mode = name, seconds = asked.elapsed().as_secs());
        tx.rollback().await?;
        Ok(())
    })
    .client()
}

#[test]
fn only_a_transaction_that_writes_waits_for_the_lock() {
    let modes = [TransactionMode::Write, TransactionMode::Deferred, TransactionMode::Read];
    for (mode, waits) in modes.into_iter().zip([true, false, false]) {
        let finished = lab(3, "", vec![holder(), beginner("beginner", mode)]).run();
        let events = finished.trace.events();
        let read = events.iter().find(|event| event.name == "read").expect("it came to read");
        let seconds = read.data["seconds"].as_u64().expect("a number");
        assert_eq!(seconds >= 2, waits, "{mode:?}: {seconds} s\n{}", told(&finished));
    }
}

/// Writes a note to each of two databases with the same name on two machines, and observes the results.
fn bookkeeper() -> Host {
    async fn note(url: &str, machine: &'static str) {
        let written = async {
            let pool = Pool::connect(url).await?;
            let create = "-- name: create\nCREATE TABLE IF NOT EXISTS notes (n INTEGER)";
            sqlx::query(create).execute(&pool).await?;
            sqlx::query("-- name: note\nINSERT INTO notes VALUES (1)").execute(&pool).await?;
            sqlx::query_scalar::<_, i64>("-- name: count\nSELECT count(*) FROM notes")
                .fetch_one(&pool)
                .await
        };
        match written.await {
            Ok(notes) => observe!("noted", on = machine, notes = notes),
            Err(error) => observe!("refused", on = machine, error = error.to_string()),
        }
    }
    Host::new("bookkeeper", || async {
        time::sleep(Duration::from_secs(2)).await;
        note("sqlite:bank.db", "db").await;
        note("sqlite://ledger/bank.db", "ledger").await;
        Ok(())
    })
    .client()
}

#[test]
fn machines_with_databases_are_apart() {
    let run = |faults: &str| {
        let mut lab = lab(5, faults, vec![bookkeeper()]);
        lab.config.machines.push(Machine::database("ledger", DatabaseKind::Sqlite));
        let sql = "SELECT rowid, n FROM notes".to_owned();
        let database = "ledger/bank".to_owned();
        lab.config.watches = vec![Watch { name: "notes on ledger".into(), database, sql }];
        lab.run()
    };
    let at_one = |act: &str| format!("[[fault]]\nat = {{ time = \"1s\" }}\ndo = {act}\n");
    let cases = [
        "".to_owned(),
        at_one("{ database = \"down\", machine = \"ledger\", for = \"9s\" }"),
        at_one("{ database = \"down\", machine = \"db\", for = \"9s\" }"),
        at_one("{ database = \"down\", for = \"9s\" }"),
        at_one("{ partition = [\"bookkeeper\", \"ledger\"], for = \"9s\" }"),
        at_one("{ partition = [\"db\", \"ledger\"], for = \"9s\" }"),
    ];
    let mut told = String::new();
    for faults in cases {
        let finished = run(&faults);
        let watched =
            finished.trace.events().iter().filter(|event| event.name == "notes on ledger");
        told.push_str(&format!("{faults}{:?}, watched {}\n", observed(&finished), watched.count()));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn what_no_machine_serves_is_refused() {
    let host = Host::new("a", || async {
        for url in ["postgres://db/bank", "sqlite:bank.db"] {
            let result = Pool::connect(url).await;
            observe!("connected", url = url, error = result.err().map(|error| error.to_string()));
        }
        Ok(())
    });
    let finished = lab(1, "", vec![host.client()]).run();
    insta::assert_snapshot!(observed(&finished).join("\n"));
    let host = Host::new("a", || async {
        let error = Pool::connect("sqlite:bank.db").await.err().map(|error| error.to_string());
        observe!("connected", error = error);
        Ok(())
    });
    let mut lab = lab(1, "", vec![host.client()]);
    lab.config.machines.remove(0);
    insta::assert_snapshot!(observed(&lab.run()).join("\n"));
}

#[test]
fn the_functions_of_sqlite_follow_the_seed_and_virtual_time() {
    async fn ask(pool: &Pool) -> Result<(String, i64, Vec<u8>), sqlx::Error> {
        sqlx::query_as("SELECT datetime('now'), random(), randomblob(20)").fetch_one(pool).await
    }
    let run = |seed| {
        let asking = Host::new("a", || async {
            let pool = Pool::connect("sqlite:a.db").await?;
            let before = ask(&pool).await?;
            time::sleep(Duration::from_secs(90)).await;
            let after = ask(&pool).await?;
            observe!("told", answers = [&before, &after]);
            Ok(())
        });
        let skew = "[[fault]]\nat = { time = \"10s\" }\ndo = { skew = \"a\", by = \"+7h\" }\n";
        let finished = lab(seed, skew, vec![asking.client()]).run();
        let event = finished.trace.events().iter().find(|event| event.name == "told");
        let answers = event.expect("it asked").data["answers"].clone();
        let seconds = |answer: &chaosdrill_rt::__private::serde_json::Value| {
            let text = answer[0].as_str().expect("a date").rsplit_once(' ').expect("a time").1;
            let parts = text.split(':').map(|part| part.parse::<u64>().expect("a number"));
            parts.fold(0, |sum, part| sum * 60 + part)
        };
        let passed = seconds(&answers[1]) as i64 - seconds(&answers[0]) as i64;
        assert!((90..=91).contains(&passed.rem_euclid(24 * 3600)), "{answers}");
        assert_eq!(answers[0][2].as_array().map(Vec::len), Some(20));
        assert_ne!(answers[0][1], answers[1][1]);
        answers
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1)[0][1], run(2)[0][1]);
}
