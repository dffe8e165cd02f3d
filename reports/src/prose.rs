//! Plans in plain English, for people who do not read plan files.

use std::time::Duration;

use chaosdrill_core::{
    At, Fault, Plan,
    fault::{Act, ErrorKind, HostSelector, Restart, When},
    plan::{Chaos, Order, SqlErrors},
    record::nanos,
};

use crate::numbers;

/// A plan in sentences: what runs, in which conditions, and each fault in order.
///
/// The sentences contain names from the plan as they are; the caller escapes them.
pub fn plan(plan: &Plan) -> Vec<String> {
    let defect = plan.found.as_ref().and_then(|found| found.defect.as_deref());
    let with = defect.map(|id| format!(", with the planted bug {id}")).unwrap_or_default();
    let mut sentences =
        vec![format!("Scenario {} is run from seed {}{with}.", plan.scenario, plan.seed)];
    sentences.push(match plan.order {
        Order::Fifo => "The tasks of a host run in the order in which they were woken.".to_owned(),
        Order::Random => "Each time, a random one of a host's ready tasks runs next.".to_owned(),
        Order::Priorities { changes } => format!(
            "Of a host's ready tasks, the one with the highest random priority runs next; {}.",
            match changes {
                0 => "the priorities do not change".to_owned(),
                _ => format!(
                    "the running task falls to the lowest priority {}",
                    numbers::counted(u64::from(changes), "time")
                ),
            }
        ),
    });
    if plan.sql_errors == SqlErrors::AbortTheTransaction {
        let sentence = "Every error of the database aborts the transaction in which it occurs, as in PostgreSQL.";
        sentences.push(sentence.to_owned());
    }
    if let Some(steps) = plan.workload_max {
        let steps = numbers::counted(u64::from(steps), "step");
        sentences.push(format!("Each client ends after at most {steps} of its workload."));
    }
    if let Some(start) = &plan.start {
        sentences.push(format!("The wall clock starts at {start}."));
    }
    let number = plan.faults.len() as u64;
    sentences.push(match number {
        0 => "There are no faults.".to_owned(),
        1 => "There is one fault:".to_owned(),
        _ => format!("There are {}:", numbers::counted(number, "fault")),
    });
    sentences.extend(plan.faults.iter().map(fault));
    sentences.extend(plan.preemptions.iter().map(|preemption| {
        format!(
            "Thread {} of {} is preempted before its call {}, in life {} of the host.",
            preemption.thread, preemption.host, preemption.call, preemption.life
        )
    }));
    sentences.extend(plan.mutations.iter().map(|mutation| {
        format!("At {}, the pipeline itself is changed: {}.", mutation.site, mutation.change)
    }));
    if number > 0 {
        sentences.push(match plan.chaos {
            Chaos::UntilStruck => {
                "Faults end when each has struck and ended, and the clients are done.".to_owned()
            }
            Chaos::UntilCalm => {
                "Faults end when the clients are done and all liveness checks hold.".to_owned()
            }
        });
    }
    sentences
}

/// A fault in a sentence: when it strikes, and what happens then.
///
/// ```
/// use chaosdrill_core::Plan;
/// use chaosdrill_reports::prose;
///
/// let plan = Plan::from_toml(
///     r#"
///     version = 2
///     scenario = "outbox/lease-expiry"
///     seed = "0x2a"
///     [[fault]]
///     at = { host = "any", site = "fp:outbox.after_claim", hit = 1 }
///     do = { stall = "90s" }
///     "#,
/// )?;
/// assert_eq!(
///     prose::fault(&plan.faults[0]),
///     "The first time that a host reaches fp:outbox.after_claim, the whole host stalls for 90 s before the step."
/// );
/// # Ok::<(), chaosdrill_core::PlanError>(())
/// ```
pub fn fault(fault: &Fault) -> String {
    let (when, host) = when(&fault.at);
    let lasting = |lasts: &Option<Duration>| match lasts {
        Some(lasts) => format!("for {}", span(*lasts)),
        None => "until the faults end".to_owned(),
    };
    let what = match &fault.act {
        Act::Crash { when: side, restart } => {
            let side = match side {
                When::Before => "before the step takes effect",
                When::After => "after the step took effect, before its answer arrives",
            };
            format!("{host} crashes {side}{}", back(restart))
        }
        Act::Error(kind) => format!("the step does not happen and {}", error(*kind)),
        Act::LostAck(kind) => format!("the step happens, but its answer is lost: {}", error(*kind)),
        Act::Stall(lasts) => {
            let lasts = span(*lasts);
            let whole = if host == "the host" { "the whole host" } else { &host };
            format!("{whole} stalls for {lasts} before the step")
        }
        Act::Delay(lasts) => {
            let lasts = span(*lasts);
            format!("the step is {lasts} late, while the rest of the host continues")
        }
        Act::Partition { between: [a, b], lasts } => {
            let lasts = lasting(lasts);
            format!("no bytes pass between {a} and {b} {lasts}, and their streams are reset")
        }
        Act::Clog { between: [a, b], lasts } => {
            let lasts = lasting(lasts);
            format!("bytes between {a} and {b} are held back {lasts} and arrive late")
        }
        Act::Kill { host, restart } => format!("{host} crashes{}", back(restart)),
        Act::Skew { host, by_ns, lasts } => {
            let by = numbers::span(by_ns.unsigned_abs());
            let side = if *by_ns < 0 { "behind" } else { "ahead" };
            format!("the wall clock of {host} is {by} {side} {}", lasting(lasts))
        }
        Act::DatabaseDown { machine, lasts } => {
            let of = machine.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
            let lasts = lasting(lasts);
            format!("the databases{of} refuse every statement and reset every connection {lasts}")
        }
    };
    format!("{when}, {what}.")
}

/// The condition of a fault as the beginning of a sentence, and the host that it strikes.
fn when(at: &At) -> (String, String) {
    match at {
        At::Boundary { host, site, hit } => {
            let nth = ordinal(*hit);
            match host {
                HostSelector::Any => {
                    (format!("The {nth} time that a host reaches {site}"), "the host".to_owned())
                }
                HostSelector::Named(name) => {
                    (format!("The {nth} time that {name} reaches {site}"), name.clone())
                }
            }
        }
        At::Time(time) => (format!("After {}", span(*time)), String::new()),
        At::Countdown(passes) => (
            format!("At the {} boundary that any host reaches", ordinal(*passes)),
            "the host".to_owned(),
        ),
    }
}

fn back(restart: &Restart) -> String {
    match restart {
        Restart::After(after) => format!(", and restarts after {}", span(*after)),
        Restart::AtHeal => ", and restarts when the faults end".to_owned(),
        Restart::Never => ", and never restarts".to_owned(),
    }
}

fn error(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Reset => "its caller gets a reset connection",
        ErrorKind::Refused => "its caller gets a refused connection",
        ErrorKind::Busy => "its caller gets the error that the database is locked",
        ErrorKind::Serialization => "its caller gets a serialization failure (40001)",
        ErrorKind::Deadlock => "its caller gets a deadlock (40P01)",
        ErrorKind::Constraint => "its caller gets a constraint violation",
        ErrorKind::Unique => "its caller gets a violation of a unique key",
        ErrorKind::Full => "its caller gets the error that the disk or the quota is full",
        ErrorKind::Precondition => {
            "its caller gets the error that the condition of the put does not hold"
        }
        ErrorKind::Torn => "only the first half of the object is stored before it fails",
        ErrorKind::Injected => "its caller gets the error of the failpoint",
    }
}

fn span(span: Duration) -> String {
    numbers::span(nanos(span))
}

/// `first` to `third`, then `4th`, `21st`.
fn ordinal(number: u32) -> String {
    match number {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        _ => {
            let ending = match (number % 10, number % 100) {
                (_, 11..=13) => "th",
                (1, _) => "st",
                (2, _) => "nd",
                (3, _) => "rd",
                _ => "th",
            };
            format!("{number}{ending}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_end_as_they_are_spoken() {
        let cases = [(1, "first"), (4, "4th"), (11, "11th"), (21, "21st"), (112, "112th")];
        for (number, text) in cases {
            assert_eq!(ordinal(number), text);
        }
    }

    #[test]
    fn a_plan_reads_as_english() {
        let text = r#"
            version = 2
            scenario = "a/b"
            seed = "0x2a"
            found = { simulator = "turmoil", db = "sqlite", defect = "O4" }
            order = { priorities = { changes = 2 } }
            chaos = "until-calm"
            workload_max = 3
            start = "2026-02-28T23:59:58Z"

            [[fault]]
            at = { host = "d1", site = "sql:outbox.claim", hit = 2 }
            do = { crash = "after", restart = "1s" }

            [[fault]]
            at = { host = "any", site = "net:bus.publish", hit = 4 }
            do = { lost_ack = "reset" }

            [[fault]]
            at = { countdown = 40 }
            do = { stall = "90s" }

            [[fault]]
            at = { time = "3s" }
            do = { partition = ["d1", "bus"] }

            [[fault]]
            at = { time = "4s" }
            do = { skew = "d1", by = "-2s", for = "1m" }

            [[mutation]]
            site = "sql:outbox.complete"
            change = "without claimed_by = $2"
        "#;
        let plan = Plan::from_toml(text).expect("a plan");
        insta::assert_snapshot!(self::plan(&plan).join("\n"));
    }
}
