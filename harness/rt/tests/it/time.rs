//! The clock skips idle time exactly.

use std::{sync::Arc, time::Duration};

use chaosdrill_rt::{observe, sim::Host, task, time};

use crate::lab::{lab, observed};

/// Plain tokio timers and tasks, as foreign code would use them; madsim knows only its own.
mod foreign {
    #[cfg(madsim)]
    pub(super) use chaosdrill_rt::{
        task::spawn,
        time::{interval, sleep},
    };
    #[cfg(not(madsim))]
    pub(super) use tokio::{
        spawn,
        time::{interval, sleep},
    };
}

const BACKOFF_S: [u64; 9] = [60, 300, 900, 1800, 3600, 7200, 14400, 28800, 57600];

fn sleepers() -> Vec<Host> {
    let plain = || async {
        foreign::spawn(async {
            foreign::sleep(Duration::from_secs(3)).await;
            observe!("raw sleep", at = time::unix_ms());
        });
        let mut ticks = foreign::interval(Duration::from_secs(1800));
        for _ in 0..10 {
            ticks.tick().await;
            observe!("tick", at = time::unix_ms());
        }
        let late = time::timeout(Duration::from_millis(1500), std::future::pending::<()>()).await;
        observe!("timeout", late = late.is_err(), at = time::unix_ms());
        Ok(())
    };
    let backoff = || async {
        for seconds in BACKOFF_S {
            time::sleep(Duration::from_secs(seconds)).await;
        }
        let joined = task::spawn(async { 7 }).await;
        observe!("slept", joined = joined.ok(), at = time::unix_ms());
        Ok(())
    };
    vec![Host::new("plain", plain).client(), Host::new("backoff", backoff).client()]
}

#[test]
fn hours_of_backoff_are_a_moment_and_exact() {
    let finished = lab(1, "", sleepers()).run();
    let said = observed(&finished);
    let start = 1_767_225_600_000_u64;
    let total: u64 = BACKOFF_S.iter().sum();
    assert_eq!(total, 31 * 3600 + 51 * 60);
    assert!(said.contains(&format!(r#"plain raw sleep {{"at":{}}}"#, start + 3_000)), "{said:?}");
    assert!(
        said.contains(&format!(r#"plain tick {{"at":{}}}"#, start + 9 * 1_800_000)),
        "{said:?}"
    );
    assert!(
        said.contains(&format!(
            r#"plain timeout {{"at":{},"late":true}}"#,
            start + 9 * 1_800_000 + 1_500
        )),
        "{said:?}"
    );
    assert!(
        said.contains(&format!(r#"backoff slept {{"at":{},"joined":7}}"#, start + total * 1000)),
        "{said:?}"
    );
    assert!(finished.steps < 500, "{} steps", finished.steps);
}

/// madsim skips idle time by itself.
#[cfg(not(madsim))]
#[test]
fn skipping_idle_time_changes_nothing() {
    let hosts = || {
        let busy = || async {
            for _ in 0..20 {
                time::sleep(Duration::from_millis(chaosdrill_rt::rng::below(400))).await;
                observe!("step", at = time::unix_ms());
            }
            Ok(())
        };
        vec![
            Host::new("a", busy).client(),
            Host::new("b", busy).client(),
            Host::new("c", || async {
                let mut ticks = time::interval(Duration::from_millis(777));
                loop {
                    ticks.tick().await;
                    observe!("tick");
                }
            }),
        ]
    };
    let faults = "[[fault]]\nat = { time = \"1s\" }\ndo = { skew = \"a\", by = \"+5s\", for = \"3s\" }\n\
        [[fault]]\nat = { time = \"2500ms\" }\ndo = { kill = \"c\", restart = \"2s\" }\n";
    for seed in 0..20 {
        let lab = || crate::lab::Lab {
            look_again: Duration::from_millis(350),
            ..lab(seed, faults, hosts())
        };
        let skipping = lab().run();
        let mut walking = lab();
        walking.config.skip_idle = false;
        let walking = walking.run();
        assert_eq!(skipping.trace.digest(), walking.trace.digest(), "seed {seed}");
        assert!(
            skipping.steps * 2 < walking.steps,
            "{} of {} steps",
            skipping.steps,
            walking.steps
        );
    }
}

/// Hosts of one process may share memory, as code with statics does. A task may then be woken by neither a timer nor a
/// message.
#[test]
fn a_task_that_another_host_woke_is_not_skipped_over() {
    let bell = Arc::new(tokio::sync::Notify::new());
    let heard = bell.clone();
    let listener = Host::new("a", move || {
        let heard = heard.clone();
        async move {
            heard.notified().await;
            observe!("heard", at = time::unix_ms() - 1_767_225_600_000);
            Ok(())
        }
    });
    let ringer = Host::new("b", move || {
        let bell = bell.clone();
        async move {
            time::sleep(Duration::from_secs(1)).await;
            bell.notify_one();
            time::sleep(Duration::from_secs(3600)).await;
            Ok(())
        }
    });
    let said = observed(&lab(1, "", vec![listener.client(), ringer.client()]).run());
    let soon = ["a heard {\"at\":1000}", "a heard {\"at\":1001}"];
    assert!(said.len() == 1 && soon.contains(&said[0].as_str()), "{said:?}");
}

#[test]
fn a_skewed_host_has_a_wrong_wall_clock_and_right_timers() {
    let faults =
        "[[fault]]\nat = { time = \"5s\" }\ndo = { skew = \"a\", by = \"-10m\", for = \"10s\" }\n";
    let looker = || async {
        for _ in 0..3 {
            observe!("look", at = time::unix_ms());
            time::sleep(Duration::from_secs(8)).await;
        }
        Ok(())
    };
    let finished =
        lab(1, faults, vec![Host::new("a", looker).client(), Host::new("b", looker).client()])
            .run();
    let at = |offset: i64| format!(r#"look {{"at":{}}}"#, 1_767_225_600_000 + offset);
    let said = observed(&finished);
    let of = |host: &str| {
        said.iter()
            .filter_map(|line| line.strip_prefix(&format!("{host} ")).map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(of("a"), [at(0), at(8_000 - 600_000), at(16_000)]);
    assert_eq!(of("b"), [at(0), at(8_000), at(16_000)]);
}

#[test]
fn std_clocks_hash_maps_and_entropy_repeat() {
    let hosts = || {
        let noisy = || async {
            #[expect(clippy::disallowed_types, reason = "its order is what is tested")]
            let map: std::collections::HashMap<u32, ()> = (0..50).map(|n| (n, ())).collect();
            let order: Vec<u32> = map.into_keys().collect();
            let bytes = getrandom_bytes();
            observe!("noise", order = order, bytes = bytes, draw = chaosdrill_rt::rng::u64());
            for _ in 0..5 {
                let won = chaosdrill_rt::select! {
                    _ = std::future::ready(()) => "first",
                    _ = std::future::ready(()) => "second",
                };
                // tokio seeds its own `select!` only if tokio is the runtime.
                #[cfg(madsim)]
                let tokio_won = won;
                #[cfg(not(madsim))]
                let tokio_won = tokio::select! {
                    _ = std::future::ready(()) => "first",
                    _ = std::future::ready(()) => "second",
                };
                observe!("won", ours = won, tokios = tokio_won);
            }
            Ok(())
        };
        vec![Host::new("a", noisy).client()]
    };
    let first = lab(3, "", hosts()).run();
    let again = lab(3, "", hosts()).run();
    let other = lab(4, "", hosts()).run();
    assert_eq!(first.trace.digest(), again.trace.digest());
    assert_ne!(first.trace.digest(), other.trace.digest());
}

fn getrandom_bytes() -> Vec<u8> {
    let mut bytes = vec![0; 16];
    getrandom::fill(&mut bytes).expect("seeded entropy");
    bytes
}
