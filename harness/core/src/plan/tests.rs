//! Plans are read, written and refused as documented.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::fault::{Act, At, ErrorKind, HostSelector, Restart, When};

const HEAD: &str = "version = 1\nscenario = \"outbox/lease-expiry\"\nseed = \"0x2a\"\n";

fn refusal(body: &str) -> String {
    Plan::from_toml(&format!("{HEAD}{body}")).expect_err("the plan is wrong").to_string()
}

#[test]
fn the_documented_form_is_read_and_written() {
    let text = r#"version = 1
scenario = "outbox/lease-expiry"
seed = "0x2a"
found = { simulator = "turmoil", db = "sqlite", defect = "O4" }

[[fault]]
at = { host = "any", site = "fp:outbox.after_claim", hit = 1 }
do = { stall = "90s" }

[[fault]]
at = { time = "12s" }
do = { partition = ["d1", "broker"], for = "30s" }
required = false
"#;
    let plan = Plan::from_toml(text).expect("documented form");
    assert_eq!(plan.faults.len(), 2);
    assert!(plan.faults[0].required);
    assert_eq!(Plan::from_toml(&plan.to_toml()).expect("own form"), plan);
    insta::assert_snapshot!(plan.to_toml());
}

#[test]
fn every_act_has_a_form() {
    let acts = [
        r#"{ crash = "before" }"#,
        r#"{ crash = "after", restart = "60s" }"#,
        r#"{ crash = "after", restart = "never" }"#,
        r#"{ error = "busy" }"#,
        r#"{ lost_ack = "reset" }"#,
        r#"{ stall = "90s" }"#,
        r#"{ delay = "2s" }"#,
    ];
    let timed = [
        r#"{ partition = ["d1", "d2"], for = "30s" }"#,
        r#"{ clog = ["d1", "d2"] }"#,
        r#"{ kill = "d1", restart = "heal" }"#,
        r#"{ skew = "d1", by = "-10m", for = "1h" }"#,
        r#"{ database = "down", for = "5s" }"#,
        r#"{ database = "down", machine = "ledger" }"#,
    ];
    let stored = [
        ("put", r#"{ error = "torn" }"#),
        ("put", r#"{ error = "full" }"#),
        ("put-if", r#"{ error = "precondition" }"#),
        ("put-if", r#"{ lost_ack = "precondition" }"#),
        ("list", r#"{ lost_ack = "reset" }"#),
    ];
    let boundary =
        acts.map(|act| format!("[[fault]]\nat = {{ site = \"sql:outbox.claim\" }}\ndo = {act}\n"));
    let stored = stored.map(|(verb, act)| {
        format!("[[fault]]\nat = {{ site = \"store:{verb} orders/*.json\" }}\ndo = {act}\n")
    });
    let time = timed.map(|act| format!("[[fault]]\nat = {{ time = \"1s\" }}\ndo = {act}\n"));
    let plan = Plan::from_toml(&format!(
        "{HEAD}{}{}{}",
        boundary.concat(),
        stored.concat(),
        time.concat()
    ))
    .expect("all forms");
    let words: Vec<String> = plan.faults.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(words.join("\n"));
}

#[test]
fn a_wrong_plan_says_where_and_what_was_expected() {
    let cases = [
        "[[fault]]\nat = { site = \"sql:x\", hits = 1 }\ndo = { stall = \"1s\" }\n",
        "[[fault]]\nat = { site = \"sql:x\" }\ndo = { stal = \"1s\" }\n",
        "[[fault]]\nat = { site = \"sql:x\" }\ndo = { stall = \"soon\" }\n",
        "[[fault]]\nat = { site = \"sql:x\" }\ndo = { stall = \"1s\", delay = \"1s\" }\n",
        "[[fault]]\nat = { site = \"sql:x\" }\ndo = { stall = \"1s\", for = \"2s\" }\n",
        "[[fault]]\nat = { site = \"sql:x\" }\ndo = { crash = \"during\" }\n",
        "[[fault]]\nat = { site = \"sql:x\" }\ndo = { }\n",
        "[[fault]]\nat = { site = \"outbox.claim\" }\ndo = { stall = \"1s\" }\n",
        "[[fault]]\nat = { site = \"sql:x\", hit = 0 }\ndo = { stall = \"1s\" }\n",
        "[[fault]]\nat = { time = \"1s\" }\ndo = { stall = \"1s\" }\n",
        "[[fault]]\nat = { site = \"net:bus\" }\ndo = { error = \"busy\" }\n",
        "[[fault]]\nat = { site = \"store:put-if a\" }\ndo = { error = \"torn\" }\n",
        "[[fault]]\nat = { site = \"store:put a\" }\ndo = { error = \"precondition\" }\n",
        "[[fault]]\nat = { site = \"store:get a\" }\ndo = { error = \"full\" }\n",
        "[[fault]]\nat = { site = \"store:put a\" }\ndo = { lost_ack = \"torn\" }\n",
        "[[fault]]\nat = { time = \"1s\" }\ndo = { clog = [\"a\", \"a\"] }\n",
        "[[fault]]\nat = { time = \"1s\" }\ndo = { skew = \"a\", by = \"10m\" }\n",
        "found = { simulator = \"turmoil\" }\n",
    ];
    let told: Vec<String> =
        cases.iter().map(|body| format!("{body}=> {}\n", refusal(body))).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_newer_version_is_refused_whatever_else_it_says() {
    let why = Plan::from_toml("version = 2\nflux = true\n").expect_err("newer").to_string();
    assert!(why.contains("version 2 is newer than 1"), "{why}");
}

#[test]
fn an_unknown_host_is_named_with_the_nearest() {
    let plan = Plan::from_toml(&format!(
        "{HEAD}[[fault]]\nat = {{ host = \"dispatcher1\", site = \"sql:x\" }}\ndo = {{ stall = \"1s\" }}\n"
    ));
    let hosts = ["dispatcher-1".to_owned(), "broker".to_owned()];
    let why = plan
        .expect("valid by itself")
        .validate_hosts(&hosts)
        .expect_err("unknown host")
        .to_string();
    assert_eq!(
        why,
        "fault 1: no host `dispatcher1`; did you mean dispatcher-1? (the hosts are dispatcher-1, broker)"
    );
}

prop_compose! {
    fn any_duration()(ms in 0_u64..200_000_000) -> Duration { Duration::from_millis(ms) }
}

fn any_restart() -> impl Strategy<Value = Restart> {
    prop_oneof![
        any_duration().prop_map(Restart::After),
        Just(Restart::AtHeal),
        Just(Restart::Never)
    ]
}

fn any_fault() -> impl Strategy<Value = Fault> {
    let host = prop_oneof![
        Just(HostSelector::Any),
        "[a-z][a-z0-9-]{0,8}"
            .prop_filter("`any` is a word of its own", |n| n != "any")
            .prop_map(HostSelector::Named)
    ];
    let boundary = (host, "sql:[a-z._]{1,12}", 1_u32..50)
        .prop_map(|(host, site, hit)| At::Boundary { host, site, hit });
    let step = prop_oneof![
        (prop_oneof![Just(When::Before), Just(When::After)], any_restart())
            .prop_map(|(when, restart)| Act::Crash { when, restart }),
        Just(Act::Error(ErrorKind::Serialization)),
        Just(Act::LostAck(ErrorKind::Reset)),
        any_duration().prop_map(Act::Stall),
        any_duration().prop_map(Act::Delay),
    ];
    let between = Just(["a".to_owned(), "b \" quoted".to_owned()]);
    let timed = prop_oneof![
        (between.clone(), proptest::option::of(any_duration()))
            .prop_map(|(between, lasts)| Act::Partition { between, lasts }),
        (between, proptest::option::of(any_duration()))
            .prop_map(|(between, lasts)| Act::Clog { between, lasts }),
        any_restart().prop_map(|restart| Act::Kill { host: "a".to_owned(), restart }),
        (any::<i32>(), proptest::option::of(any_duration())).prop_map(|(by, lasts)| {
            Act::Skew { host: "a".to_owned(), by_ns: i64::from(by), lasts }
        }),
        proptest::option::of(any_duration())
            .prop_map(|lasts| Act::DatabaseDown { machine: lasts.map(|_| "db".to_owned()), lasts }),
    ];
    let pair = prop_oneof![(boundary, step), (any_duration().prop_map(At::Time), timed)];
    (pair, any::<bool>()).prop_map(|((at, act), required)| Fault { at, act, required })
}

proptest! {
    #[test]
    fn a_written_plan_is_read_back(seed: u64, faults in proptest::collection::vec(any_fault(), 0..6), defect in proptest::option::of("[A-Z][0-9]{1,2}")) {
        let mut plan = Plan::new("outbox/\"odd\" name", Seed(seed));
        plan.faults = faults;
        plan.found = defect.map(|id| Found { simulator: "turmoil".into(), db: "sqlite".into(), defect: Some(id) });
        prop_assert_eq!(Plan::from_toml(&plan.to_toml()).expect("own form"), plan);
    }

    #[test]
    fn no_text_panics(text in ".{0,300}") {
        let _ = Plan::from_toml(&text);
    }
}

#[test]
fn order_chaos_and_workload_survive_toml() {
    let mut plan = Plan::new("outbox/calm", Seed(7));
    let text = plan.to_toml();
    assert!(!text.contains("order") && !text.contains("chaos"), "{text}");
    for order in [Order::Fifo, Order::Random, Order::Priorities { changes: 3 }] {
        plan.order = order;
        plan.chaos = Chaos::UntilCalm;
        plan.workload_max = Some(2);
        let text = plan.to_toml();
        assert_eq!(Plan::from_toml(&text).expect("a plan"), plan, "{text}");
    }
    assert!(plan.to_toml().contains("order = { priorities = { changes = 3 } }"));
    assert!(plan.to_toml().contains("chaos = \"until-calm\""));
}
