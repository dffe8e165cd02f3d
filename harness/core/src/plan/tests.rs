//! Tests that plans are read, written and rejected as documented.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use proptest::prelude::*;

use super::*;
use crate::{
    fault::{Act, At, ErrorKind, HostSelector, Restart, When},
    limits::{
        MUTATION_CHANGE_BYTES_MAX, PLAN_START_MS_MAX, PLAN_START_MS_MIN, PREEMPTION_CALL_MAX,
    },
};

const HEAD: &str = "version = 2\nscenario = \"outbox/lease-expiry\"\nseed = \"0x2a\"\n";

fn refusal(body: &str) -> String {
    Plan::from_toml(&format!("{HEAD}{body}")).expect_err("the plan is wrong").to_string()
}

#[test]
fn the_documented_form_is_read_and_written() {
    let text = r#"version = 2
scenario = "outbox/lease-expiry"
seed = "0x2a"
found = { simulator = "turmoil", db = "sqlite", defect = "O4" }
origin = "sweep-0017"
order = { priorities = { changes = 2 } }
chaos = "until-calm"
workload_max = 3
start = "2026-02-28T23:59:58Z"

[[fault]]
at = { host = "any", site = "fp:outbox.after_claim", hit = 1 }
do = { stall = "90s" }

[[fault]]
at = { time = "12s" }
do = { partition = ["d1", "broker"], for = "30s" }
required = false

[[fault]]
at = { countdown = 40 }
do = { crash = "before", restart = "1s" }
required = false

[[preemption]]
host = "d1"
life = 1
thread = 2
call = 17

[[mutation]]
site = "sql:outbox.complete"
change = "without claimed_by = $2"
"#;
    let plan = Plan::from_toml(text).expect("documented form");
    assert_eq!(plan.faults.len(), 3);
    assert!(plan.faults[0].required);
    // Byte for byte: a file in a repository does not change if it is read and written again.
    assert_eq!(plan.to_toml(), text);
}

#[test]
fn version_1_means_the_same_in_version_2() {
    let text = r#"# why it was kept
version = 1
scenario = "outbox/lease-expiry"
seed = "0x2a"
found = { simulator = "turmoil", db = "sqlite", defect = "O4" }
order = { priorities = { changes = 1 } }
chaos = "until-calm"
workload_max = 2

[[fault]]
at = { host = "any", site = "fp:outbox.after_claim", hit = 1 }
do = { stall = "90s" }
required = false

[[fault]]
at = { time = "12s" }
do = { partition = ["d1", "broker"], for = "30s" }
"#;
    let plan = Plan::from_toml(text).expect("version 1");
    let newer = text.replace("version = 1", "version = 2");
    assert_eq!(plan, Plan::from_toml(&newer).expect("version 2"));
    assert_eq!((plan.version, plan.faults.len(), plan.workload_max), (PLAN_VERSION, 2, Some(2)));
    assert_eq!(format!("# why it was kept\n{}", plan.to_toml()), newer);
}

#[test]
fn version_1_has_no_key_that_builds_of_its_time_do_not_know() {
    let head = HEAD.replace("version = 2", "version = 1");
    let cases = [
        ("origin", "origin = \"swarm\"\n"),
        ("start", "start = \"2026-02-28T23:59:58Z\"\n"),
        ("countdown", "[[fault]]\nat = { countdown = 2 }\ndo = { stall = \"1s\" }\n"),
        (
            "machine",
            "[[fault]]\nat = { time = \"1s\" }\ndo = { database = \"down\", machine = \"db\" }\n",
        ),
        ("preemption", "[[preemption]]\nhost = \"d1\"\nlife = 1\nthread = 1\ncall = 1\n"),
        ("mutation", "[[mutation]]\nsite = \"sql:x\"\nchange = \"executed twice\"\n"),
    ];
    for (key, body) in cases {
        Plan::from_toml(&format!("{HEAD}{body}")).expect("version 2 has it");
        let why = Plan::from_toml(&format!("{head}{body}")).expect_err("version 1").to_string();
        assert_eq!(why, format!("`{key}` needs `version = 2`"));
    }
}

#[test]
fn the_kept_plans_of_this_repository_are_read() {
    fn plans(folder: &Path, kept: bool, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                plans(&path, path.ends_with("regressions"), found);
            } else if kept && path.extension().is_some_and(|it| it == "toml") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    let scenarios = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios"));
    plans(scenarios, false, &mut found);
    assert!(found.len() >= 10, "{found:?}");
    for path in found {
        let text = std::fs::read_to_string(&path).expect("a file");
        let plan = Plan::from_toml(&text);
        let plan = plan.unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        assert_eq!(Plan::from_toml(&plan.to_toml()).expect("own form"), plan);
    }
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
        "[[fault]]\nat = { site = \"file:queue.db fsync\" }\ndo = { stall = \"1s\" }\n",
        "[[fault]]\nat = { countdown = 0 }\ndo = { stall = \"1s\" }\n",
        "[[fault]]\nat = { countdown = 1000001 }\ndo = { stall = \"1s\" }\n",
        "[[fault]]\nat = { countdown = 3, site = \"sql:x\" }\ndo = { stall = \"1s\" }\n",
        "[[fault]]\nat = { countdown = 3 }\ndo = { kill = \"a\" }\n",
        "[[fault]]\nat = { countdown = 3 }\ndo = { lost_ack = \"torn\" }\n",
        "found = { simulator = \"turmoil\" }\n",
        "origin = \"sweep-17\"\n",
        "start = \"2026-02-30T00:00:00Z\"\n",
        "start = \"1999-12-31T23:59:59Z\"\n",
        "start = \"2100-01-01T00:00:00.001Z\"\n",
        "start = \"2026-01-01T00:00:00.0001Z\"\n",
        "start = 0\n",
        "[[preemption]]\nhost = \"d1\"\nlive = 1\nthread = 1\ncall = 1\n",
        "[[preemption]]\nhost = \"d1\"\nlife = 1\nthread = 1\n",
        "[[preemption]]\nhost = \"\"\nlife = 1\nthread = 1\ncall = 1\n",
        "[[preemption]]\nhost = \"d1\"\nlife = 0\nthread = 1\ncall = 1\n",
        "[[preemption]]\nhost = \"d1\"\nlife = 1\nthread = 1000001\ncall = 1\n",
        "[[mutation]]\nsite = \"sql:x\"\n",
        "[[mutation]]\nsite = \"proc:ready\"\nchange = \"left out\"\n",
        "[[mutation]]\nsite = \"sql:x\"\nchange = \" \"\n",
        "[[mutation]]\nsite = \"sql:x\"\nchange = \"two\\nlines\"\n",
        "mutations = []\n",
    ];
    let told: Vec<String> =
        cases.iter().map(|body| format!("{body}=> {}\n", refusal(body))).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_newer_version_is_refused_whatever_else_it_says() {
    let why = Plan::from_toml("version = 3\nflux = true\n").expect_err("newer").to_string();
    assert!(why.contains("version 3, and this build reads versions up to 2"), "{why}");
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
        "fault 1: there is no host `dispatcher1`; did you mean dispatcher-1? (the hosts are dispatcher-1, broker)"
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
    let countdown = (1_u32..50).prop_map(At::Countdown);
    let pair = prop_oneof![
        (boundary, step.clone()),
        (countdown, step),
        (any_duration().prop_map(At::Time), timed)
    ];
    (pair, any::<bool>()).prop_map(|((at, act), required)| Fault { at, act, required })
}

prop_compose! {
    fn any_preemption()(host in "[a-z][a-z0-9 \"-]{0,8}", life in 1_u32..9, thread in 1_u32..9, call in 1..PREEMPTION_CALL_MAX) -> Preemption {
        Preemption { host, life, thread, call }
    }
}

prop_compose! {
    fn any_mutation()(site in "(sql|net|store|fp):[a-z .*'\"]{1,12}", change in "[^\\s\\p{Cc}][^\\p{Cc}]{0,12}") -> Mutation {
        Mutation { site, change }
    }
}

fn any_origin() -> impl Strategy<Value = Origin> {
    prop_oneof![
        Just(Origin::Script),
        Just(Origin::Swarm),
        (0_u64..20_000).prop_map(Origin::Sweep),
        "[^\\p{Cc}]{0,9}".prop_map(Origin::Kept),
        proptest::option::of("[^\\p{Cc}]{0,9}").prop_map(Origin::File),
    ]
}

proptest! {
    #[test]
    fn a_written_plan_is_read_back(
        seed: u64,
        faults in proptest::collection::vec(any_fault(), 0..6),
        defect in proptest::option::of("[A-Z][0-9]{1,2}"),
        origin in proptest::option::of(any_origin()),
        start in proptest::option::of(PLAN_START_MS_MIN..=PLAN_START_MS_MAX),
        preemptions in proptest::collection::btree_set(any_preemption(), 0..4),
        mutations in proptest::collection::btree_set(any_mutation(), 0..4),
    ) {
        let mut plan = Plan::new("outbox/\"odd\" name", Seed(seed));
        plan.faults = faults;
        plan.found = defect.map(|id| Found { simulator: "turmoil".into(), db: "sqlite".into(), defect: Some(id) });
        plan.origin = origin;
        plan.start = start.and_then(WallTime::of_unix_ms);
        prop_assert_eq!(plan.start.is_some(), start.is_some());
        plan.preemptions = preemptions.into_iter().collect();
        plan.mutations = mutations.into_iter().collect();
        prop_assert_eq!(&Plan::from_toml(&plan.to_toml()).expect("own form"), &plan);
        // Workers are sent plans as JSON.
        let json = serde_json::to_string(&plan).expect("plain data");
        prop_assert_eq!(serde_json::from_str::<Plan>(&json).expect("own form"), plan);
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

#[test]
fn what_is_there_twice_and_what_is_too_much_is_refused() {
    let plan = |preemptions: u64, mutations: usize| {
        let mut plan = Plan::new("outbox/calm", Seed(7));
        let preemption = |call| Preemption { host: "d1".into(), life: 1, thread: 1, call };
        plan.preemptions = (1..=preemptions).map(preemption).collect();
        let mutation = |n| Mutation { site: "sql:x".into(), change: format!("change {n}") };
        plan.mutations = (0..mutations).map(mutation).collect();
        plan
    };
    let most = plan(PLAN_PREEMPTIONS_MAX as u64, PLAN_MUTATIONS_MAX);
    assert!(most.validate().is_ok());
    let why = |plan: &Plan| plan.validate().expect_err("it is wrong").to_string();
    let over = plan(PLAN_PREEMPTIONS_MAX as u64 + 1, 0);
    assert_eq!(why(&over), "the plan has 10001 preemptions; the maximum is 10000");
    assert_eq!(
        why(&plan(0, PLAN_MUTATIONS_MAX + 1)),
        "the plan has 17 mutations; the maximum is 16"
    );
    let mut twice = plan(3, 0);
    twice.preemptions[2] = twice.preemptions[0].clone();
    assert_eq!(why(&twice), "preemption 3: it is in the plan twice");
    let mut twice = plan(0, 3);
    twice.mutations[1] = twice.mutations[0].clone();
    assert_eq!(why(&twice), "mutation 2: it is in the plan twice");
    let unknown = plan(1, 0).validate_hosts(&["d2".into()]).expect_err("no such host").to_string();
    assert_eq!(unknown, "preemption 1: there is no host `d1`; did you mean d2? (the hosts are d2)");
}

#[test]
fn a_long_change_is_refused() {
    let change = "x".repeat(MUTATION_CHANGE_BYTES_MAX + 1);
    let why = Mutation { site: "sql:x".into(), change }.validate().expect_err("too long");
    assert_eq!(why, "`change` has 4097 bytes; the maximum is 4096");
}
