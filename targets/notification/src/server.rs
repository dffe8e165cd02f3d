//! A server: the processor and the retry loop, until it is told to shut down.
//!
//! `POST /shutdown` is answered at once. No sweep begins any more, and those under way come to the end of what they
//! are sending; then the server lingers for a while, for those who still ask, and ends.

use std::{collections::BTreeMap, sync::Arc};

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

/// How a server works.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Its name in claims; a start again keeps it.
    pub server: String,
    /// The database of the notifications.
    pub database_url: String,
    /// Where it listens, such as `0.0.0.0:80`.
    pub listen: String,
    /// The address of the notifier of each channel. What goes out through another channel is undeliverable.
    pub notifiers: BTreeMap<Channel, String>,
    /// The loop that sends what waits.
    pub processor: LoopConfig,
    /// The loop that sends what failed and is due again.
    pub retry: LoopConfig,
    /// How many notifications one sweep takes on, at most.
    pub limit: usize,
    /// How many of them are listed at once.
    pub page: usize,
    /// How often a notification is tried before it is dead.
    pub attempts_max: i64,
    /// How long it waits for a notifier's answer.
    pub request_timeout: Duration,
    /// How long a claim is good for; longer than an answer may take.
    pub lease: Duration,
    /// How long it waits, in its shutdown, for what is under way.
    pub patience: Duration,
    /// How long it stays after that.
    pub linger: Duration,
}

impl ServerConfig {
    /// The defaults: it processes each minute and retries every other, five attempts, one notifier for all channels.
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

/// Runs a server, until it is told to shut down.
///
/// # Errors
///
/// Where it cannot start, or something was still under way at the end of its patience.
pub async fn run_server(config: ServerConfig) -> Result<(), BoxError> {
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
    scheduler.start("processor", config.processor, Processor(courier.clone()));
    let retry = RetryLoop(courier);
    defect!("N17", drop(retry), scheduler.start("retry", config.retry, retry));
    // An error says that nobody listens any more: that is a shutdown too.
    let _ = asked.wait_for(|is_asked| *is_asked).await;
    scheduler.stop();
    let completed = scheduler.wait_for_completion(config.patience).await;
    observe!("server.drained", server = config.server, complete = completed.is_ok());
    time::sleep(config.linger).await;
    pool.close().await;
    Ok(completed?)
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
