//! A desk in memory that remembers every change: when, and what the contact was before and after. It fails as
//! told, and can be the moment at which a run is killed.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use contactsync::scim;
use futures::FutureExt as _;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::Notify;

pub type User = Map<String, Value>;

/// What the desk can do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Kind {
    pub bulk: bool,
    pub filter: bool,
    /// A PATCH is answered with the contact as it is now.
    pub tells: bool,
}

/// What goes wrong on the desk during a run. Changes are counted from 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trouble {
    /// The list of contacts is short of some that it counts.
    ShortList,
    /// A filter finds nothing, whatever there is.
    EmptyList,
    /// This change is refused (HTTP 400).
    Refuses(u8),
    /// This change is not made (HTTP 503), once.
    Busy(u8),
    /// This change is made, and its answer lost.
    Loses(u8),
    /// The token is revoked just before this change.
    Revoked(u8),
    /// The run is killed just before this change is made.
    KilledAt(u8),
    /// The run is killed just after this change is made.
    KilledAfter(u8),
}

/// A change that a run made of a contact.
#[derive(Clone, Debug)]
pub struct Change {
    /// By the clock of the test.
    pub at: Timestamp,
    pub before: Option<User>,
    pub after: Option<User>,
}

pub struct Inner {
    kind: Kind,
    pub users: Vec<User>,
    pub now: Timestamp,
    made: u64,
    trouble: Option<Trouble>,
    /// The token of the run that is on.
    actor: String,
    /// Changes of this run so far.
    count: u8,
    pub changes: Vec<Change>,
}

#[derive(Clone)]
struct Shared {
    inner: Arc<Mutex<Inner>>,
    killed: Arc<Notify>,
}

pub struct Desk {
    pub base: String,
    shared: Shared,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What is answered: a status and a body, or nothing at all.
enum Said {
    Answer(u16, Value),
    Lost,
    Killed,
    /// Sent by a run that was killed, and only arriving now: nobody waits for the answer.
    Stale,
}

impl Desk {
    pub async fn start(kind: Kind) -> Self {
        let inner = Inner {
            kind,
            users: Vec::new(),
            now: Timestamp::UNIX_EPOCH,
            made: 0,
            trouble: None,
            actor: String::new(),
            count: 0,
            changes: Vec::new(),
        };
        let shared = Shared { inner: Arc::new(Mutex::new(inner)), killed: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/scim/v2", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, shared, server }
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.shared.inner.lock().unwrap()
    }

    /// Begins a run: nothing was changed in it yet. Changes that a killed run
    /// with another token sent on their way come to nothing.
    pub fn begin(&self, actor: &str, now: Timestamp, trouble: Option<Trouble>) {
        while self.killed().now_or_never().is_some() {}
        let mut inner = self.lock();
        (inner.now, inner.trouble, inner.count) = (now, trouble, 0);
        actor.clone_into(&mut inner.actor);
    }

    /// Waits for the moment at which the run is killed.
    pub async fn killed(&self) {
        self.shared.killed.notified().await;
    }
}

async fn answer(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let query = percent_encoding::percent_decode_str(uri.query().unwrap_or_default()).decode_utf8_lossy().into_owned();
    let actor = headers["authorization"].to_str().unwrap().trim_start_matches("Bearer ").to_owned();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let path = uri.path().trim_start_matches("/scim/v2").to_owned();
    let said = shared.inner.lock().unwrap().answer(&actor, &method, &path, &query, &body);
    match said {
        Said::Answer(status, value) => {
            let body = if value.is_null() { Body::empty() } else { Body::from(value.to_string()) };
            Response::builder().status(status).header("content-type", scim::MEDIA_TYPE).body(body).unwrap()
        }
        Said::Lost => {
            let parts = [Ok(Bytes::new()), Err(std::io::Error::other("cut"))];
            let body = Body::from_stream(futures::stream::iter(parts));
            Response::builder().header("content-length", "1000").body(body).unwrap()
        }
        Said::Stale => std::future::pending().await,
        Said::Killed => {
            shared.killed.notify_one();
            std::future::pending().await
        }
    }
}

impl Inner {
    fn answer(&mut self, actor: &str, method: &Method, path: &str, query: &str, body: &Value) -> Said {
        match (method.as_str(), path) {
            ("POST" | "PATCH" | "DELETE", _) if actor != self.actor => Said::Stale,
            ("GET", "/ServiceProviderConfig") => Said::Answer(200, self.config()),
            ("GET", "/Schemas") => Said::Answer(200, schemas()),
            ("GET", "/Users") => self.list(query),
            ("GET", _) => match self.place(path) {
                Some(place) => Said::Answer(200, Value::Object(self.users[place].clone())),
                None => Said::Answer(404, Value::Null),
            },
            ("POST", "/Bulk") => self.bulk(body),
            _ => self.change(method, path, body),
        }
    }

    fn place(&self, path: &str) -> Option<usize> {
        let id = path.strip_prefix("/Users/")?;
        self.users.iter().position(|user| user["id"] == id)
    }

    fn config(&self) -> Value {
        let Kind { bulk, filter, .. } = self.kind;
        json!({
            "schemas": [scim::SERVICE_PROVIDER_CONFIG],
            "bulk": {"supported": bulk, "maxOperations": 50, "maxPayloadSize": 1 << 20},
            "patch": {"supported": true}, "etag": {"supported": false}, "sort": {"supported": false},
            "filter": {"supported": filter, "maxResults": 100},
        })
    }

    fn list(&self, query: &str) -> Said {
        let get = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let filter = get("filter");
        let found: Vec<&User> = match filter {
            Some(_) if self.trouble == Some(Trouble::EmptyList) => Vec::new(),
            Some(filter) => self.users.iter().filter(|user| filter.split(" or ").any(|t| matches(user, t))).collect(),
            None => self.users.iter().collect(),
        };
        let start = get("startIndex").and_then(|n| n.parse::<usize>().ok()).unwrap_or(1) - 1;
        let count = get("count").and_then(|n| n.parse().ok()).unwrap_or(100);
        let short = usize::from(self.trouble == Some(Trouble::ShortList) && found.len() > 1);
        let page: Vec<_> = found.iter().take(found.len() - short).skip(start).take(count).collect();
        Said::Answer(200, json!({"schemas": [scim::LIST_RESPONSE], "totalResults": found.len(), "Resources": page}))
    }

    fn bulk(&mut self, body: &Value) -> Said {
        let mut results = Vec::new();
        let mut lost = false;
        for operation in body["Operations"].as_array().unwrap() {
            let method: Method = operation["method"].as_str().unwrap().parse().unwrap();
            let path = operation["path"].as_str().unwrap();
            match self.change(&method, path, &operation["data"]) {
                Said::Answer(status, user) => {
                    let place = user["id"].as_str().map_or_else(|| path.to_owned(), |id| format!("/Users/{id}"));
                    let mut result = json!({"method": operation["method"], "bulkId": operation["bulkId"]});
                    result["location"] = format!("https://desk.example/scim/v2{place}").into();
                    result["status"] = status.to_string().into();
                    result["response"] = user;
                    results.push(result);
                }
                Said::Lost => lost = true,
                Said::Killed | Said::Stale => return Said::Killed,
            }
        }
        let answer = json!({"schemas": [scim::BULK_RESPONSE], "Operations": results});
        if lost { Said::Lost } else { Said::Answer(200, answer) }
    }

    /// One change, in whichever trouble it meets.
    fn change(&mut self, method: &Method, path: &str, body: &Value) -> Said {
        let number = self.count;
        self.count = self.count.saturating_add(1);
        match self.trouble {
            Some(Trouble::Refuses(n)) if n == number => return Said::Answer(400, refusal(400)),
            Some(Trouble::Busy(n)) if n == number => return Said::Answer(503, refusal(503)),
            Some(Trouble::Revoked(n)) if number >= n => return Said::Answer(401, refusal(401)),
            Some(Trouble::KilledAt(n)) if number >= n => return Said::Killed,
            _ => {}
        }
        let (status, after) = self.carry_out(method, path, body);
        match self.trouble {
            Some(Trouble::Loses(n)) if n == number => Said::Lost,
            Some(Trouble::KilledAfter(n)) if number >= n => Said::Killed,
            _ => Said::Answer(status, after),
        }
    }

    fn carry_out(&mut self, method: &Method, path: &str, body: &Value) -> (u16, Value) {
        let place = self.place(path);
        let before = place.map(|place| self.users[place].clone());
        let after = match (method.as_str(), &before) {
            ("POST", _) => {
                self.made += 1;
                let mut user = body.as_object().unwrap().clone();
                user.insert("id".into(), format!("u{}", self.made).into());
                Some(user)
            }
            (_, None) => return (404, refusal(404)),
            ("DELETE", _) => None,
            (_, Some(before)) => {
                let mut user = before.clone();
                for operation in body["Operations"].as_array().unwrap() {
                    apply(&mut user, operation);
                }
                Some(user)
            }
        };
        if let Some(after) = &after
            && self
                .users
                .iter()
                .any(|other| other["id"] != after["id"] && lower(&other["userName"]) == lower(&after["userName"]))
        {
            return (409, refusal(409));
        }
        match (place, &after) {
            (Some(place), Some(after)) => self.users[place].clone_from(after),
            (Some(place), None) => drop(self.users.remove(place)),
            (None, after) => self.users.extend(after.clone()),
        }
        self.changes.push(Change { at: self.now, before, after: after.clone() });
        match after {
            Some(user) if method == Method::POST => (201, Value::Object(user)),
            Some(user) if self.kind.tells => (200, Value::Object(user)),
            Some(_) | None => (204, Value::Null),
        }
    }

    /// Somebody makes a contact on the desk, unless the address is taken.
    pub fn make(&mut self, user: &Value) {
        let mut user = user.as_object().unwrap().clone();
        if self.users.iter().any(|other| lower(&other["userName"]) == lower(&user["userName"])) {
            return;
        }
        self.made += 1;
        user.insert("id".into(), format!("u{}", self.made).into());
        self.users.push(user);
    }
}

fn refusal(status: u16) -> Value {
    let kind = if status == 409 { "uniqueness" } else { "invalidValue" };
    json!({"schemas": [scim::ERROR], "status": status.to_string(), "scimType": kind, "detail": "not Åsa Öberg"})
}

pub fn lower(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_lowercase()
}

fn matches(user: &User, term: &str) -> bool {
    let mut words = term.splitn(3, ' ');
    let (attribute, operator, value) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let wanted: String = serde_json::from_str(value).unwrap();
    let is = |found: &Value| match (attribute, operator) {
        (_, "sw") => found.as_str().is_some_and(|found| found.starts_with(&wanted)),
        ("id" | "externalId", _) => *found == *wanted,
        _ => lower(found) == wanted.to_lowercase(),
    };
    match attribute {
        "emails.value" => user.get("emails").and_then(Value::as_array).into_iter().flatten().any(|e| is(&e["value"])),
        _ => user.get(attribute).is_some_and(is),
    }
}

fn apply(user: &mut User, operation: &Value) {
    let path = operation["path"].as_str().unwrap();
    let (outer, name) = match path.rsplit_once(':').or_else(|| path.split_once('.')) {
        Some((outer, name)) => (Some(outer), name),
        None => (None, path),
    };
    let object = match outer {
        Some(outer) => user.entry(outer).or_insert_with(|| json!({})).as_object_mut().unwrap(),
        None => user,
    };
    if operation["op"] == "remove" {
        object.shift_remove(name);
    } else {
        object.insert(name.to_owned(), operation["value"].clone());
    }
}

fn schemas() -> Value {
    let plain = |names: &[&str]| -> Vec<Value> { names.iter().map(|name| json!({"name": name})).collect() };
    let complex = |name: &str, parts: &[&str]| json!({"name": name, "subAttributes": plain(parts)});
    let mut user = plain(&["userName", "displayName", "title", "userType", "active"]);
    user.push(complex("name", &["formatted", "givenName", "familyName"]));
    user.push(complex("emails", &["value", "type", "primary"]));
    user.push(complex("phoneNumbers", &["value", "type"]));
    json!({"totalResults": 3, "Resources": [
        {"id": scim::USER, "attributes": user},
        {"id": scim::ENTERPRISE_USER, "attributes": plain(&["organization", "division"])},
        {"id": scim::KDESK_CONTACT, "attributes": plain(&["notes", "portalAccess", "emailNotifications", "connection"])},
    ]})
}
