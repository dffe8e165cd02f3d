//! The same pipeline without a simulation: a SQLite file, TCP on the loopback, the wall clock.
//!
//! ```console
//! cargo run -p chaosdrill-target-notification --example plain
//! ```

use std::{path::Path, time::Duration};

use chaosdrill_rt::{http, net::TcpListener, sql::Pool, task, time};
use chaosdrill_target_notification::{
    ApiConfig, BoxError, Channel, LoopConfig, Manner, Notification, NotifierConfig, ServerConfig,
    Trouble, run_api, run_notifier, run_server,
};

/// Maximum duration of the example.
const PATIENCE: Duration = Duration::from_secs(20);

/// Counts the notifications that are neither pending nor claimed.
const AT_REST: &str = "SELECT COUNT(*) FROM notification_events \
                       WHERE status IN ('sent', 'failed', 'undeliverable')";

/// A notification that no notifier delivers.
const GIVEN_UP: &str = "SELECT id FROM notification_events WHERE status = 'undeliverable' LIMIT 1";

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let folder = std::env::temp_dir().join(format!("notification-plain-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let told = time::timeout(PATIENCE, drive(&folder)).await;
    std::fs::remove_dir_all(&folder)?;
    told?
}

/// Starts the programs, creates notifications, waits until each has been tried, and shuts the servers down.
async fn drive(folder: &Path) -> Result<(), BoxError> {
    let url = |name: &str| format!("sqlite://{}?mode=rwc", folder.join(name).display());
    let [api, notifier] = [free_address().await?, free_address().await?];

    let mut config = NotifierConfig::new(url("notifier.db"));
    config.listen.clone_from(&notifier);
    let refuses = Manner::RefusesFirst(1);
    config.troubles = vec![Trouble { message_contains: "refused".into(), manner: refuses }];
    task::spawn(run_notifier(config));
    let mut config = ApiConfig::new(url("notify.db"));
    config.listen.clone_from(&api);
    task::spawn(run_api(config));
    let mut servers = Vec::new();
    for name in ["s1", "s2"] {
        let mut config = ServerConfig::new(name, url("notify.db"), &notifier);
        config.listen = free_address().await?;
        config.processor =
            LoopConfig { every: Duration::from_millis(100), timeout: Duration::from_secs(20) };
        config.linger = Duration::ZERO;
        config.notifiers.remove(&Channel::Teams);
        config.apply(std::env::vars())?;
        servers.push((config.listen.clone(), task::spawn(run_server(config))));
    }

    let wishes = wishes();
    for wish in &wishes {
        send(&api, "/notifications", serde_json::to_vec(wish)?).await?;
    }
    println!("asked for  {} notifications", wishes.len());
    let pool = Pool::connect(&url("notify.db")).await?;
    while sqlx::query_scalar::<_, i64>(AT_REST).fetch_one(&pool).await? < wishes.len() as i64 {
        time::sleep(Duration::from_millis(50)).await;
    }
    let given_up: String = sqlx::query_scalar(GIVEN_UP).fetch_one(&pool).await?;
    send(&api, &format!("/notifications/{given_up}/requeue"), Vec::new()).await?;
    println!("requeued   {given_up}");
    println!("dashboard  {}", send(&api, "/dashboard", Vec::new()).await?);
    for (address, server) in servers {
        // The other server may have done all the work before this one was up.
        while !server.is_finished()
            && http::post("shutdown", &address, "/shutdown", "").await.is_err()
        {
            time::sleep(Duration::from_millis(50)).await;
        }
        server.await??;
    }
    println!("drained    both servers");
    pool.close().await;
    Ok(())
}

fn wishes() -> Vec<Notification> {
    let messages = ["expires in a week", "expires tomorrow, and is refused once"];
    let wish = |(number, channel): (usize, Channel)| Notification {
        id: format!("notification-{number:02}"),
        kind: "certificate.expiring".into(),
        channel,
        recipient: "ops@example.com".into(),
        message: messages[number % 2].into(),
    };
    Channel::ALL.into_iter().cycle().take(18).enumerate().map(wish).collect()
}

/// Sends a request until its answer is final.
async fn send(api: &str, path: &str, body: Vec<u8>) -> Result<String, BoxError> {
    loop {
        match http::post("client", api, path, body.clone()).await {
            Ok(answer) if answer.status == 200 => return Ok(String::from_utf8(answer.body)?),
            Ok(answer) if answer.status != 503 => {
                return Err(String::from_utf8_lossy(&answer.body).into_owned().into());
            }
            // The API is not up yet, or busy.
            Ok(_) | Err(_) => time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// A free address.
async fn free_address() -> Result<String, BoxError> {
    let port = TcpListener::bind("probe", "127.0.0.1:0").await?.port()?;
    Ok(format!("127.0.0.1:{port}"))
}
