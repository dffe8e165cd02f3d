//! The seed picks the next task among all ready tasks of a host, however they were woken.

use std::{collections::BTreeSet, time::Duration};

use chaosdrill_rt::{fail_point, observe, sim::Host, task, time};

use crate::lab::{lab, observed};

const TASKS: u64 = 4;

/// The first observation of each run, over some seeds.
fn first(faults: &str, hosts: impl Fn() -> Vec<Host>) -> BTreeSet<String> {
    (0..40).map(|seed| observed(&lab(seed, faults, hosts()).run()).swap_remove(0)).collect()
}

/// Tasks whose timers all fire at 10 s. The host's own software passes a failpoint after a while.
fn sleepers(software_wakes_after: Duration) -> Vec<Host> {
    let software = move || async move {
        let begin = time::Instant::now();
        let sleepers: Vec<_> = (1..=TASKS)
            .map(|number| {
                task::spawn(async move {
                    time::sleep_until(begin + Duration::from_secs(10)).await;
                    observe!("woke", number = number);
                })
            })
            .collect();
        time::sleep_until(begin + software_wakes_after).await;
        fail_point!("lab.here")?;
        observe!("woke", number = 0);
        for sleeper in sleepers {
            sleeper.await?;
        }
        Ok(())
    };
    vec![Host::new("host", software).client()]
}

fn everybody() -> BTreeSet<String> {
    (0..=TASKS).map(|number| format!(r#"host woke {{"number":{number}}}"#)).collect()
}

#[test]
fn timers_that_fire_at_one_instant_wake_in_any_order() {
    assert_eq!(first("", || sleepers(Duration::from_secs(10))), everybody());
}

#[test]
fn who_waited_while_their_host_stalled_go_on_in_any_order() {
    let stall = "[[fault]]\nat = { site = \"fp:lab.here\" }\ndo = { stall = \"60s\" }\n";
    assert_eq!(first(stall, || sleepers(Duration::from_secs(5))), everybody());
}
