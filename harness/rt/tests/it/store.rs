//! Calls to object storage as boundaries.

use std::{sync::Arc, time::Duration};

use chaosdrill_core::{History, trace::EventKind};
use chaosdrill_rt::{
    observe,
    sim::{Finished, Host, StoreWatch},
    store, task, time,
};
use futures_util::TryStreamExt;
use object_store::{
    Error, ObjectStore, ObjectStoreExt, PutMode, PutResult, UpdateVersion, path::Path,
};
use serde_json::{Value, json};

use crate::lab::{lab, observed, told};

const NOTE: &str = r#"{"text":"a note of some length"}"#;

/// Makes every kind of call, one after the other, repeatedly.
async fn keeper() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let notes = store::open("memory:notes")?;
    for round in 0..3 {
        let said = all_calls(&*notes, round).await;
        observe!("round", number = round, said = said.map_err(|why| why.to_string()).err());
    }
    Ok(())
}

async fn all_calls(notes: &dyn ObjectStore, round: usize) -> Result<(), Error> {
    let path = Path::from(format!("notes/{round}.json"));
    notes.put(&path, NOTE.into()).await?;
    let counter = Path::from("counter");
    let count = count(notes, &counter).await?;
    observe!("counted", count = count);
    let head = notes.head(&path).await?;
    let listed: Vec<_> = notes.list(Some(&Path::from("notes"))).try_collect().await?;
    observe!("looked", size = head.size, listed = listed.len());
    notes.copy(&path, &Path::from(format!("copies/{round}.json"))).await?;
    notes.delete(&path).await
}

/// Increments the counter, with a put over the version that was read.
async fn count(notes: &dyn ObjectStore, counter: &Path) -> Result<u64, Error> {
    let (before, mode) = match notes.get(counter).await {
        Ok(found) => {
            let version = found.meta.e_tag.clone();
            let text = found.bytes().await?;
            let before = String::from_utf8_lossy(&text).parse::<u64>().unwrap_or_default();
            (before, PutMode::Update(UpdateVersion { e_tag: version, version: None }))
        }
        Err(Error::NotFound { .. }) => (0, PutMode::Create),
        Err(why) => return Err(why),
    };
    put_number(notes, counter, before + 1, mode).await?;
    Ok(before + 1)
}

async fn put_number(
    notes: &dyn ObjectStore,
    path: &Path,
    number: u64,
    mode: PutMode,
) -> Result<PutResult, Error> {
    notes.put_opts(path, number.to_string().into(), mode.into()).await
}

fn watched(mut hosts: Vec<Host>, seed: u64, faults: &str) -> Finished {
    hosts = hosts.into_iter().map(Host::client).collect();
    let mut lab = lab(seed, faults, hosts);
    lab.config.store_watches =
        vec![StoreWatch { name: "all".into(), store: "notes".into(), prefix: String::new() }];
    lab.run()
}

fn run(faults: &str) -> Finished {
    watched(vec![Host::new("a", keeper)], 7, faults)
}

fn at(site: &str, hit: u32, act: &str) -> String {
    format!("[[fault]]\nat = {{ site = \"store:{site}\", hit = {hit} }}\ndo = {act}\n")
}

/// The objects at the end of the run, as `path=content`.
fn left(finished: &Finished) -> String {
    let show = |object: &chaosdrill_rt::sim::StoredObject| {
        format!("{}={}", object.path, String::from_utf8_lossy(&object.bytes))
    };
    finished.objects.iter().map(show).collect::<Vec<_>>().join(" ").replace(NOTE, "note")
}

#[test]
fn every_way_in_which_one_call_can_hurt() {
    let cases = [
        ("put notes/*.json", "{ error = \"reset\" }"),
        ("put notes/*.json", "{ error = \"full\" }"),
        ("put notes/*.json", "{ error = \"torn\" }"),
        ("put notes/*.json", "{ lost_ack = \"reset\" }"),
        ("put-if counter", "{ error = \"reset\" }"),
        ("put-if counter", "{ error = \"precondition\" }"),
        // The effect has landed, but its answer is lost.
        ("put-if counter", "{ lost_ack = \"reset\" }"),
        ("put-if counter", "{ lost_ack = \"precondition\" }"),
        ("put-if counter", "{ crash = \"before\", restart = \"5s\" }"),
        ("put-if counter", "{ crash = \"after\", restart = \"5s\" }"),
        ("put-if counter", "{ stall = \"90s\" }"),
        ("put-if counter", "{ delay = \"7s\" }"),
        ("get counter", "{ error = \"reset\" }"),
        ("head notes/*.json", "{ error = \"reset\" }"),
        ("list notes", "{ error = \"reset\" }"),
        ("copy copies/*.json", "{ lost_ack = \"reset\" }"),
        ("delete notes/*.json", "{ error = \"reset\" }"),
        ("delete notes/*.json", "{ lost_ack = \"reset\" }"),
    ];
    let mut text = String::new();
    for (site, act) in cases {
        let finished = run(&at(site, 2, act));
        assert!(finished.faults[0].fired.is_some(), "{site} {act}\n{}", told(&finished));
        let said = observed(&finished);
        let hurt = said.iter().find(|line| line.contains("round") && !line.contains("null"));
        let hurt = hurt.map_or("-", |line| line.as_str());
        text.push_str(&format!("{site} {act}: {hurt}\n    {}\n", left(&finished)));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_first_of_two_conditional_puts_wins() {
    let racer = |name: &str| {
        Host::new(name, || async {
            let notes = store::open("memory:notes")?;
            let mut won = 0;
            while won < 20 {
                match count(&*notes, &Path::from("counter")).await {
                    Ok(_) => won += 1,
                    Err(Error::Precondition { .. } | Error::AlreadyExists { .. }) => {
                        observe!("beaten");
                    }
                    Err(why) => return Err(why.into()),
                }
            }
            Ok(())
        })
    };
    let finished = watched(["a", "b", "c"].map(racer).into(), 3, "");
    assert_eq!(left(&finished), "counter=60");
    let beaten = observed(&finished).iter().filter(|line| line.contains("beaten")).count();
    assert!(beaten > 10, "only {beaten} were beaten");
}

#[test]
fn checks_see_every_change_of_a_watched_object() {
    let finished = run(&at("put notes/*.json", 2, "{ error = \"torn\" }"));
    let history = History::of(finished.trace.events());
    let rows = history.rows("all");
    let of = |path: &str| {
        let about = rows.iter().filter(|change| change.key == path);
        about.map(|change| change.after.cloned().unwrap_or_default()).collect::<Vec<_>>()
    };
    let counter: Vec<Value> = of("counter").iter().map(|row| row["json"].clone()).collect();
    assert_eq!(counter, [json!(1), json!(2)]);
    let whole = of("notes/0.json");
    assert_eq!(whole[0]["json"]["text"], "a note of some length");
    assert_eq!(whole[1], Value::Null);
    let torn = of("notes/1.json");
    assert_eq!(torn[0]["text"], &NOTE[..NOTE.len() / 2]);
    assert_eq!(torn[0]["bytes"], NOTE.len() / 2);
    assert_eq!(torn.len(), 1, "nobody took it away");
}

#[test]
fn an_object_has_the_time_of_the_store() {
    let writer = || async {
        time::sleep(Duration::from_secs(20)).await;
        let notes = store::open("file:///var/lib/notes")?;
        let path = Path::from("now");
        notes.put(&path, "x".into()).await?;
        let meta = notes.head(&path).await?;
        let off = meta.last_modified.timestamp_millis() - time::unix_ms();
        observe!("wrote", off_s = (off as f64 / 1000.0).round(), e_tag = meta.e_tag);
        Ok(())
    };
    let skew = "[[fault]]\nat = { time = \"5s\" }\ndo = { skew = \"a\", by = \"-10m\" }\n";
    let finished = watched(vec![Host::new("a", writer)], 1, skew);
    assert_eq!(observed(&finished), [r#"a wrote {"e_tag":"\"0\"","off_s":600.0}"#]);
}

/// Writes when it is dropped, in every possible way.
struct Undo(Arc<dyn ObjectStore>);

impl Drop for Undo {
    fn drop(&mut self) {
        let notes = self.0.clone();
        let effects = async move {
            let _ = notes.delete(&Path::from("lock")).await;
            let _ = notes.put(&Path::from("goodbye"), "from a destructor".into()).await;
        };
        let mut effects = Box::pin(effects);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let _ = effects.as_mut().poll(&mut context);
        if tokio::runtime::Handle::try_current().is_ok() {
            task::spawn(effects);
        }
    }
}

#[test]
fn nothing_is_stored_by_a_host_that_is_dead() {
    let worker = || async {
        let notes = store::open("memory:notes")?;
        let path = Path::from("lock");
        if notes.head(&path).await.is_ok() {
            observe!("boot after the crash");
            return Ok(());
        }
        notes.put(&path, "mine".into()).await?;
        let _undo = Undo(notes.clone());
        // Other tasks of the host have a put in flight when it crashes.
        for number in 0..40 {
            let notes = notes.clone();
            task::spawn(async move {
                time::sleep(Duration::from_millis(1900 + 5 * number)).await;
                let _ = notes.put(&Path::from(format!("late/{number}")), "x".into()).await;
            });
        }
        time::sleep(Duration::from_secs(60)).await;
        Ok(())
    };
    let kill = "[[fault]]\nat = { time = \"2s\" }\ndo = { kill = \"worker\", restart = \"10s\" }\n";
    let mut in_flight = 0;
    for seed in 0..20 {
        let finished = watched(vec![Host::new("worker", worker)], seed, kill);
        assert_eq!(observed(&finished), ["worker boot after the crash {}"], "{}", told(&finished));
        let events = finished.trace.events();
        let down = events.iter().position(|event| event.name == "down").expect("it crashed");
        let up = events.iter().position(|event| event.name == "up").expect("it came back");
        let quiet = events[down + 1..up].iter().all(|event| event.host != "worker");
        assert!(quiet, "{}", told(&finished));
        let left = left(&finished);
        assert!(left.contains("lock=mine") && !left.contains("goodbye"), "{left}");
        let asked = finished.sites.get("store:put late/*").copied().unwrap_or_default();
        in_flight += asked - left.matches("late/").count() as u64;
    }
    assert!(in_flight > 0, "no put was on its way");
}

#[test]
fn a_cut_link_fails_calls_and_a_clogged_one_delays() {
    let slow = || async {
        let notes = store::open("memory:notes")?;
        for number in 0..10 {
            time::sleep(Duration::from_secs(1)).await;
            let said = notes.put(&Path::from(format!("{number}")), "x".into()).await;
            let at = (time::unix_ms() - 1_767_225_600_000) / 1000;
            observe!("tried", ok = said.is_ok(), at = at);
        }
        Ok(())
    };
    let fault = |act: &str, lasts: &str| {
        let faults = format!(
            "[[fault]]\nat = {{ time = \"3500ms\" }}\ndo = {{ {act} = [\"a\", \"store\"], for = \"{lasts}\" }}\n"
        );
        watched(vec![Host::new("a", slow)], 1, &faults)
    };
    let finished = fault("partition", "3s");
    let refused = observed(&finished).iter().filter(|line| line.contains("false")).count();
    assert_eq!(refused, 3, "{}", told(&finished));
    assert_eq!(finished.objects.len(), 7);
    let said = observed(&fault("clog", "30s"));
    assert!(said.iter().all(|line| line.contains("true")), "{said:?}");
    assert!(said[3].contains("\"at\":33"), "{said:?}");
}

#[test]
fn equal_seeds_give_equal_traces() {
    let faults = at("put-if counter", 3, "{ crash = \"after\", restart = \"2s\" }");
    let digest = |seed| {
        let hosts = ["a", "b", "c"].map(|name| Host::new(name, keeper)).into();
        watched(hosts, seed, &faults).trace.digest()
    };
    let first: Vec<_> = (0..20).map(digest).collect();
    let again: Vec<_> = (0..20).rev().map(digest).collect();
    assert_eq!(first, again.into_iter().rev().collect::<Vec<_>>());
    assert!(first.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn what_is_stored_is_in_the_trace_and_can_be_kept() {
    let finished = run("");
    let put =
        finished.trace.events().iter().find(|event| {
            event.kind == EventKind::Answer && event.name == "store:put notes/*.json"
        });
    let data = &put.expect("it was put").data;
    assert_eq!(data["asked"]["key"], "notes/0.json");
    assert_eq!(data["asked"]["bytes"], NOTE.len());
    assert_eq!(data["ok"]["e_tag"], "\"0\"");
    let folder = std::env::temp_dir().join(format!("chaosdrill-kept-{}", std::process::id()));
    chaosdrill_rt::sim::keep_objects(&finished.objects, &folder).expect("a folder of ours");
    let kept = std::fs::read_to_string(folder.join("store/notes/copies/2.json"));
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
    assert_eq!(kept.expect("it was kept"), NOTE);
}
