//! Checks the answers to customers against the rows and objects.

use chaosdrill::{Check, Event, History, Outcome, Priority};
use serde_json::Value;

use crate::checks::rows::{OBJECTS, World, has_backend, is, is_hidden, text};

/// Codes that mean that a resource was rolled back.
pub(crate) const ROLLED_BACK: [&str; 3] =
    ["provision_failed", "provisioner_unavailable", "twin_failed"];

/// If the answer is 201, or a build is reported as done, the resource is active, its object exists, and the row has a
/// hidden URL, and the object's id and prefix; and the customer gets the object's own credentials.
pub(crate) fn created_means_addressable() -> Check {
    Check::new("created_means_addressable", |history| {
        let mut world = World::default();
        for event in history.events() {
            world.take(event);
            let is_created = event.name == "build.done"
                || event.name == "provision.answered" && event.int("status") == Some(201);
            if let (true, Some(lack)) = (is_created, lack(&world, event.text("resource"))) {
                let id = event.text("resource");
                let why = format!("#{} resource {id} is told to be ready, but {lack}", event.seq);
                return Outcome::invalid(why, [event.seq]);
            }
        }
        Outcome::unless(wrong_credentials(history))
    })
}

/// What the resource lacks that 201 promises; `None` if it lacks nothing.
fn lack(world: &World<'_>, id: &str) -> Option<&'static str> {
    let Some(row) = world.resources.get(id) else { return Some("it has no row") };
    if !is(row, &["active"]) {
        // It may have ended at the same moment.
        return (!world.once_active.contains(id)).then_some("it was never active");
    }
    if !is_hidden(&row["connection_url"]) {
        return Some("it has no URL, or one that everybody can read");
    }
    if !has_backend(row) {
        return None;
    }
    let Some(object) = world.objects.get(id).filter(|_| world.is_there(id)) else {
        return Some("the backend has no object for it");
    };
    if row["provider_resource_id"] != object["provider_resource_id"] {
        return Some("the id in its row is not the object's");
    }
    (row["key_prefix"] != object["key_prefix"])
        .then_some("the key prefix in its row is not the object's")
}

/// A customer that got a URL other than the object's.
fn wrong_credentials(history: &History) -> Option<Outcome> {
    let objects = history.last_rows(OBJECTS);
    let told = history.operations("provision").chain(history.operations("show"));
    for op in told.filter(|op| op.is_ok()) {
        let Some(end) = op.end else { continue };
        let output = end.output();
        let id = text(output, "resource");
        let object = objects.iter().find(|row| text(row, "token") == id);
        // A resource is shown with its URL only if it is active; a 202 has none yet.
        let is_told = ["", "active"].contains(&text(output, "status"));
        let is_created = op.invoke.name == "provision";
        let is_right = match object {
            Some(object) => {
                let has = |said: &str, column: &str| output[said] == object[column];
                let has_rest =
                    has("provider", "provider_resource_id") && has("prefix", "key_prefix");
                has("url", "url") && (has_rest || !is_created)
            }
            None => !text(output, "url").is_empty(),
        };
        if is_told && !is_right {
            let why = format!(
                "#{} the customer got credentials for {id} that are not the object's",
                end.seq
            );
            return Some(Outcome::invalid(why, [end.seq]));
        }
    }
    None
}

/// If a customer is answered that a resource could not be created, or a build is reported as failed, its row is
/// terminal.
pub(crate) fn a_refusal_means_terminal() -> Check {
    Check::new("a_refusal_means_terminal", |history| {
        let mut world = World::default();
        for event in history.events() {
            world.take(event);
            let is_refusal = ["provision.answered", "build.failed"].contains(&event.name.as_str())
                && ROLLED_BACK.contains(&event.text("code"));
            let id = event.text("resource");
            let row = world.resources.get(id).copied().unwrap_or(&Value::Null);
            if is_refusal && !is(row, &["failed"]) {
                let why = format!(
                    "#{} resource {id} was answered with {}, but is {}",
                    event.seq,
                    event.text("code"),
                    text(row, "status")
                );
                return Outcome::invalid(why, [event.seq]);
            }
        }
        Outcome::valid()
    })
}

/// All answers, each with the end of its operation.
pub(crate) fn answers<'a>(
    history: &'a History<'_>,
) -> impl Iterator<Item = (&'a Event, &'a Value)> {
    let names = ["provision", "show", "delete", "hold"];
    let ends = names.into_iter().flat_map(|name| history.operations(name)).filter_map(|op| op.end);
    ends.flat_map(|end| {
        let all = end.output()["answers"].as_array();
        all.into_iter().flatten().map(move |answer| (end, answer))
    })
}

/// A failure is always answered with 503.
pub(crate) fn failures_answer_503() -> Check {
    Check::new("failures_answer_503", |history| {
        let wrong = answers(history).find(|(_, answer)| {
            answer["status"].as_i64().is_some_and(|status| status >= 500 && status != 503)
        });
        Outcome::unless(wrong.map(|(end, answer)| {
            let why = format!("#{} a failure was answered with {}", end.seq, answer["status"]);
            Outcome::invalid(why, [end.seq])
        }))
    })
    .priority(Priority::Medium)
}

/// The guidance for agents satisfies its contract, and each code of 500 and above has its own text.
pub(crate) fn guidance_fits_the_answer() -> Check {
    Check::new("guidance_fits_the_answer", |history| {
        for (end, answer) in answers(history) {
            if let Some(wrong) = wrong_guidance(answer) {
                let why = format!("#{} the text for {} {wrong}", end.seq, answer["code"]);
                return Outcome::invalid(why, [end.seq]);
            }
        }
        Outcome::unless(history.observed("guidance.registry").find_map(wrong_registry))
    })
    .priority(Priority::Low)
}

fn wrong_guidance(answer: &Value) -> Option<&'static str> {
    let status = answer["status"].as_i64()?;
    let Some(action) = answer["action"].as_str() else {
        return (status >= 500).then_some("is missing");
    };
    if !action.starts_with("Tell the user") {
        return Some("does not begin with \"Tell the user\"");
    }
    if !action.split_whitespace().any(is_address_of_ours) {
        return Some("has no complete address of the product");
    }
    if action.chars().count() >= 280 {
        return Some("is too long");
    }
    let asks_to_retry = action.contains("Retry") && action.contains("backoff");
    (status >= 500 && !asks_to_retry).then_some("does not ask to retry with backoff")
}

/// Whether a word is a complete address of the product or of a part of it, not a prefix of one.
fn is_address_of_ours(word: &str) -> bool {
    let Some(rest) = word.strip_prefix("https://") else { return false };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let is_ours = host == PRODUCT || host.ends_with(&format!(".{PRODUCT}"));
    is_ours && !path.ends_with(['.', ','])
}

const PRODUCT: &str = "provisioning.example";

/// The example of a code without a text is not a code that answers use.
fn wrong_registry(event: &Event) -> Option<Outcome> {
    let declared = event.get("declared").as_array()?;
    let handled = event.get("handled").as_array()?;
    let example = event.get("example");
    let without = declared.iter().find(|code| !handled.contains(code));
    let why = match without {
        Some(code) => format!("#{} code {code} has no text of its own", event.seq),
        None if declared.contains(example) => {
            format!(
                "#{} {example}, the example of a code without a text, is a real code",
                event.seq
            )
        }
        None => return None,
    };
    Some(Outcome::invalid(why, [event.seq]))
}

/// Once a row has failed, the answer comes, whatever happens to the audit.
pub(crate) fn the_audit_never_blocks_the_answer() -> Check {
    const WAIT_MS_MAX: u128 = 5_000;
    Check::new("the_audit_never_blocks_the_answer", |history| {
        let fails = history.rows("resources").into_iter().filter(|change| {
            let is_failed = |row: &Value| is(row, &["failed"]);
            change.after.is_some_and(|row| is_failed(row) && text(row, "settled_by") == "handler")
                && !change.before.is_some_and(is_failed)
        });
        for change in fails {
            let id = change.key.as_str().unwrap_or_default();
            let answered = history
                .observed("provision.answered")
                .find(|event| event.seq > change.event.seq && event.text("resource") == id);
            let until = answered.or(history.events().last()).map(Event::at).unwrap_or_default();
            let waited = until.saturating_sub(change.event.at()).as_millis();
            if waited > WAIT_MS_MAX {
                let seq = change.event.seq;
                let why = format!(
                    "#{seq} resource {id} has failed, and {waited} ms later there {}",
                    if answered.is_some() { "came an answer" } else { "was no answer" }
                );
                return Outcome::invalid(why, [seq].into_iter().chain(answered.map(|at| at.seq)));
            }
        }
        Outcome::valid()
    })
    .priority(Priority::Medium)
}
