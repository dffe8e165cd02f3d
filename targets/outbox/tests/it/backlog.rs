//! What a machine that stands still owes to those who knock.

use std::time::Duration;

use chaosdrill_rt::{http, net::TcpListener, sim::Host, time};

use crate::lab::Lab;

/// The simulator gives a listener room for 64 connections that wait to be accepted, and panics at one more: a host
/// that stalls while others retry ends the whole run. What nobody waits for any more counts too.
#[test]
#[ignore = "the simulator's backlog is smaller than what a stalled host can owe"]
fn a_stalled_listener_may_be_knocked_at_for_long() {
    let server = Host::new("server", || async {
        let listener = TcpListener::bind("bus", "0.0.0.0:80").await?;
        http::serve(listener, |_| async { http::Response::new(200, "") }).await?;
        Ok(())
    });
    let knocker = Host::new("knocker", || async {
        time::sleep(Duration::from_millis(10)).await;
        for _ in 0..100 {
            let posted = http::post("knock", "server:80", "/", "");
            let _ = time::timeout(Duration::from_millis(100), posted).await;
        }
        Ok(())
    });
    let mut lab = Lab::pipeline(1, &[]);
    lab.machines = vec![("server", server), ("knocker", knocker.client())];
    let finished = lab.fault("site = \"net:bus.reply\"", "stall = \"90s\"").run();
    assert_eq!(finished.stop, None);
}
