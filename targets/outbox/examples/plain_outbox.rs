//! Runs the pipeline without a simulation: a SQLite file, TCP on the loopback interface, the system clock.
//!
//! ```console
//! cargo run -p chaosdrill-target-outbox --example plain
//! ```

use std::{path::Path, time::Duration};

use chaosdrill_rt::{http, net::TcpListener, sql::Pool, task, time};
use chaosdrill_target_outbox::{
    Action, BoxError, BrokerConfig, Command, ConsumerConfig, DispatcherConfig, IngressConfig,
    run_broker, run_consumer, run_dispatcher, run_ingress,
};

/// Time limit of the example.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let folder = std::env::temp_dir().join(format!("outbox-plain-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let told = time::timeout(PATIENCE, drive(&folder)).await;
    std::fs::remove_dir_all(&folder)?;
    told?
}

/// Starts the programs, sends commands, and waits until the consumer has applied all of them.
async fn drive(folder: &Path) -> Result<(), BoxError> {
    let url = |name: &str| format!("sqlite://{}?mode=rwc", folder.join(name).display());
    let [ingress, broker, consumer] =
        [free_address().await?, free_address().await?, free_address().await?];

    let mut config = BrokerConfig::new(url("broker.db"));
    (config.listen, config.consumer) = (broker.clone(), Some(consumer.clone()));
    task::spawn(run_broker(config));
    let mut config = ConsumerConfig::new("totals", url("outbox.db"));
    config.listen = consumer;
    task::spawn(run_consumer(config));
    let mut config = IngressConfig::new(url("outbox.db"));
    config.listen = ingress.clone();
    task::spawn(run_ingress(config));
    for worker in ["d1", "d2"] {
        let mut config = DispatcherConfig::new(worker, url("outbox.db"), &broker);
        config.poll = Duration::from_millis(100);
        task::spawn(run_dispatcher(config));
    }

    let commands = commands();
    for command in &commands {
        send(&ingress, command).await?;
    }
    println!("committed  {} commands", commands.len());
    let pool = Pool::connect(&url("outbox.db")).await?;
    let applied = "SELECT COALESCE(SUM(applied), 0) FROM consumer_totals";
    while sqlx::query_scalar::<_, i64>(applied).fetch_one(&pool).await? < commands.len() as i64 {
        time::sleep(Duration::from_millis(50)).await;
    }
    account(&pool).await?;
    pool.close().await;
    Ok(())
}

fn commands() -> Vec<Command> {
    let of = |number: usize, action| {
        let account = format!("account-{}", number % 3);
        Command { id: format!("command-{number:02}"), account, action }
    };
    let open = |number| of(number, Action::Open { owner: format!("owner {number}") });
    let deposit = |number| of(number, Action::Deposit { amount: 10 });
    (0..3).map(open).chain((3..15).map(deposit)).collect()
}

/// Sends a command, and retries until the answer is final.
async fn send(ingress: &str, command: &Command) -> Result<(), BoxError> {
    let body = serde_json::to_vec(command)?;
    loop {
        match http::post("client", ingress, "/commands", body.clone()).await {
            Ok(answer) if answer.status == 200 => return Ok(()),
            Ok(answer) if answer.status == 422 => {
                return Err(String::from_utf8_lossy(&answer.body).into_owned().into());
            }
            // The ingress is not up yet, or busy.
            Ok(_) | Err(_) => time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Prints the result.
async fn account(pool: &Pool) -> Result<(), BoxError> {
    let by_status = "SELECT status, COUNT(*) FROM outbox_messages GROUP BY status ORDER BY status";
    for (status, count) in sqlx::query_as::<_, (String, i64)>(by_status).fetch_all(pool).await? {
        println!("{status:<10} {count} messages");
    }
    let totals = "SELECT account_id, total, applied FROM consumer_totals ORDER BY account_id";
    for (id, total, applied) in
        sqlx::query_as::<_, (String, i64, i64)>(totals).fetch_all(pool).await?
    {
        println!("consumed   {id}: {total} in {applied} messages");
    }
    Ok(())
}

/// A loopback address with a free port.
async fn free_address() -> Result<String, BoxError> {
    let port = TcpListener::bind("probe", "127.0.0.1:0").await?.port()?;
    Ok(format!("127.0.0.1:{port}"))
}
