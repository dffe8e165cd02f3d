//! A worker that stalls past its lease must neither lose its mail nor settle the job of another worker.

use std::time::Duration;

use chaosdrill::{Mark, Scenario, Topology, Workload, fault::at};
use chaosdrill_rt::time;
use own_pipeline::{Queue, Settings, failpoints, work};

use crate::{checks, mailer::Mailbox};

type Ended = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Mails per run.
const MAILS: u64 = 6;

pub(crate) fn scenario() -> Scenario {
    Scenario::new("own/late-worker")
        .claim("the job of a worker that stalls is done by another, and the late worker is refused")
        .topology(|topology| hosts(topology, Mailbox::default()))
        .faults_drawn(|stream| {
            let claim = u32::try_from(stream.between(1, MAILS)).expect("a small number");
            let site = format!("fp:{}", failpoints::AFTER_CLAIM);
            vec![at(site).on_any().hit(claim).stall(Duration::from_secs(90))]
        })
        .always(checks::settled_by_the_current_claim())
        .always(checks::no_mail_is_sent_twice())
        .eventually(checks::every_mail_is_sent_and_recorded(), Duration::from_secs(5 * 60))
        .sometimes(Mark::observed("own.settle_refused"))
}

fn hosts(topology: Topology, mailbox: Mailbox) -> Topology {
    topology
        .host("mailer", move || mailbox.clone().serve())
        .supervised("w1", Duration::from_secs(1), || worker("w1"))
        .supervised("w2", Duration::from_secs(1), || worker("w2"))
        .client("shop", shop)
        .watch(
            "jobs",
            "jobs",
            "SELECT id, status, attempt, worker, settled_attempt, receipt FROM jobs",
        )
}

async fn worker(name: &str) -> Ended {
    let queue = Queue::open(&Topology::database_url("jobs")).await?;
    work(queue, Settings::new(name, "mailer:80")).await;
    Ok(())
}

/// Installs the queue, then adds orders one by one; each order sends two mails.
async fn shop(workload: Workload) -> Ended {
    let queue = loop {
        match installed().await {
            Ok(queue) => break queue,
            Err(_) => time::sleep(Duration::from_secs(1)).await,
        }
    };
    let mut pauses = workload.stream("pauses");
    for order in 0..MAILS / 2 {
        let to = |who: &str| (format!("{who}@example.org"), format!("order {order}"));
        let mails = [to("buyer"), to("seller")];
        // The result is recorded in the history, so the shop ignores it.
        let _ = workload.op("add", order, queue.add(&mails)).await;
        time::sleep(Duration::from_millis(pauses.between(100, 3_000))).await;
    }
    Ok(())
}

async fn installed() -> Result<Queue, own_pipeline::Error> {
    let queue = Queue::open(&Topology::database_url("jobs")).await?;
    queue.install().await?;
    Ok(queue)
}
