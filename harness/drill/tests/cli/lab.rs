//! The laboratory: small scenarios that behave and some that misbehave, and helpers to run the program with them.

use std::{
    path::Path,
    process::{Command, Output},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use chaosdrill::rt::{fail_point, observe, sql::Pool, time};
use chaosdrill::{
    Check, Class, Defect, Mark, Outcome, Priority, Promise, Registry, Scenario, Target, Topology,
    Workload,
    fault::{Restart, at},
};
use sqlx_simulated as sqlx;

type Ended = Result<(), Box<dyn std::error::Error + Send + Sync>>;

pub(crate) fn registry() -> Registry {
    let (summary, checks) = ("the third visit is not counted", &["every_visit_is_counted"]);
    let lost = Defect::new("L1", Class::Guard, summary).found_by(checks);
    let (summary, checks) = ("the first post is posted twice", &["nothing_is_posted_twice"]);
    let twice = Defect::new("P7", Class::Guard, summary).found_by(checks);
    let summary = "the third visit is not counted, and the catalogue names another check";
    let unnamed = Defect::new("Q3", Class::Guard, summary).found_by(&["nothing_is_posted_twice"]);
    let registry = Registry::new()
        .target(
            Target::new("lab")
                .failpoints(&["lab.visit"])
                .defects(&[lost, twice, unnamed])
                .promises(promises()),
        )
        .with(visits())
        .with(fragile())
        .with(posted())
        .with(
            alike("delays")
                .faults([at("sql:visit.insert").hit(2).delay(Duration::from_secs(9))])
                .must_find(["L1", "Q3"]),
        )
        .with(alike("judged").always(nothing_is_broken()))
        .with(alike("stalls").faults([at("fp:lab.visit").hit(3).stall(Duration::from_secs(90))]))
        .with(
            Scenario::new("lab/vacuous")
                .claim("what must happen sometimes never does")
                .always(nothing_is_broken())
                .sometimes(Mark::observed("never")),
        )
        .with(
            Scenario::new("lab/unfired")
                .claim("a fault finds its site")
                .topology(calm)
                .always(nothing_is_broken())
                .faults([at("sql:visit.comit").crash_before(Restart::AtHeal)]),
        )
        .with(
            Scenario::new("lab/check-panics")
                .claim("a check can judge")
                .topology(calm)
                .always(Check::new("broken", |_| panic!("no \x1b[31mjudgement"))),
        )
        .with(misbehaving("panics", || async { panic!("out of luck") }))
        .with(misbehaving("fails", || async { Err("disk on fire".into()) }))
        .with(misbehaving("spins", || async {
            loop {
                std::hint::spin_loop();
            }
        }))
        .with(misbehaving("yields", || async {
            loop {
                chaosdrill::rt::task::yield_now().await;
            }
        }))
        .with(
            misbehaving("ticks", || async {
                loop {
                    time::sleep(Duration::from_millis(1)).await;
                }
            })
            .chaos_at_most(Duration::from_secs(2))
            .eventually(Check::new("calm", |_| Outcome::valid()), Duration::from_secs(1)),
        )
        .with(misbehaving("waits", || async { std::future::pending().await }))
        .with(misbehaving("aborts", || async { std::process::abort() }))
        .with(misbehaving("exits", || async { std::process::exit(7) }))
        .with(misbehaving("overflows", || async {
            observe!("depth", depth = deep(1));
            Ok(())
        }))
        .with(misbehaving("tells", || async {
            observe!("connecting", to = SECRET);
            Err(format!("failed to connect to {SECRET}").into())
        }))
        .with(misbehaving("dies-telling", || async {
            eprintln!("connected to {SECRET}");
            std::process::abort()
        }))
        .with(misbehaving("wanders", || async {
            observe!("number", number = other_number());
            Ok(())
        }));
    let registry = registry.with(misbehaving("vandal-unseen", vandalize)).with(
        misbehaving("vandal-caught", vandalize)
            .always(Check::new("never", |_| Outcome::invalid("as ordered", []))),
    );
    match std::env::var_os("LAB_MANIFEST") {
        Some(dir) => registry.manifest_dir(dir),
        None => registry,
    }
}

fn promises() -> [Promise; 3] {
    [
        Promise::new("1", "every visit is counted").shown("lab/visits", "every_visit_is_counted"),
        Promise::new("2", "nothing is posted twice")
            .shown("lab/posted", "nothing_is_posted_twice")
            .waits_for("a second poster"),
        Promise::new("3", "a post is read").differs("nobody reads posts"),
    ]
}

/// A secret that only the target may see.
const SECRET: &str = "postgres://drill:hunter2@db/lab";

/// Creates folders in the place of the reports, and a file in the place of a finding's bundle.
async fn vandalize() -> Ended {
    for report in ["summary.json", "summary.md", "junit.xml"] {
        std::fs::create_dir_all(Path::new("target/drill").join(report))?;
    }
    std::fs::write("target/drill/lab.vandal-caught", "in the way")?;
    Ok(())
}

/// A number that does not depend on the seed.
fn other_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed) + u64::from(std::process::id())
}

#[expect(unconditional_recursion, reason = "it is here to overflow the stack")]
fn deep(depth: u64) -> u64 {
    let room = [depth; 512];
    std::hint::black_box(room)[(depth % 512) as usize] + deep(depth + 1)
}

fn calm(topology: Topology) -> Topology {
    topology.client("client", |_| async { Ok(()) })
}

fn misbehaving<F>(name: &str, software: impl Fn() -> F + Send + Sync + Clone + 'static) -> Scenario
where
    F: Future<Output = Ended> + Send + 'static,
{
    Scenario::new(&format!("lab/{name}"))
        .claim("whatever a target does becomes a verdict")
        .topology(move |topology| {
            let software = software.clone();
            topology.client("client", move |_| software())
        })
        .always(nothing_is_broken())
}

/// A check that is violated only by a host that reports so itself.
fn nothing_is_broken() -> Check {
    Check::new("nothing_is_broken", |history| {
        let broken = history.observed("broken").next().map(|event| event.seq);
        Outcome::unless(broken.map(|seq| Outcome::invalid("a host says that it is broken", [seq])))
    })
}

async fn visit(workload: Workload) -> Ended {
    let pool = Pool::connect("sqlite:lab.db").await?;
    sqlx::query("CREATE TABLE IF NOT EXISTS visits (n INTEGER NOT NULL)").execute(&pool).await?;
    for number in 1..=workload.steps(4) as i64 {
        let counted = async {
            fail_point!("lab.visit").map_err(|error| error.to_string())?;
            let skip = skips(number);
            let mut tx = pool.begin("visit").await.map_err(|error| error.to_string())?;
            if !skip {
                let insert = sqlx::query("-- name: visit.insert\nINSERT INTO visits VALUES ($1)")
                    .bind(number);
                insert.execute(&mut *tx).await.map_err(|error| error.to_string())?;
            }
            tx.commit().await.map_err(|error| error.to_string())
        };
        let _ = workload.op("visit", number, counted).await;
        time::sleep(Duration::from_millis(workload.stream("pause").between(1, 50))).await;
    }
    Ok(())
}

fn skips(number: i64) -> bool {
    use chaosdrill::rt::defect::is_on;
    (is_on("L1") || is_on("Q3")) && number == 3
}

fn every_visit_is_counted() -> Check {
    Check::new("every_visit_is_counted", |history| {
        let rows = history.last_rows("visits").len();
        let made = history.operations("visit").filter(|op| op.is_ok()).count();
        if rows == made {
            Outcome::valid()
        } else {
            Outcome::invalid(format!("{made} visits, {rows} rows | \"counted\""), [1])
        }
    })
}

fn visits() -> Scenario {
    Scenario::new("lab/visits")
        .claim("every visit is counted once")
        .topology(|topology| {
            topology.client("client", visit).watch("visits", "lab", "SELECT rowid, n FROM visits")
        })
        .faults([at("fp:lab.visit").on_any().hit(2).stall(Duration::from_secs(90))])
        .always(every_visit_is_counted().priority(Priority::Medium))
        .sometimes(Mark::new("a visit", |history| history.operations("visit").count() as u64))
        .must_find(["L1"])
}

/// Visits by three scripts. Two of them are judged alike, so that one sweep stands for both.
fn alike(name: &str) -> Scenario {
    Scenario::new(&format!("lab/alike-{name}"))
        .claim("every visit is counted once")
        .topology(|topology| {
            topology.client("client", visit).watch("visits", "lab", "SELECT rowid, n FROM visits")
        })
        .always(every_visit_is_counted())
}

/// Violated for some seeds: the commit's answer is lost, and the client believes that it failed.
fn fragile() -> Scenario {
    Scenario::new("lab/fragile")
        .claim("a client that was refused left no trace")
        .topology(|topology| {
            topology.client("client", visit).watch("visits", "lab", "SELECT rowid, n FROM visits")
        })
        .faults_drawn(|stream| match stream.below(2) {
            0 => vec![at("sql:visit.commit").hit(3).lost_ack()],
            _ => vec![at("sql:visit.commit").hit(3).delay(Duration::from_secs(9))],
        })
        .always(every_visit_is_counted())
}

/// Posts one number after another, and resumes after the last one in the database.
async fn post() -> Ended {
    let pool = Pool::connect("sqlite:lab.db").await?;
    sqlx::query("CREATE TABLE IF NOT EXISTS posts (n INTEGER NOT NULL)").execute(&pool).await?;
    let last = "-- name: post.last\nSELECT COALESCE(MAX(n), 0) FROM posts";
    let mut last: i64 = sqlx::query_scalar(last).fetch_one(&pool).await?;
    while last < 5 {
        let again = last == 0 && chaosdrill::rt::defect::is_on("P7");
        if again {
            sqlx::query("INSERT INTO posts VALUES (1)").execute(&pool).await?;
        }
        let insert = sqlx::query("-- name: post.insert\nINSERT INTO posts VALUES ($1)");
        if insert.bind(last + 1).execute(&pool).await.is_ok() {
            last += 1;
        }
        time::sleep(Duration::from_millis(100)).await;
    }
    std::future::pending().await
}

/// Violated if an answer is lost: the same number is posted again. No script does that.
fn posted() -> Scenario {
    Scenario::new("lab/posted")
        .claim("nothing is posted twice")
        .topology(|topology| {
            topology
                .supervised("poster", Duration::from_secs(1), post)
                .client("client", |_| async {
                    time::sleep(Duration::from_secs(2)).await;
                    Ok(())
                })
                .watch("posts", "lab", "SELECT rowid, n FROM posts")
        })
        .always(Check::new("nothing_is_posted_twice", |history| {
            let mut posts = history.last_rows("posts");
            let all = posts.len();
            posts.sort_by_key(|row| row["n"].as_i64());
            posts.dedup_by_key(|row| row["n"].as_i64());
            match all - posts.len() {
                0 => Outcome::valid(),
                again => Outcome::invalid(format!("{again} posts are there again"), []),
            }
        }))
}

/// Runs the program in this folder.
pub(crate) fn drill(folder: &Path, arguments: &[&str]) -> Output {
    // A drill of misbehaving targets waits for each of them; the other nemeses are tested elsewhere.
    program(folder, "drill", arguments, &[("DRILL_NEMESIS", "script")])
}

pub(crate) fn program(
    folder: &Path,
    which: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Output {
    command(folder, which, arguments, environment).output().expect("the program starts")
}

/// The command of the program, not yet started.
pub(crate) fn command(
    folder: &Path,
    which: &str,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DRILL_") {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .env("LAB_PROGRAM", which)
        .env("NO_COLOR", "1")
        // The backtrace of a panic takes seconds on a busy machine.
        .env_remove("RUST_BACKTRACE")
        .envs(environment.iter().copied());
    command.current_dir(folder);
    command
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Asserts the exit code, and shows all output if it is wrong.
#[track_caller]
pub(crate) fn ends_with(output: &Output, code: i32) {
    assert_eq!(
        output.status.code(),
        Some(code),
        "stdout:\n{}\nstderr:\n{}",
        stdout(output),
        stderr(output)
    );
}

/// The worker processes of a campaign.
pub(crate) fn workers_of(parent: u32) -> Vec<String> {
    let is_child = |stat: &str| {
        // The parent's id is the second field after the name, which may contain any character in its parentheses.
        let (_, fields) = stat.rsplit_once(')')?;
        fields.split_whitespace().nth(1)?.parse::<u32>().ok().filter(|id| *id == parent)
    };
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let stat =
        |name: &String| std::fs::read_to_string(format!("/proc/{name}/stat")).unwrap_or_default();
    names.filter(|name| is_child(&stat(name)).is_some()).collect()
}
