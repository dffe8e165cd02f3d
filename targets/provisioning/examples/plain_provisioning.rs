//! The same pipeline without a simulation: SQLite files, TCP on the loopback, the wall clock.
//!
//! ```console
//! cargo run -p chaosdrill-target-provisioning --example plain_provisioning
//! ```

use std::{path::Path, time::Duration};

use chaosdrill_rt::{http, net::TcpListener, sql::Pool, task, time};
use chaosdrill_target_provisioning::{
    Ask, BackendConfig, BoxError, ForwarderConfig, HandlerConfig, MailerConfig, Operation,
    ReaperConfig, ReconcilerConfig, ResourceType, Script, Scripted, SweepConfig, Which,
    run_backend, run_forwarder, run_handler, run_mailer, run_reaper, run_reconciler, run_sweep,
};

/// Maximum duration of the example.
const PATIENCE: Duration = Duration::from_secs(10);

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let folder = std::env::temp_dir().join(format!("provisioning-plain-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let told = time::timeout(PATIENCE, drive(&folder)).await;
    std::fs::remove_dir_all(&folder)?;
    told?
}

/// Starts the programs, requests one resource of each type, and deletes them again.
async fn drive(folder: &Path) -> Result<(), BoxError> {
    let url = |name: &str| format!("sqlite://{}?mode=rwc", folder.join(name).display());
    let [handler, backend, mailer] =
        [free_address().await?, free_address().await?, free_address().await?];

    let mut config = BackendConfig::new(url("backend.db"));
    config.listen.clone_from(&backend);
    // The first queue is refused: its row fails, and the customer retries.
    config.scripts.push(Script {
        operation: Operation::Create,
        resource_type: Some(ResourceType::Queue),
        after: 0,
        count: 1,
        how: Scripted::Refused,
    });
    task::spawn(run_backend(config));
    let mut config = HandlerConfig::new("h1", url("platform.db"), &backend, KEY);
    config.listen.clone_from(&handler);
    task::spawn(run_handler(config));
    task::spawn(run_reconciler(ReconcilerConfig::new("w1", url("platform.db"), &backend, KEY)));
    task::spawn(run_sweep(SweepConfig::new(url("platform.db"), &backend)));
    let mut config = MailerConfig::new(url("mail.db"));
    config.listen.clone_from(&mailer);
    task::spawn(run_mailer(config));
    task::spawn(run_forwarder(ForwarderConfig::new(url("platform.db"), &mailer)));
    let mut config = ReaperConfig::new(url("platform.db"), &backend);
    config.every = Duration::from_millis(100);
    task::spawn(run_reaper(config));

    for of in ResourceType::AT_ONCE {
        let path = format!("/provision/{}", of.name());
        let answer = send(&handler, &path, serde_json::to_vec(&ask(of))?).await?;
        println!("{:<8} {}", of.name(), answer["connection_url"].as_str().unwrap_or_default());
    }
    for of in ResourceType::AT_ONCE {
        let which = Which { request_id: ask(of).request_id };
        send(&handler, "/delete", serde_json::to_vec(&which)?).await?;
    }
    let pool = Pool::connect(&url("platform.db")).await?;
    let open = "SELECT COUNT(*) FROM resources WHERE status NOT IN ('deleted', 'failed')";
    while sqlx::query_scalar::<_, i64>(open).fetch_one(&pool).await? > 0 {
        time::sleep(Duration::from_millis(50)).await;
    }
    account(&pool).await?;
    pool.close().await;
    Ok(())
}

fn ask(of: ResourceType) -> Ask {
    Ask {
        request_id: format!("plain-{}", of.name()),
        team: "team".to_owned(),
        tier: "free".to_owned(),
        env: "example".to_owned(),
        log_prefix: String::new(),
        ttl_ms: None,
    }
}

/// Sends a request until its answer is final.
async fn send(address: &str, path: &str, body: Vec<u8>) -> Result<serde_json::Value, BoxError> {
    loop {
        match http::post("customer", address, path, body.clone()).await {
            Ok(answer) if answer.is_success() => return Ok(serde_json::from_slice(&answer.body)?),
            Ok(answer) if answer.status < 500 => {
                return Err(String::from_utf8_lossy(&answer.body).into_owned().into());
            }
            Ok(answer) => {
                let told: serde_json::Value = serde_json::from_slice(&answer.body)?;
                println!("{}: {}", told["error"], told["agent_action"]);
            }
            // The handler is not up yet.
            Err(_) => {}
        }
        time::sleep(Duration::from_millis(100)).await;
    }
}

/// Prints the outcome.
async fn account(pool: &Pool) -> Result<(), BoxError> {
    let by_status = "SELECT status, COUNT(*) FROM resources GROUP BY status ORDER BY status";
    for (status, count) in sqlx::query_as::<_, (String, i64)>(by_status).fetch_all(pool).await? {
        println!("{status:<8} {count} resources");
    }
    let audits = "SELECT kind, metadata FROM audit_log ORDER BY kind, resource_id";
    for (kind, metadata) in sqlx::query_as::<_, (String, String)>(audits).fetch_all(pool).await? {
        println!("{kind}: {metadata}");
    }
    Ok(())
}

/// A free address.
async fn free_address() -> Result<String, BoxError> {
    let port = TcpListener::bind("probe", "127.0.0.1:0").await?.port()?;
    Ok(format!("127.0.0.1:{port}"))
}
