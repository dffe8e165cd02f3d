//! The network, with and without faults.

use std::time::Duration;

use chaosdrill_rt::{
    http,
    net::{TcpListener, TcpStream},
    observe,
    sim::{Finished, Host},
    time,
};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::lab::{lab, observed, told};

fn hosts() -> Vec<Host> {
    let server = || async {
        let listener = TcpListener::bind("bus", "0.0.0.0:80").await?;
        let accept = |request: http::Request| async move {
            observe!("accepted", body = String::from_utf8_lossy(&request.body));
            http::Response::new(200, "thanks")
        };
        http::serve(listener, accept).await?;
        Ok(())
    };
    let client = || async {
        for number in 0..4 {
            time::sleep(Duration::from_secs(1)).await;
            let posted = time::timeout(
                Duration::from_secs(5),
                http::post("bus.publish", "server:80", "/", format!("m{number}")),
            )
            .await;
            let said = match posted {
                Ok(Ok(response)) => format!("{} OK", response.status),
                Ok(Err(error)) => format!("error: {}", error.kind()),
                Err(_) => "timed out".to_owned(),
            };
            observe!("published", number = number, said = said);
        }
        Ok(())
    };
    vec![Host::new("server", server), Host::new("client", client).client()]
}

#[test]
fn headers_arrive_with_the_response() {
    let server = || async {
        let listener = TcpListener::bind("bus", "0.0.0.0:80").await?;
        let busy = |request: http::Request| async move {
            let busy = http::Response::new(503, "busy").with_header("Retry-After", "30");
            match request.path.as_str() {
                "/broken" => busy.with_header("broken\nname", "no header"),
                _ => busy,
            }
        };
        http::serve(listener, busy).await?;
        Ok(())
    };
    let client = || async {
        for path in ["/", "/broken"] {
            let response = http::post("bus.publish", "server:80", path, "").await?;
            let body = String::from_utf8_lossy(&response.body).into_owned();
            observe!(
                "answered",
                status = response.status,
                wait = response.header("retry-after"),
                body = body
            );
        }
        Ok(())
    };
    let hosts = vec![Host::new("server", server), Host::new("client", client).client()];
    let said = observed(&lab(1, "", hosts).run());
    assert_eq!(
        said,
        [
            "client answered {\"body\":\"busy\",\"status\":503,\"wait\":\"30\"}",
            "client answered {\"body\":\"the response has an invalid header: \\\"broken\\\\nname\\\"\",\
             \"status\":500,\"wait\":null}",
        ]
    );
}

fn heard(finished: &Finished) -> Vec<String> {
    observed(finished)
        .into_iter()
        .filter_map(|line| line.strip_prefix("server accepted ").map(str::to_owned))
        .collect()
}

fn published(finished: &Finished) -> Vec<String> {
    let said = observed(finished).into_iter().filter(|line| line.starts_with("client"));
    said.map(|line| {
        line.split("\"said\":").nth(1).unwrap_or_default().trim_matches(['"', '}']).to_owned()
    })
    .collect()
}

#[test]
fn a_handshake_and_each_message_take_the_latency_of_the_network() {
    let server = || async {
        let listener = TcpListener::bind("echo", "0.0.0.0:80").await?;
        let mut stream = listener.accept().await?;
        let mut byte = [0];
        while stream.read_exact(&mut byte).await.is_ok() {
            stream.write_all(&byte).await?;
        }
        Ok(())
    };
    let client = || async {
        let began = time::Instant::now();
        let mut stream = TcpStream::connect("call", "server:80").await?;
        let connected = began.elapsed().as_millis();
        // madsim connects at once, and both connects wait for as much as a message may take longer.
        let handshake = if cfg!(madsim) { 0 } else { 40 };
        let most = handshake + 20;
        assert!((handshake..=most).contains(&connected), "connected after {connected} ms");
        for _ in 0..20 {
            let began = time::Instant::now();
            stream.write_all(&[1]).await?;
            stream.read_exact(&mut [0]).await?;
            let answered = began.elapsed().as_millis();
            assert!((40..=70).contains(&answered), "answered after {answered} ms");
        }
        Ok(())
    };
    for seed in 0..10 {
        let hosts = vec![Host::new("server", server), Host::new("client", client).client()];
        let mut lab = lab(seed, "", hosts);
        lab.config.network = chaosdrill_rt::sim::Latency { ms_min: 20, ms_max: 30 };
        let finished = lab.run();
        assert!(finished.run.clients_done, "{}", told(&finished));
    }
}

#[test]
fn whole() {
    let finished = lab(1, "", hosts()).run();
    assert_eq!(published(&finished), ["200 OK"; 4], "{}", told(&finished));
    assert_eq!(heard(&finished).len(), 4);
}

#[test]
fn an_error_before_a_lost_ack_and_a_delay_at_a_message() {
    let at = |act: &str| {
        format!("[[fault]]\nat = {{ site = \"net:bus.publish\", hit = 2 }}\ndo = {act}\n")
    };
    let finished = lab(1, &at("{ error = \"reset\" }"), hosts()).run();
    assert_eq!(heard(&finished).len(), 3, "{}", told(&finished));
    assert_ne!(published(&finished)[1], "200 OK");
    let finished = lab(1, &at("{ lost_ack = \"reset\" }"), hosts()).run();
    assert_eq!(heard(&finished).len(), 4, "{}", told(&finished));
    assert_ne!(published(&finished)[1], "200 OK");
    assert_eq!(published(&finished)[2..], ["200 OK", "200 OK"]);
    let finished = lab(1, &at("{ delay = \"3s\" }"), hosts()).run();
    assert_eq!(published(&finished), ["200 OK"; 4]);
    let refused = "[[fault]]\nat = { site = \"net:bus.publish.connect\", hit = 3 }\ndo = { error = \"refused\" }\n";
    let finished = lab(1, refused, hosts()).run();
    assert_eq!(published(&finished)[2], "error: connection refused");
}

#[test]
fn a_crash_on_either_side_of_a_message() {
    for (when, delivered) in [("before", ["m0", "m0", "m1", "m2", "m3"].len()), ("after", 6)] {
        let fault = format!(
            "[[fault]]\nat = {{ host = \"client\", site = \"net:bus.publish\", hit = 2 }}\ndo = {{ crash = \"{when}\", restart = \"1s\" }}\n"
        );
        let finished = lab(1, &fault, hosts()).run();
        assert_eq!(heard(&finished).len(), delivered, "{when}\n{}", told(&finished));
    }
}

#[test]
fn a_partition_refuses_and_a_clog_holds_back() {
    let partition = "[[fault]]\nat = { time = \"1500ms\" }\ndo = { partition = [\"client\", \"server\"], for = \"2s\" }\n";
    let finished = lab(1, partition, hosts()).run();
    let said = published(&finished);
    assert!(
        said.contains(&"error: connection refused".to_owned()),
        "{said:?}\n{}",
        told(&finished)
    );
    assert_eq!(said.last().map(String::as_str), Some("200 OK"));
    let clog = "[[fault]]\nat = { time = \"1500ms\" }\ndo = { clog = [\"client\", \"server\"], for = \"4s\" }\n";
    let finished = lab(1, clog, hosts()).run();
    assert_eq!(published(&finished), ["200 OK"; 4], "{}", told(&finished));
    let clog = clog.replace("4s", "8s");
    let finished = lab(1, &clog, hosts()).run();
    assert_eq!(published(&finished)[1], "timed out", "{}", told(&finished));
    assert_eq!(published(&finished)[3], "200 OK");
}

#[test]
fn an_open_stream_is_reset_when_its_link_is_cut() {
    use tokio::io::AsyncReadExt;
    let server = Host::new("server", || async {
        let listener = TcpListener::bind("quiet", "0.0.0.0:80").await?;
        let mut held = Vec::new();
        loop {
            held.push(listener.accept().await?);
        }
    });
    let client = Host::new("client", || async {
        time::sleep(Duration::from_millis(100)).await;
        let mut stream = TcpStream::connect("quiet", "server:80").await?;
        let read = stream.read(&mut [0; 8]).await;
        observe!(
            "read",
            error = read.err().map(|error| error.kind().to_string()),
            at = (time::unix_ms() - 1_767_225_600_000) / 1000
        );
        Ok(())
    })
    .client();
    let partition = "[[fault]]\nat = { time = \"3s\" }\ndo = { partition = [\"client\", \"server\"], for = \"1h\" }\n";
    let finished = lab(1, partition, vec![server, client]).run();
    assert_eq!(observed(&finished), [r#"client read {"at":3,"error":"connection reset"}"#]);
}

#[test]
fn a_stalled_listener_may_be_knocked_at_for_long() {
    let server = Host::new("server", || async {
        let listener = TcpListener::bind("bus", "0.0.0.0:80").await?;
        http::serve(listener, |_| async { http::Response::new(200, "") }).await?;
        Ok(())
    });
    let knocker = Host::new("knocker", || async {
        for _ in 0..200 {
            let posted = http::post("knock", "server:80", "/", "");
            let _ = time::timeout(Duration::from_millis(100), posted).await;
        }
        observe!("done");
        Ok(())
    });
    let stall = "[[fault]]\nat = { site = \"net:bus.reply\" }\ndo = { stall = \"90s\" }\n";
    let finished = lab(1, stall, vec![server, knocker.client()]).run();
    assert_eq!(finished.stop, None);
    assert_eq!(observed(&finished), ["knocker done {}"]);
}

#[test]
fn what_was_sent_to_a_stalled_host_is_read_when_it_goes_on() {
    // Each sender waits for 5 s, and so does not learn whether its message arrived.
    let stall = "[[fault]]\nat = { site = \"net:bus.reply\", hit = 1 }\ndo = { stall = \"60s\" }\n";
    let finished = lab(1, stall, hosts()).run();
    assert_eq!(published(&finished), ["timed out"; 4], "{}", told(&finished));
    assert_eq!(heard(&finished).len(), 4, "{}", told(&finished));
}

#[test]
fn a_connection_that_waits_is_over_when_its_link_is_cut() {
    use tokio::io::AsyncReadExt;
    let server = Host::new("server", || async {
        let listener = TcpListener::bind("slow", "0.0.0.0:80").await?;
        time::sleep(Duration::from_secs(10)).await;
        loop {
            let mut stream = listener.accept().await?;
            let read = stream.read(&mut [0; 8]).await;
            // On turmoil it is reset; on madsim it has ended, as soon as the client notices the cut.
            observe!("read", is_over = !matches!(read, Ok(1..)));
        }
    });
    let client = Host::new("client", || async {
        time::sleep(Duration::from_millis(100)).await;
        let mut stream = TcpStream::connect("slow", "server:80").await?;
        observe!("connected", at = (time::unix_ms() - 1_767_225_600_000) / 1000);
        let read = stream.read(&mut [0; 8]).await;
        observe!("read", error = read.err().map(|error| error.kind().to_string()));
        time::sleep(Duration::from_secs(20)).await;
        Ok(())
    })
    .client();
    let partition = "[[fault]]\nat = { time = \"3s\" }\ndo = { partition = [\"client\", \"server\"], for = \"1s\" }\n";
    let finished = lab(1, partition, vec![server, client]).run();
    let said = [
        r#"client connected {"at":0}"#,
        r#"client read {"error":"connection reset"}"#,
        r#"server read {"is_over":true}"#,
    ];
    assert_eq!(observed(&finished), said);
}

#[test]
fn a_port_is_free_as_soon_as_nobody_listens() {
    let server = Host::new("server", || async {
        for _ in 0..3 {
            drop(TcpListener::bind("bus", "0.0.0.0:80").await?);
        }
        observe!("bound");
        Ok(())
    });
    let finished = lab(1, "", vec![server.client()]).run();
    assert_eq!(observed(&finished), ["server bound {}"]);
}

/// A client sends a request and closes its connection before the response. The handler's work is in two halves.
fn interrupted(is_tied: bool) -> Vec<String> {
    let server = move || async move {
        let listener = TcpListener::bind("slow", "0.0.0.0:80").await?;
        let work = |_: http::Request| async move {
            observe!("begun");
            time::sleep(Duration::from_secs(10)).await;
            observe!("done");
            http::Response::new(200, "")
        };
        match is_tied {
            true => http::serve_cancel_on_disconnect(listener, work).await?,
            false => http::serve(listener, work).await?,
        }
        Ok(())
    };
    let client = || async {
        let posted = http::post("ask", "server:80", "/", "");
        let _ = time::timeout(Duration::from_secs(1), posted).await;
        time::sleep(Duration::from_secs(20)).await;
        Ok(())
    };
    let hosts = vec![Host::new("server", server), Host::new("client", client).client()];
    observed(&lab(1, "", hosts).run())
}

#[test]
fn a_client_that_is_gone_ends_what_is_tied_to_its_request() {
    assert_eq!(interrupted(true), ["server begun {}"]);
    assert_eq!(interrupted(false), ["server begun {}", "server done {}"]);
}
