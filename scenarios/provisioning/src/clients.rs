//! Customers that behave as careful clients do: they repeat a request until its answer is final, at the pace that the
//! answers ask for. Some lose patience in the middle of a request, and retry.

use std::time::Duration;

use chaosdrill::rt::{http, time};
use chaosdrill::{BoxError, EventKind, Stream, Workload};
use chaosdrill_target_provisioning::{Ask, ResourceType};
use serde_json::{Value, json};

/// How often a customer repeats a request before giving up without a result.
const SENDS_MAX: u32 = 60;

/// How often a customer asks for a deployment that fails.
const DEPLOYS_MAX: u32 = 5;

/// How long a customer waits for an answer.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(60);

/// The waits that answers ask for: from 5 s, doubling, up to 60 s.
fn rest_after(sends: u32) -> Duration {
    let seconds = 5_u64.saturating_mul(1 << sends.saturating_sub(1).min(8));
    Duration::from_secs(seconds.min(60))
}

/// The way in which a customer asks for a resource.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// For its team.
    Team,
    /// Without an account.
    Anonymous,
    /// Like the resource of an earlier request.
    TwinOf(String),
}

/// A request for a resource.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) entry: Entry,
    pub(crate) of: ResourceType,
    pub(crate) ask: Ask,
    /// How long to wait for each of the first answers, before the customer becomes patient.
    pub(crate) impatience: Vec<Duration>,
    /// The maximum number of sendings.
    pub(crate) sends_max: u32,
}

/// A request with its own id.
pub(crate) fn wish(id: impl Into<String>, of: ResourceType) -> Wish {
    let ask = Ask {
        request_id: id.into(),
        team: "team-a".to_owned(),
        tier: "pro".to_owned(),
        env: "production".to_owned(),
        log_prefix: "drill".to_owned(),
        ttl_ms: None,
    };
    Wish { entry: Entry::Team, of, ask, impatience: Vec::new(), sends_max: SENDS_MAX }
}

impl Wish {
    /// Sets the team.
    #[must_use]
    pub(crate) fn of_team(mut self, team: &str) -> Self {
        team.clone_into(&mut self.ask.team);
        self
    }

    /// Asks without an account.
    #[must_use]
    pub(crate) fn anonymous(mut self) -> Self {
        self.entry = Entry::Anonymous;
        self.ask.team = String::new();
        self.ask.tier = "anonymous".to_owned();
        self
    }

    /// Asks for a twin of an earlier request's resource, in an environment of its own.
    #[must_use]
    pub(crate) fn twin_of(mut self, original: &str) -> Self {
        self.entry = Entry::TwinOf(original.to_owned());
        self.ask.env = "staging".to_owned();
        self
    }

    /// The path and the body.
    fn request(&self) -> (String, Value) {
        let (of, ask) = (self.of.name(), &self.ask);
        match &self.entry {
            Entry::Team => (format!("/provision/{of}"), json!(ask)),
            Entry::Anonymous => (format!("/anonymous/{of}"), json!(ask)),
            Entry::TwinOf(original) => {
                let twin =
                    json!({ "request_id": ask.request_id, "original": original, "env": ask.env });
                (format!("/twin/{of}"), twin)
            }
        }
    }

    /// Sets the lifetime of the resource.
    #[must_use]
    pub(crate) fn lasting(mut self, ttl: Duration) -> Self {
        self.ask.ttl_ms = Some(ttl.as_millis() as i64);
        self
    }

    /// Closes the connection after each of these waits, once per wait.
    #[must_use]
    pub(crate) fn impatient(mut self, waits: impl IntoIterator<Item = Duration>) -> Self {
        self.impatience = waits.into_iter().collect();
        self
    }

    /// Sets the maximum number of sendings.
    #[must_use]
    pub(crate) fn sent_at_most(mut self, sends_max: u32) -> Self {
        self.sends_max = sends_max;
        self
    }
}

/// The answer to one sending.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// `None` if no answer came.
    pub(crate) status: Option<u16>,
    /// What the header `Retry-After` says.
    pub(crate) retry_after: Option<String>,
    /// The body, if it was JSON.
    pub(crate) body: Value,
}

impl Answer {
    fn is_final(&self) -> bool {
        self.status.is_some_and(|status| status < 500)
    }

    fn record(&self) -> Value {
        let body = &self.body;
        json!({
            "status": self.status,
            "code": body["error"],
            "action": body["agent_action"],
            "retry_after": body["retry_after_seconds"],
            "retry_after_header": self.retry_after,
            "resource": body["resource_id"],
        })
    }
}

/// Sends a request once.
async fn once(address: &str, path: &str, body: &Value, patience: Duration) -> Answer {
    let posted = http::post("customer", address, path, body.to_string());
    match time::timeout(patience, posted).await {
        Ok(Ok(response)) => Answer {
            status: Some(response.status),
            retry_after: response.header("retry-after").map(str::to_owned),
            body: serde_json::from_slice(&response.body).unwrap_or_default(),
        },
        _ => Answer { status: None, retry_after: None, body: Value::Null },
    }
}

/// Sends a request to the hosts in turn until its answer is final, and records it as one operation.
pub(crate) async fn provision(workload: &Workload, addresses: &[&str], wish: &Wish) -> Answer {
    let (path, body) = wish.request();
    let original = match &wish.entry {
        Entry::TwinOf(original) => Some(original),
        _ => None,
    };
    let input = json!({
        "request": wish.ask.request_id,
        "of": wish.of.name(),
        "ask": wish.ask,
        "original": original,
    });
    operation(workload, "provision", input, addresses, (&path, &body), wish).await
}

/// Shows, holds or deletes the resource of a request.
async fn about(workload: &Workload, name: &str, addresses: &[&str], body: &Value) -> Answer {
    let path = format!("/{name}");
    let patience = wish("", ResourceType::Db);
    operation(workload, name, body.clone(), addresses, (&path, body), &patience).await
}

async fn operation(
    workload: &Workload,
    name: &str,
    input: Value,
    addresses: &[&str],
    (path, body): (&str, &Value),
    wish: &Wish,
) -> Answer {
    let sending = async {
        let mut answers = Vec::new();
        let mut sends = 0;
        loop {
            let address = addresses[sends as usize % addresses.len()];
            let patience = wish.impatience.get(sends as usize).copied().unwrap_or(ANSWER_WAIT_MAX);
            let answer = once(address, path, body, patience).await;
            sends += 1;
            let enough = answer.is_final() || sends >= wish.sends_max;
            answers.push(answer);
            if enough {
                return answers;
            }
            time::sleep(rest_after(sends)).await;
        }
    };
    let end = |answers: &Vec<Answer>| {
        let last = answers.last().expect("it was sent at least once");
        let kind = match last.status {
            Some(status) if status < 300 => EventKind::Ok,
            Some(status) if status < 500 => EventKind::Fail,
            _ => EventKind::Info,
        };
        let said: Vec<Value> = answers.iter().map(Answer::record).collect();
        let (resource, url) = (&last.body["resource_id"], &last.body["connection_url"]);
        let (provider, prefix) = (&last.body["provider_resource_id"], &last.body["key_prefix"]);
        let status = &last.body["status"];
        let output = json!({
            "resource": resource,
            "url": url,
            "provider": provider,
            "prefix": prefix,
            "status": status,
            "answers": said,
        });
        (kind, output)
    };
    let answers = workload.op_with(name, input, sending, end).await;
    answers.into_iter().next_back().expect("it was sent at least once")
}

/// Asks for a deployment, looks after it until it is active or has failed, and asks again if it has failed.
pub(crate) async fn deploy(workload: &Workload, addresses: &[&str], wish: &Wish) {
    for _ in 0..DEPLOYS_MAX {
        if provision(workload, addresses, wish).await.status != Some(202) {
            return;
        }
        // Who is not sure asks again.
        provision(workload, addresses, wish).await;
        let mut status = json!("pending");
        while status == "pending" {
            time::sleep(Duration::from_secs(20)).await;
            status = show(workload, addresses[0], &wish.ask.request_id).await.body["status"].take();
        }
        if status != "failed" {
            return;
        }
    }
}

/// Shows the resource of a request.
pub(crate) async fn show(workload: &Workload, address: &str, request: &str) -> Answer {
    show_by(workload, &[address], request).await
}

/// Shows the resource of a request; asks the hosts in turn until the answer is final.
pub(crate) async fn show_by(workload: &Workload, addresses: &[&str], request: &str) -> Answer {
    about(workload, "show", addresses, &json!({ "request_id": request })).await
}

/// Deletes the resource of a request.
pub(crate) async fn delete(workload: &Workload, address: &str, request: &str) -> Answer {
    about(workload, "delete", &[address], &json!({ "request_id": request })).await
}

/// Holds the resource of a request.
pub(crate) async fn hold(workload: &Workload, address: &str, request: &str, how: &str) -> Answer {
    about(workload, "hold", &[address], &json!({ "request_id": request, "hold": how })).await
}

/// Sleeps for a short time drawn from the seed.
pub(crate) async fn rest(stream: &mut Stream, ms_max: u64) {
    time::sleep(Duration::from_millis(stream.between(0, ms_max))).await;
}

/// A resource type drawn from the seed.
pub(crate) fn any_type(stream: &mut Stream) -> ResourceType {
    stream.pick(&ResourceType::AT_ONCE).copied().unwrap_or(ResourceType::Db)
}

/// A customer of both hosts that requests `count` resources of drawn types, one after the other.
pub(crate) async fn customer(workload: Workload, count: usize) -> Result<(), BoxError> {
    customer_of(workload, "team-a", count).await
}

/// Like [`customer`], for a given team.
pub(crate) async fn customer_of(
    workload: Workload,
    team: &str,
    count: usize,
) -> Result<(), BoxError> {
    let mut stream = workload.stream("wishes");
    for number in 0..workload.steps(count) {
        let of = any_type(&mut stream);
        let addresses = if stream.chance(1, 2) { ["h1:80", "h2:80"] } else { ["h2:80", "h1:80"] };
        let wish = wish(format!("{team}-{number}"), of).of_team(team);
        provision(&workload, &addresses, &wish).await;
        rest(&mut stream, 500).await;
    }
    Ok(())
}
