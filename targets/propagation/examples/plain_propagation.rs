//! Runs the pipeline without a simulation: a SQLite file, TCP on the loopback interface, the system clock.
//!
//! ```console
//! cargo run -p chaosdrill-target-propagation --example plain
//! ```

use std::{path::Path, time::Duration};

use chaosdrill_rt::{http, net::TcpListener, sql::Pool, task, time};
use chaosdrill_target_propagation::{
    Answer, ApiConfig, BoxError, ProvisionerConfig, Script, WorkerConfig, run_api, run_provisioner,
    run_worker,
    schedule::until_dead_letter_in_words,
    wire::{NewResource, NewTeam, Upgrade},
};
use serde::Serialize;

/// Time limit of the example.
const PATIENCE: Duration = Duration::from_secs(15);

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let folder = std::env::temp_dir().join(format!("propagation-plain-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let told = time::timeout(PATIENCE, drive(&folder)).await;
    std::fs::remove_dir_all(&folder)?;
    told?
}

/// Starts the programs, upgrades teams, and waits until no propagation is open.
async fn drive(folder: &Path) -> Result<(), BoxError> {
    let url = |name: &str| format!("sqlite://{}?mode=rwc", folder.join(name).display());
    let [api, provisioner] = [free_address().await?, free_address().await?];

    let mut config = ProvisionerConfig::new(url("provisioner.db"));
    config.listen = provisioner.clone();
    let reason = "postgres-admin secret not found in postgres://admin:hunter2@db/x".to_owned();
    config.scripts = vec![Script {
        token_contains: "team-3-postgres".into(),
        last: u32::MAX,
        answer: Answer::Skip(reason),
    }];
    task::spawn(run_provisioner(config));
    let mut config = ApiConfig::new(url("propagation.db"));
    config.listen = api.clone();
    task::spawn(run_api(config));
    for worker in ["w1", "w2"] {
        let mut config = WorkerConfig::new(worker, url("propagation.db"), &provisioner);
        config.tick = Duration::from_millis(200);
        config.attempts_max = 1;
        task::spawn(run_worker(config.with_environment(variable)?));
    }

    for number in 0..4 {
        let team = format!("team-{number}");
        let resource = |kind: &&str| NewResource {
            token: format!("{team}-{kind}"),
            resource_type: (*kind).to_owned(),
        };
        let resources = ["postgres", "redis", "vector", "queue"].iter().map(resource).collect();
        send(&api, "/teams", &NewTeam { team: team.clone(), tier: "hobby".into(), resources })
            .await?;
        let kind = "tier_elevation".to_owned();
        let id = format!("upgrade-{number}");
        send(&api, "/upgrades", &Upgrade { id, team, tier: "pro".into(), kind }).await?;
    }
    let pool = Pool::connect(&url("propagation.db")).await?;
    let open =
        "SELECT COUNT(*) FROM pending_propagations WHERE applied_at IS NULL AND failed_at IS NULL";
    while sqlx::query_scalar::<_, i64>(open).fetch_one(&pool).await? > 0 {
        time::sleep(Duration::from_millis(50)).await;
    }
    account(&pool).await?;
    pool.close().await;
    Ok(())
}

/// A variable of the environment.
#[expect(clippy::disallowed_methods, reason = "a program reads its environment at its start")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Sends a request, and retries until the answer is final.
async fn send(api: &str, path: &str, body: &impl Serialize) -> Result<(), BoxError> {
    let body = serde_json::to_vec(body)?;
    loop {
        match http::post("client", api, path, body.clone()).await {
            Ok(answer) if answer.status == 200 => return Ok(()),
            Ok(answer) if answer.status == 422 => {
                return Err(String::from_utf8_lossy(&answer.body).into_owned().into());
            }
            // The producer is not up yet, or busy.
            Ok(_) | Err(_) => time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Prints the result.
async fn account(pool: &Pool) -> Result<(), BoxError> {
    let rows = "SELECT id, CASE WHEN applied_at IS NULL THEN 'failed' ELSE 'applied' END, COALESCE(last_error, '') FROM pending_propagations ORDER BY id";
    for (id, state, error) in
        sqlx::query_as::<_, (String, String, String)>(rows).fetch_all(pool).await?
    {
        println!("{id}  {state:<8} {error}");
    }
    let audits = "SELECT kind, COUNT(*) FROM audit_log GROUP BY kind ORDER BY kind";
    for (kind, count) in sqlx::query_as::<_, (String, i64)>(audits).fetch_all(pool).await? {
        println!("audit      {kind}: {count}");
    }
    println!(
        "First failure to dead letter, under the whole schedule: {}",
        until_dead_letter_in_words()
    );
    Ok(())
}

/// A loopback address with a free port.
async fn free_address() -> Result<String, BoxError> {
    let port = TcpListener::bind("probe", "127.0.0.1:0").await?.port()?;
    Ok(format!("127.0.0.1:{port}"))
}
