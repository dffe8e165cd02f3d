//! Plans in a simulation: countdowns strike when they run out, and a plan is run completely or not at all.

use std::time::Duration;

use chaosdrill_core::{At, WallTime};
use chaosdrill_rt::{
    fail_point, observe,
    sim::{self, Host, check_determinism},
    time,
};

use crate::lab::{Lab, lab};

/// A host that passes a failpoint ten times, and a client that passes it too.
fn passers() -> Vec<Host> {
    let pass = |name: &'static str| {
        Host::new(name, move || async move {
            for pass in 0..10 {
                let passed: Result<(), _> = async { fail_point!("lab.here") }.await;
                observe!("passed", pass = pass, well = passed.is_ok());
                time::sleep(Duration::from_secs(1)).await;
            }
            Ok(())
        })
    };
    vec![pass("worker").supervised(Duration::from_secs(60)), pass("client").client()]
}

fn struck(at: &str) -> Lab {
    lab(7, &format!("[[fault]]\nat = {at}\ndo = {{ error = \"injected\" }}\n"), passers())
}

#[test]
fn a_countdown_is_the_fault_at_the_boundary_where_it_ran_out() {
    let counted = struck("{ countdown = 4 }").run();
    let [fault] = &counted.faults[..] else { panic!("one fault, not {:?}", counted.faults) };
    assert!(fault.fired.is_some());
    let At::Boundary { host, site, hit } = fault.at() else { panic!("{fault}") };
    assert_eq!((host.to_string().as_str(), site.as_str(), *hit), ("worker", "fp:lab.here", 4));
    let named = struck("{ host = \"worker\", site = \"fp:lab.here\", hit = 4 }").run();
    assert_eq!(counted.trace.digest(), named.trace.digest());
    let other = struck("{ countdown = 5 }").run();
    assert_ne!(counted.trace.digest(), other.trace.digest());
}

#[test]
fn a_plan_that_this_engine_cannot_run_is_refused_before_anything_runs() {
    let mut lab = struck("{ countdown = 4 }");
    lab.config.plan.start = WallTime::of_unix_ms(1_800_000_000_000);
    let (config, folder) = (lab.config.clone(), lab.config.folder.clone());
    let refused = sim::run(config.clone(), lab.director()).err().expect("it cannot");
    assert!(refused.contains("cannot start the wall clock at 2027-01-15"), "{refused}");
    let director = lab.director();
    let checked = check_determinism(move || (config.clone(), director.clone()));
    assert_eq!(checked, Err(refused));
    assert!(!folder.exists());
}
