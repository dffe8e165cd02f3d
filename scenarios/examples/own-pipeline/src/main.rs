//! The production program: creates the queue, adds a mail, or runs a worker.

use std::{error::Error, process::ExitCode};

use chaosdrill_rt::select;
use own_pipeline::{Queue, Settings, work};

const USAGE: &str = "\
usage: own-pipeline install FILE                 makes the queue in FILE, or brings it up to date
       own-pipeline add FILE RECIPIENT BODY      adds a mail to it
       own-pipeline work FILE MAILER             sends its mails; MAILER is a host and a port";

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["install", file] => install(file).await,
        ["add", file, recipient, body] => add(file, recipient, body).await,
        ["work", file, mailer] => run(file, mailer).await,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn install(file: &str) -> Result<(), Box<dyn Error>> {
    Ok(open(file).await?.install().await?)
}

async fn add(file: &str, recipient: &str, body: &str) -> Result<(), Box<dyn Error>> {
    let ids = open(file).await?.add(&[(recipient.to_owned(), body.to_owned())]).await?;
    println!("job {}", ids[0]);
    Ok(())
}

/// Works until it is interrupted. Another worker takes over the claimed job when its lease is over.
async fn run(file: &str, mailer: &str) -> Result<(), Box<dyn Error>> {
    let queue = open(file).await?;
    let name = format!("worker-{}", std::process::id());
    select! {
        () = work(queue, Settings::new(name, mailer)) => Ok(()),
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}

async fn open(file: &str) -> Result<Queue, own_pipeline::Error> {
    Queue::open(&format!("sqlite:{file}?mode=rwc")).await
}
