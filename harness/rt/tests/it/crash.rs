//! A crash takes effect at once: after it, nothing leaves the host.

use std::time::Duration;

use chaosdrill_rt::{
    fail::Injected, fail_point, http, net::TcpListener, observe, sim::Host, sql::Pool, task, time,
};

use crate::lab::{lab, observed, told};

/// A host that counts the requests that reach it.
fn counter() -> Host {
    Host::new("counter", || async {
        let listener = TcpListener::bind("counter", "0.0.0.0:80").await?;
        let count = |request: http::Request| async move {
            observe!("heard", body = String::from_utf8_lossy(&request.body));
            http::Response::new(200, "")
        };
        http::serve(listener, count).await?;
        Ok(())
    })
}

/// Unlocks, sends and writes when it is dropped, in every possible way.
struct Unlocker {
    pool: Pool,
    transaction: Option<chaosdrill_rt::sql::Transaction>,
}

impl Drop for Unlocker {
    fn drop(&mut self) {
        observe!("dropped");
        let pool = self.pool.clone();
        let transaction = self.transaction.take();
        let effects = async move {
            observe!("destructor runs");
            if let Some(transaction) = transaction {
                let _ = transaction.commit().await;
            }
            let _ = sqlx::query("DELETE FROM lock").execute(&pool).await;
            let _ = http::post("goodbye", "counter:80", "/", "from a destructor").await;
        };
        // Once inline, up to the first wait, and once as a task.
        let mut effects = Box::pin(effects);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let _ = effects.as_mut().poll(&mut context);
        if tokio::runtime::Handle::try_current().is_ok() {
            task::spawn(effects);
        }
    }
}

fn worker(crashes_itself: bool) -> Host {
    Host::new("worker", move || async move {
        let pool = Pool::connect("sqlite:lab.db").await?;
        sqlx::query("CREATE TABLE IF NOT EXISTS lock (owner TEXT)").execute(&pool).await?;
        let owners: Vec<String> =
            sqlx::query_scalar("-- name: look\nSELECT owner FROM lock").fetch_all(&pool).await?;
        observe!("boot", owners = owners);
        if !owners.is_empty() {
            return Ok(());
        }
        // A sibling that must not be polled again, not even within the tick of the crash.
        task::spawn(async {
            loop {
                observe!("sibling");
                task::yield_now().await;
                time::sleep(Duration::from_millis(1)).await;
            }
        });
        sqlx::query("INSERT INTO lock VALUES ('worker')").execute(&pool).await?;
        let mut transaction = pool.begin("steal").await?;
        sqlx::query("UPDATE lock SET owner = 'nobody'").execute(&mut *transaction).await?;
        let unlocker = Unlocker { pool, transaction: Some(transaction) };
        if crashes_itself {
            fail_point!("lab.here")?;
        }
        time::sleep(Duration::from_secs(5)).await;
        observe!("survived");
        std::mem::forget(unlocker);
        Ok(())
    })
    .client()
}

fn after_the_crash(faults: &str, crashes_itself: bool) {
    let finished = lab(1, faults, vec![counter(), worker(crashes_itself)]).run();
    let said = observed(&finished);
    let boots: Vec<_> = said.iter().filter(|line| line.starts_with("worker boot")).collect();
    assert_eq!(
        boots,
        [r#"worker boot {"owners":[]}"#, r#"worker boot {"owners":["worker"]}"#],
        "{}",
        told(&finished)
    );
    let forbidden = ["dropped", "destructor", "heard", "survived"];
    for word in forbidden {
        assert!(!said.iter().any(|line| line.contains(word)), "{word}\n{}", told(&finished));
    }
    let events = finished.trace.events();
    let down = events.iter().position(|event| event.name == "down").expect("it crashed");
    let up = events.iter().position(|event| event.name == "up").expect("it came back");
    assert!(events[down + 1..up].iter().all(|event| event.host != "worker"), "{}", told(&finished));
}

#[test]
fn nothing_leaves_a_host_that_crashed_at_a_failpoint() {
    after_the_crash(
        "[[fault]]\nat = { site = \"fp:lab.here\" }\ndo = { crash = \"before\", restart = \"10s\" }\n",
        true,
    );
}

#[test]
fn nothing_leaves_a_host_that_was_killed() {
    after_the_crash(
        "[[fault]]\nat = { time = \"2s\" }\ndo = { kill = \"worker\", restart = \"10s\" }\n",
        false,
    );
}

#[test]
fn a_failpoint_that_fails_is_an_error_and_no_crash() {
    let faults =
        "[[fault]]\nat = { site = \"fp:lab.here\", hit = 2 }\ndo = { error = \"injected\" }\n";
    let host = Host::new("a", || async {
        for _ in 0..3 {
            let passed: Result<(), _> = async { fail_point!("lab.here") }.await;
            observe!("passed", ok = passed.is_ok());
        }
        Ok(())
    });
    let said = observed(&lab(1, faults, vec![host.client()]).run());
    assert_eq!(
        said,
        [r#"a passed {"ok":true}"#, r#"a passed {"ok":false}"#, r#"a passed {"ok":true}"#]
    );
}

#[test]
fn a_stalled_host_stands_still_and_goes_on() {
    let faults = "[[fault]]\nat = { site = \"fp:lab.here\" }\ndo = { stall = \"90s\" }\n";
    let host = Host::new("a", || async {
        task::spawn(async {
            for _ in 0..3 {
                time::sleep(Duration::from_secs(40)).await;
                observe!("timer", at = time::unix_ms() - 1_767_225_600_000);
            }
        });
        time::sleep(Duration::from_secs(1)).await;
        fail_point!("lab.here")?;
        observe!("went on", at = time::unix_ms() - 1_767_225_600_000);
        time::sleep(Duration::from_secs(200)).await;
        Ok(())
    });
    let finished = lab(1, faults, vec![host.client()]).run();
    let said = observed(&finished);
    // The stall begins at 1 s and ends at 91 s. The first timer was due at 40 s and fires at the end of the stall.
    let of = |name: &str| {
        said.iter().filter(|line| line.contains(name)).map(String::as_str).collect::<Vec<_>>()
    };
    assert_eq!(of("went on"), [r#"a went on {"at":91000}"#], "{}", told(&finished));
    assert_eq!(
        of("timer"),
        [r#"a timer {"at":91000}"#, r#"a timer {"at":131000}"#, r#"a timer {"at":171000}"#]
    );
}

/// When a run was healed whose server is delayed for 90 s at a failpoint, and stops waiting after `patience`. The run
/// is healed at `heal_at` at the latest.
fn healed_after_a_delay(patience: Duration, heal_at: Duration) -> (Duration, Vec<String>) {
    let faults = "[[fault]]\nat = { site = \"fp:lab.here\" }\ndo = { delay = \"90s\" }\n";
    let server = Host::new("server", move || async move {
        let step = async { fail_point!("lab.here") as Result<(), Injected> };
        let passed = time::timeout(patience, step).await;
        observe!("went on", passed = passed.is_ok(), at = time::unix_ms() - 1_767_225_600_000);
        std::future::pending::<()>().await;
        Ok(())
    });
    let client = Host::new("client", || async { Ok(()) });
    let mut lab = lab(1, faults, vec![server, client.client()]);
    lab.heal_at = heal_at;
    let finished = lab.run();
    let heal = finished.trace.events().iter().find(|event| event.name == "heal");
    (Duration::from_nanos(heal.expect("it was healed").at_ns), observed(&finished))
}

#[test]
fn a_delay_is_in_force_until_the_step_goes_on() {
    let (healed, said) = healed_after_a_delay(Duration::from_secs(100), Duration::MAX);
    assert_eq!(said, [r#"server went on {"at":90000,"passed":true}"#]);
    assert!(healed >= Duration::from_secs(90), "{healed:?}");
}

#[test]
fn a_delay_is_over_when_the_step_is_given_up() {
    let (healed, said) = healed_after_a_delay(Duration::from_secs(5), Duration::MAX);
    assert_eq!(said, [r#"server went on {"at":5000,"passed":false}"#]);
    assert!((5..6).contains(&healed.as_secs()), "{healed:?}");
}

#[test]
fn heal_ends_a_delay() {
    let (healed, said) = healed_after_a_delay(Duration::from_secs(100), Duration::from_secs(20));
    // To the millisecond, because madsim's clock also advances with each poll.
    assert_eq!(healed.as_millis(), 20_000);
    assert_eq!(said, [r#"server went on {"at":20000,"passed":true}"#]);
}

#[test]
fn a_panic_takes_the_host_down_and_is_told() {
    let hosts = vec![
        Host::new("a", || async {
            time::sleep(Duration::from_secs(1)).await;
            panic!("out of {}", "luck");
        }),
        Host::new("b", || async {
            time::sleep(Duration::from_secs(3)).await;
            observe!("unharmed");
            Ok(())
        })
        .client(),
    ];
    let finished = lab(1, "", hosts).run();
    let [(host, how)] = &finished.casualties[..] else { panic!("{:?}", finished.casualties) };
    assert_eq!(host, "a");
    assert!(how.starts_with("panicked: out of luck (crash.rs:"), "{how}");
    assert_eq!(observed(&finished), ["b unharmed {}"]);
}

#[test]
fn a_host_that_spins_without_time_is_stopped() {
    let hosts = vec![Host::new("a", || async {
        loop {
            task::yield_now().await;
        }
    })];
    let finished = lab(1, "", hosts).run();
    assert_eq!(finished.stop, Some(chaosdrill_rt::sim::Stop::Spinning { host: "a".to_owned() }));
}
