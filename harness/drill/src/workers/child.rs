//! One worker process, and the result of a run whose worker dies.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{self, ChildStdin, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use chaosdrill_core::{
    Outcome,
    limits::{RUNS_PER_WORKER_MAX, SIMULATION_STACK_BYTES, WORKER_STDERR_BYTES_MAX},
    record::Measured,
    redact::redact,
};
use rustix::process::Signal;

use crate::{
    job::{Job, Reply},
    judge,
    measure::Stopwatch,
    registry::Registry,
    worker::WORKER_VARIABLE,
    workers::{JobEnd, Workers, patience::Patience},
};

/// A worker process that is started on first use, and again after it died.
pub(crate) struct Child {
    number: usize,
    workers: Workers,
    running: Option<Running>,
}

struct Running {
    process: process::Child,
    jobs: ChildStdin,
    replies: mpsc::Receiver<io::Result<String>>,
    last_words: Arc<Mutex<VecDeque<u8>>>,
    listener: Option<JoinHandle<()>>,
    runs: u64,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How a process ended.
enum Death {
    /// By itself.
    Of(ExitStatus),
    /// Killed by us, after its wall-clock allowance.
    Overdue,
}

impl Child {
    pub(crate) fn new(number: usize, workers: Workers) -> Self {
        Self { number, workers, running: None }
    }

    /// Starts this program as a worker, or the named one.
    fn start(&self) -> io::Result<Running> {
        match self.workers.program {
            Some(program) => start(self.number, program),
            None => start(self.number, &this_program()?),
        }
    }

    /// Runs one job to its end.
    ///
    /// # Errors
    ///
    /// If no process can be started; then the job did not start.
    pub(crate) fn run(&mut self, registry: &Registry, job: &Job) -> io::Result<JobEnd> {
        let stopwatch = Stopwatch::start();
        let mut running = self.running.take().map_or_else(|| self.start(), Ok)?;
        let death = match running.ask(job, self.workers.allowance) {
            Ok(reply) => {
                running.runs += 1;
                if running.runs < RUNS_PER_WORKER_MAX {
                    self.running = Some(running);
                }
                return Ok(match serde_json::from_str(&reply) {
                    Ok(Reply::Done { record, hit_classes, complaints, profile }) => {
                        let was_killed = false;
                        JobEnd::Recorded { record, hit_classes, complaints, profile, was_killed }
                    }
                    Ok(Reply::Broken { why }) => JobEnd::Broken { why },
                    Err(why) => {
                        JobEnd::Broken { why: format!("failed to read a worker's reply: {why}") }
                    }
                });
            }
            Err(death) => death,
        };
        let wall_us = u64::try_from(stopwatch.elapsed().as_micros()).unwrap_or(u64::MAX);
        let stderr = running.last_words();
        let outcome = autopsy(&death, &stderr, self.workers.allowance);
        let Some(scenario) = registry.scenario(&job.run.scenario) else {
            return Ok(JobEnd::Broken { why: format!("no scenario {}", job.run.scenario) });
        };
        let measured = Measured { wall_us, stderr };
        let record = judge::of_dead_worker(scenario, job, outcome, measured);
        Ok(JobEnd::Recorded {
            record: Box::new(record),
            hit_classes: Vec::new(),
            complaints: Vec::new(),
            profile: None,
            was_killed: death.is_from_outside(),
        })
    }
}

/// This program, even if another one is at its path by now.
fn this_program() -> io::Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    if running.exists() { Ok(running.to_owned()) } else { std::env::current_exe() }
}

/// Starts a program as a worker.
fn start(number: usize, program: &Path) -> io::Result<Running> {
    let mut process = Command::new(program)
        .env(WORKER_VARIABLE, number.to_string())
        // For threads that madsim starts; our own threads set their stack size.
        .env("RUST_MIN_STACK", SIMULATION_STACK_BYTES.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let jobs = process.stdin.take().expect("standard input is a pipe");
    let stdout = process.stdout.take().expect("standard output is a pipe");
    let stderr = process.stderr.take().expect("standard error is a pipe");
    let (lines, replies) = mpsc::channel();
    let name = |what: &str| std::thread::Builder::new().name(format!("{what} of worker {number}"));
    name("replies").spawn(move || {
        for line in BufReader::new(stdout).lines() {
            if lines.send(line).is_err() {
                break;
            }
        }
    })?;
    let last_words: Arc<Mutex<VecDeque<u8>>> = Arc::default();
    let heard = last_words.clone();
    let listener = name("standard error").spawn(move || listen(stderr, &heard))?;
    Ok(Running { process, jobs, replies, last_words, listener: Some(listener), runs: 0 })
}

/// Keeps the end of a worker's standard error.
fn listen(mut stderr: impl Read, heard: &Mutex<VecDeque<u8>>) {
    let mut chunk = [0; 1024];
    while let Ok(length) = stderr.read(&mut chunk) {
        if length == 0 {
            break;
        }
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.extend(&chunk[..length]);
        let over = heard.len().saturating_sub(WORKER_STDERR_BYTES_MAX);
        heard.drain(..over);
    }
}

impl Running {
    fn ask(&mut self, job: &Job, allowance: Duration) -> Result<String, Death> {
        let mut line = serde_json::to_vec(job).expect("a job is plain data");
        line.push(b'\n');
        if self.jobs.write_all(&line).is_err() {
            return Err(self.bury());
        }
        let mut patience = Patience::new(self.process.id(), allowance);
        loop {
            match self.replies.recv_timeout(patience.slice()) {
                Ok(Ok(reply)) => return Ok(reply),
                Ok(Err(_)) | Err(mpsc::RecvTimeoutError::Disconnected) => return Err(self.bury()),
                Err(mpsc::RecvTimeoutError::Timeout) if patience.is_over() => {
                    let _ = self.process.kill();
                    let _ = self.process.wait();
                    return Err(Death::Overdue);
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn bury(&mut self) -> Death {
        match self.process.wait() {
            Ok(status) => Death::Of(status),
            Err(_) => Death::Overdue,
        }
    }

    fn last_words(&mut self) -> String {
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
        let heard = self.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        let heard: Vec<u8> = heard.iter().copied().collect();
        redact(&String::from_utf8_lossy(&heard)).into_owned()
    }
}

impl Death {
    /// Whether the process was killed by another process than its parent.
    fn is_from_outside(&self) -> bool {
        matches!(self, Self::Of(status) if status.signal() == Some(Signal::KILL.as_raw()))
    }
}

/// The outcome of a run whose worker died: an unordered crash is a violation, an exceeded allowance is not.
fn autopsy(death: &Death, stderr: &str, allowance: Duration) -> Outcome {
    let status = match death {
        Death::Overdue => {
            let allowance = chaosdrill_core::duration::format(allowance);
            return Outcome::unknown(format!(
                "the run did not end within {allowance} of wall-clock time and was killed: some code in it spins or blocks \
                 the thread; --run-timeout sets a longer limit"
            ));
        }
        Death::Of(status) => status,
    };
    if stderr.contains("memory allocation of") {
        return Outcome::unknown("the run reached a bound: the memory of one worker process");
    }
    match (status.signal(), status.code()) {
        _ if death.is_from_outside() => Outcome::unknown(
            "the worker process was killed from outside (by a person, or because the system was out of memory); \
             --resume repeats the run",
        ),
        (Some(signal), _) => {
            let overflow =
                if stderr.contains("overflowed its stack") { ": a stack overflow" } else { "" };
            Outcome::invalid(
                format!(
                    "the process died of signal {signal}{overflow}, and no fault of the plan caused it"
                ),
                [],
            )
        }
        (None, code) => {
            let code = code.map_or("an unknown code".to_owned(), |code| format!("code {code}"));
            Outcome::invalid(format!("the target exited the whole process with {code}"), [])
        }
    }
}
