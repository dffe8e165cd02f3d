//! Each planted bug is found from the outside, by the property its entry names; without it the same run is sound.

use chaosdrill_target_outbox::{Action, Command, DEFECTS, RawEvent, Refusal};

use crate::{
    lab::{Lab, broker, client, command, deposits, ingress, told},
    truth::violations,
};

const CRASH: &str = "crash = \"before\", restart = \"5s\"";

fn run(commands: Vec<Command>) -> Lab {
    Lab::pipeline(3, &["d1", "d2"]).with(client("client", "ingress:80", commands))
}

/// Two clients that want the same accounts at the same time.
fn rivals(lab: Lab, ingresses: [&'static str; 2]) -> Lab {
    let wishes = |name: &str| -> Vec<Command> {
        (0..8)
            .map(|n| command(format!("{name}-{n}"), "a0", Action::Deposit { amount: 1 }))
            .collect()
    };
    lab.with(client("left", ingresses[0], wishes("left"))).with(client(
        "right",
        ingresses[1],
        wishes("right"),
    ))
}

fn import(events: &[(&str, &str)]) -> Command {
    let raw = |(event_type, payload): &(&str, &str)| RawEvent {
        event_type: (*event_type).into(),
        codec: "json".into(),
        payload: (*payload).into(),
    };
    let events = events.iter().map(raw).collect();
    command("import", "old", Action::Import { events })
}

/// The run in which a defect shows.
fn run_for(id: &str) -> Lab {
    let some = || deposits(6, 2);
    let one = |action| run([deposits(1, 1), vec![command("last", "a0", action)]].concat());
    match id {
        "O1" => {
            let lab = run(deposits(1, 1)).with(ingress("ingress2", |_| {}));
            rivals(lab, ["ingress:80", "ingress2:80"])
        }
        "O2" => run(some())
            .fault("site = \"fp:outbox.after_claim\"", "crash = \"before\", restart = \"never\""),
        "O3" => run(some()).fault("site = \"fp:outbox.after_publish\"", "stall = \"10s\""),
        "O4" => run(some()).fault("site = \"fp:outbox.after_publish\"", "stall = \"90s\""),
        "O5" => run(some()).fault("site = \"fp:outbox.after_claim\"", CRASH),
        "O6" => run(some()).with(broker(|config| {
            config.refusals = vec![Refusal { payload_contains: String::new(), first: 2 }];
        })),
        "O7" => run(some()).fault("site = \"fp:outbox.after_publish\"", CRASH),
        "O7b" => run(some()).fault("site = \"sql:outbox.complete\"", "error = \"reset\""),
        "O8" => one(Action::Deposit { amount: 2_000_000 }),
        "O10" => {
            let history = [("account.opened", "{\"owner\":\"ada\"}"), ("account.frozen", "{}")];
            run(vec![import(&history), command("last", "old", Action::Deposit { amount: 1 })])
        }
        "O11" => rivals(run(deposits(1, 1)), ["ingress:80", "ingress:80"]),
        "O12" | "O12b" => run(deposits(9, 1)),
        "O14" => one(Action::Annotate { note: "x".repeat(65) }),
        "O15" => run(some()).fault("site = \"sql:totals.apply\"", "error = \"40001\""),
        "O16" => one(Action::Withdraw { amount: 1 }),
        "O17" => {
            let first = u32::MAX;
            let mut lab = one(Action::Annotate { note: "never".into() }).with(broker(|config| {
                config.refusals = vec![Refusal { payload_contains: "never".into(), first }];
            }));
            lab.linger *= 3;
            lab
        }
        "O17b" => {
            let open = command("open", "a0", Action::Open { owner: "never".into() });
            (1..=9).fold(run(vec![open]), |lab, hit| {
                lab.fault(&format!("site = \"fp:outbox.after_claim\", hit = {hit}"), CRASH)
            })
        }
        "O19" => run(vec![import(&[("account.opened", "\u{1}torn")])]),
        "O22" => run(some()).fault("site = \"sql:commit.commit\", hit = 4", "lost_ack = \"reset\""),
        _ => run(some()),
    }
}

#[test]
fn each_is_found_by_the_property_it_names() {
    for defect in DEFECTS {
        let sound = run_for(defect.id).run();
        let found = violations(&sound);
        assert!(found.is_empty(), "{} off: {found:?}\n{}", defect.id, told(&sound));
        let broken = run_for(defect.id).defect(defect.id).run();
        let found = violations(&broken);
        assert!(
            found.contains_key(defect.invariant),
            "{} on: {found:?}\n{}",
            defect.id,
            told(&broken)
        );
    }
}
