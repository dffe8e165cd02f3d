//! The schemas, and that what is written fits them.

use chaosdrill_core::{
    Plan, Seed, Trace,
    record::{CampaignLine, Cut},
    trace::EventKind,
};
use chaosdrill_reports::schema;
use serde_json::{Value, json};

use crate::{sample, stories};

fn validator(name: &str) -> jsonschema::Validator {
    let all = schema::all();
    let (_, schema) = all.iter().find(|(found, _)| *found == name).expect("a known schema");
    jsonschema::draft202012::meta::validate(schema).expect("a schema");
    jsonschema::validator_for(schema).expect("a schema that stands alone")
}

fn check(name: &str, value: &impl serde::Serialize) {
    let value = serde_json::to_value(value).expect("plain data");
    if let Err(why) = validator(name).validate(&value) {
        panic!("{name}: {why} at {}\n{value:#}", why.instance_path());
    }
}

#[test]
fn the_sample_fits() {
    let campaign = sample::campaign();
    check("campaign", &campaign.header);
    check("campaign-line", &CampaignLine::Campaign(campaign.header.clone()));
    let measured = campaign.measured.clone().expect("it came to its end");
    check("campaign-line", &CampaignLine::Measured(measured));
    check("campaign-line", &CampaignLine::Extent(campaign.extent.clone()));
    campaign.sweeps.iter().for_each(|sweep| {
        check("campaign-line", &CampaignLine::Sweep(sweep.clone()));
    });
    check("prove", &stories::proofs());
    check("summary", &campaign.summary());
    let mut cut = campaign.clone();
    cut.measured = None;
    cut.extent.ordered.insert("swarm".into(), 9);
    cut.extent.cut = vec![Cut::TimeBudget(5_000), Cut::RecordsMissing([("a".into(), 1)].into())];
    check("summary", &cut.summary());
    check("campaign-line", &CampaignLine::Extent(cut.extent));
    for record in &campaign.records {
        check("record", record);
        check("campaign-line", &CampaignLine::Record(Box::new(record.clone())));
        check("campaign-line", &CampaignLine::HitClasses(record.run.clone(), vec![]));
        let mut plan = Plan::new(&record.run.scenario, record.run.seed);
        plan.faults = record.faults.iter().map(|fault| fault.fault.clone()).collect();
        check("plan", &plan);
    }
    let mut trace = Trace::default();
    let time = std::time::Duration::from_secs(1);
    trace.push(time, "d1", EventKind::Observe, "settle", json!({ "message": 7 }));
    trace.push(time, "", EventKind::Phase, "heal", Value::Null);
    for event in trace.events() {
        check("trace-event", event);
    }
}

#[test]
fn what_is_wrong_does_not_fit() {
    let plan = serde_json::to_value(Plan::new("outbox/lease-expiry", Seed(42))).expect("plain");
    for (pointer, wrong) in
        [("/seed", json!(42)), ("/version", json!("one")), ("/scenario", json!(null))]
    {
        let mut plan = plan.clone();
        *plan.pointer_mut(pointer).expect("a member") = wrong;
        assert!(!validator("plan").is_valid(&plan), "{plan}");
    }
}

#[test]
fn the_ids_are_names_and_not_places() {
    let ids: Vec<Value> =
        schema::all().into_iter().map(|(_, schema)| schema["$id"].clone()).collect();
    insta::assert_json_snapshot!(ids, @r#"
    [
      "chaosdrill/campaign/v2",
      "chaosdrill/campaign-line/v2",
      "chaosdrill/plan/v2",
      "chaosdrill/proof/v2",
      "chaosdrill/prove/v2",
      "chaosdrill/record/v2",
      "chaosdrill/summary/v2",
      "chaosdrill/trace-event/v2"
    ]
    "#);
}

#[test]
fn the_schemas() {
    for (name, schema) in schema::all() {
        insta::assert_json_snapshot!(name, schema);
    }
}

#[test]
fn names_of_before_are_read() {
    let campaign = stories::campaign();
    let record = campaign.records.iter().find(|record| record.triage.is_some());
    let lines = [
        CampaignLine::Campaign(campaign.header.clone()),
        CampaignLine::Record(Box::new(record.expect("one was triaged").clone())),
        CampaignLine::HitClasses(campaign.records[0].run.clone(), vec![]),
    ];
    let older = [
        ("\"goals\":", "\"exercises\":"),
        ("\"triage\":", "\"pursuit\":"),
        ("hitclasses", "passages"),
    ];
    for (line, (new, old)) in lines.iter().zip(older) {
        let text = serde_json::to_string(line).expect("plain data");
        assert!(text.contains(new), "{text}");
        let read: CampaignLine = serde_json::from_str(&text.replace(new, old)).expect("older");
        assert_eq!(&read, line);
    }
    let summary = serde_json::to_string(&campaign.summary()).expect("plain data");
    let older =
        summary.replace("\"goals\":", "\"exercises\":").replace("\"triage\":", "\"pursuit\":");
    assert_ne!(older, summary);
    let read: chaosdrill_core::record::Summary = serde_json::from_str(&older).expect("older");
    let mut known = campaign.summary();
    let scenarios = known.findings.iter_mut().flat_map(|finding| &mut finding.scenarios);
    scenarios.for_each(|scenario| scenario.first = None);
    assert_eq!(read, known);
    let proof = serde_json::from_str::<chaosdrill_core::record::ProofBy>("\"guard\"");
    assert_eq!(proof.expect("older"), chaosdrill_core::record::ProofBy::StaticCheck);
}
