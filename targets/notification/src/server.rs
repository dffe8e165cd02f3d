//! The server: runs the processor and the retry loop until it is shut down.
//!
//! `POST /shutdown` is answered at once. No new sweep begins, and running sweeps finish the deliveries that they have
//! started. Then the server stays up for a while, so that clients still get an answer, and exits.

use std::{collections::BTreeMap, sync::Arc};

use chaosdrill_kit::Program;
use chaosdrill_rt::{
    defect, http,
    net::TcpListener,
    observe,
    sql::Pool,
    task,
    time::{self, Duration},
};
use tokio::sync::watch;

use crate::{
    BoxError,
    claims::Claims,
    delivery::{Courier, Processor, RetryLoop},
    listing::Lists,
    notification::Channel,
    schedule,
    scheduler::{LoopConfig, Scheduler},
    start,
};

/// The configuration of a server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Its name in claims; it is the same after a restart.
    pub server: String,
    /// The database of the notifications.
    pub database_url: String,
    /// The address to listen on, such as `0.0.0.0:80`.
    pub listen: String,
    /// The address of each channel's notifier. A notification for any other channel is undeliverable.
    pub notifiers: BTreeMap<Channel, String>,
    /// The loop that sends pending notifications.
    pub processor: LoopConfig,
    /// The loop that retries failed notifications when they are due.
    pub retry: LoopConfig,
    /// Maximum notifications per sweep.
    pub limit: usize,
    /// Notifications per page of a listing.
    pub page: usize,
    /// Attempts after which a notification is dead.
    pub attempts_max: i64,
    /// Maximum wait for the answer of a notifier.
    pub request_timeout: Duration,
    /// Duration of a claim; longer than an answer may take.
    pub lease: Duration,
    /// Maximum wait for running work during a shutdown.
    pub patience: Duration,
    /// How long the server stays up after that.
    pub linger: Duration,
}

impl ServerConfig {
    /// The defaults: processes every minute, retries every other minute, five attempts, one notifier for all channels.
    pub fn new(
        server: impl Into<String>,
        database_url: impl Into<String>,
        notifier: impl Into<String>,
    ) -> Self {
        let notifier = notifier.into();
        let minutes = |n: u64| Duration::from_secs(n * 60);
        Self {
            server: server.into(),
            database_url: database_url.into(),
            listen: "0.0.0.0:80".into(),
            notifiers: Channel::ALL.map(|channel| (channel, notifier.clone())).into(),
            processor: LoopConfig { every: minutes(1), timeout: minutes(1) },
            retry: LoopConfig { every: minutes(2), timeout: minutes(2) },
            limit: 1000,
            page: 250,
            attempts_max: schedule::ATTEMPTS_MAX,
            request_timeout: Duration::from_secs(10),
            lease: minutes(1),
            patience: Duration::from_secs(30),
            linger: Duration::from_secs(15),
        }
    }
}

/// Runs a server until it is shut down.
///
/// # Errors
///
/// Fails if it cannot start, or if work was still running when its patience ended.
pub fn run_server(config: ServerConfig) -> Program<'static> {
    Box::pin(server(config))
}

async fn server(config: ServerConfig) -> Result<(), BoxError> {
    let pool = start::open(&config.database_url).await?;
    let listener = TcpListener::bind("control", &config.listen).await?;
    let (shutdown, asked) = watch::channel(false);
    let control = move |request: http::Request| {
        let is_shutdown = request.path == "/shutdown";
        if is_shutdown {
            shutdown.send_replace(true);
        }
        async move { http::Response::new(if is_shutdown { 202 } else { 404 }, "") }
    };
    let served = task::spawn(http::serve(listener, control));
    let ended = run_loops(config, pool, asked).await;
    if served.is_finished() {
        served.await??;
    } else {
        served.abort();
    }
    ended
}

async fn run_loops(
    config: ServerConfig,
    pool: Pool,
    mut asked: watch::Receiver<bool>,
) -> Result<(), BoxError> {
    let courier = Arc::new(courier(&config, pool.clone())?);
    let scheduler = Scheduler::new(config.server.clone());
    start_loops(&config, &scheduler, courier);
    // An error means that the sender is gone; that is a shutdown, too.
    let _ = asked.wait_for(|is_asked| *is_asked).await;
    scheduler.stop();
    let completed = scheduler.wait_for_completion(config.patience).await;
    observe!("server.drained", server = config.server, complete = completed.is_ok());
    time::sleep(config.linger).await;
    pool.close().await;
    Ok(completed?)
}

fn start_loops(config: &ServerConfig, scheduler: &Scheduler, courier: Arc<Courier>) {
    defect!(
        "N65",
        if !config.server.ends_with('1') {
            return;
        },
        ()
    );
    let processor = Processor(courier.clone());
    defect!("N30", drop(processor), scheduler.start("processor", config.processor, processor));
    let retry = RetryLoop(courier);
    defect!("N17", drop(retry), scheduler.start("retry", config.retry, retry));
}

fn courier(config: &ServerConfig, pool: Pool) -> Result<Courier, BoxError> {
    let (server, attempts_max) = (config.server.clone(), config.attempts_max);
    Ok(Courier {
        server: server.clone(),
        lists: Lists::new(pool.clone(), server.clone(), config.limit, config.page, attempts_max)?,
        claims: Claims::new(pool, server, config.lease, attempts_max)?,
        notifiers: config.notifiers.clone(),
        request_timeout: config.request_timeout,
    })
}
