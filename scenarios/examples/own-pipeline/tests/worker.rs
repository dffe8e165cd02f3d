//! Tests the same code on the real runtime, with a real network and a real file, without a simulation.

use std::{sync::Arc, time::Duration};

use chaosdrill_rt::{
    http::{self, Response},
    net::TcpListener,
    task, time,
};
use own_pipeline::{Queue, Settings, work};
use tokio::sync::mpsc;

#[tokio::test]
async fn a_worker_sends_what_is_in_the_queue() {
    let file = std::env::temp_dir().join(format!("own-pipeline-{}.db", std::process::id()));
    let queue = Queue::open(&format!("sqlite:{}?mode=rwc", file.display())).await.expect("opens");
    queue.install().await.expect("installs");

    let (sent, mut mails) = mpsc::unbounded_channel();
    let sent = Arc::new(sent);
    let listener = TcpListener::bind("mailer", "127.0.0.1:0").await.expect("a free port");
    let mailer = format!("127.0.0.1:{}", listener.port().expect("a port"));
    task::spawn(http::serve(listener, move |request| {
        let sent = sent.clone();
        async move {
            sent.send(request.path).expect("the test listens");
            Response::new(200, "receipt")
        }
    }));

    let mail = |name: &str| (name.to_owned(), "hello".to_owned());
    let ids = queue.add(&[mail("ada@example.org"), mail("bob@example.org")]).await.expect("adds");
    assert_eq!(ids, [1, 2]);
    let worker = task::spawn(work(queue.clone(), Settings::new("w", mailer)));
    for path in ["/mails/1", "/mails/2"] {
        let mail = time::timeout(Duration::from_secs(30), mails.recv()).await;
        assert_eq!(mail.expect("in time").as_deref(), Some(path));
    }
    worker.abort();
    let _ = std::fs::remove_file(file);
}
