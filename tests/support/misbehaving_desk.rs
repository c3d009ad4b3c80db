//! A small SCIM desk in memory that misbehaves as told: the nth request of a kind is answered wrongly, late or not at
//! all. What it cannot do is what a test wants it to lack.
#![allow(
    clippy::struct_excessive_bools,
    clippy::needless_pass_by_value,
    clippy::assigning_clones,
    reason = "a fake: short to write, and read by tests only"
)]

use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use contactsync::scim;
use serde_json::{Map, Value, json};
use url::Url;

/// What the desk can do.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    pub bulk: Option<(usize, usize)>,
    pub patch: bool,
    pub etag: bool,
    pub filter: bool,
    pub cursor: bool,
    pub schemas: bool,
    pub page: usize,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            bulk: Some((100, 1 << 20)),
            patch: true,
            etag: true,
            filter: true,
            cursor: false,
            schemas: true,
            page: 100,
        }
    }
}

/// How a request is answered instead.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This answer, nothing done.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// The connection ends, nothing done.
    CutBefore,
    /// It is done, and the connection ends.
    CutAfter,
    /// It is done, and half of the answer comes.
    HalfJson,
    /// More than anybody reads.
    Huge,
    /// Results of a Bulk request in reverse, without `bulkId` where there is a location that tells.
    Reordered,
    /// A Bulk operation is done, its result left out.
    MissingResult(usize),
    /// A Bulk operation fails with this status.
    FailedOperation(usize, u16),
    /// The answer's `totalResults` is this.
    Total(u64),
    /// An empty list, whatever there is.
    Nothing,
    /// Somebody else changes the contact just before.
    ChangedBefore,
}

impl Fault {
    pub fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), String::new())
    }
}

struct Rule {
    method: Method,
    path: &'static str,
    skip: usize,
    times: usize,
    fault: Fault,
}

/// A request that was received.
#[derive(Clone, Debug)]
pub struct Logged {
    pub method: Method,
    pub path: String,
    /// `Authorization`, as it came.
    pub auth: String,
    pub body: Value,
}

struct Desk {
    profile: Profile,
    users: Vec<Map<String, Value>>,
    made: u64,
    rules: Vec<Rule>,
    log: Vec<Logged>,
}

/// The desk, while it lives.
pub struct MisbehavingDesk {
    pub url: Url,
    desk: Arc<Mutex<Desk>>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for MisbehavingDesk {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl MisbehavingDesk {
    pub async fn start(profile: Profile) -> Self {
        let desk = Arc::new(Mutex::new(Desk { profile, users: vec![], made: 0, rules: vec![], log: vec![] }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/scim/v2", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&desk));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, desk, server }
    }

    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap()
    }

    /// The next request of that method below that path meets a fault.
    pub fn once(&self, method: Method, path: &'static str, fault: Fault) {
        self.rule(method, path, 0, 1, fault);
    }

    /// So many requests of that kind meet a fault, after so many that do not.
    pub fn rule(&self, method: Method, path: &'static str, skip: usize, times: usize, fault: Fault) {
        self.lock().rules.push(Rule { method, path, skip, times, fault });
    }

    pub fn add(&self, user: Value) -> String {
        self.lock().create(user.as_object().unwrap().clone()).unwrap()["id"].as_str().unwrap().to_owned()
    }

    pub fn users(&self) -> Vec<Value> {
        self.lock().users.iter().cloned().map(Value::Object).collect()
    }

    pub fn user(&self, id: &str) -> Value {
        self.users().into_iter().find(|user| user["id"] == id).unwrap()
    }

    pub fn log(&self) -> Vec<Logged> {
        self.lock().log.clone()
    }

    pub fn requests(&self, method: &Method, path: &str) -> Vec<Logged> {
        self.log().into_iter().filter(|l| l.method == *method && l.path.starts_with(path)).collect()
    }

    /// Every rule was met as often as it says.
    pub fn assert_met(&self) {
        for rule in &self.lock().rules {
            assert_eq!(rule.times, 0, "{} {} never met {:?}", rule.method, rule.path, rule.fault);
        }
    }
}

#[derive(Debug)]
struct Failed(u16, &'static str);

async fn answer(
    State(desk): State<Arc<Mutex<Desk>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let mut desk = desk.lock().unwrap();
    let path = uri.path().trim_start_matches("/scim/v2").to_owned();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let query = percent_encoding::percent_decode_str(uri.query().unwrap_or_default()).decode_utf8_lossy().into_owned();
    let auth = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    desk.log.push(Logged { method: method.clone(), path: path.clone(), auth, body: body.clone() });
    let fault = desk.fault(&method, &path);
    match &fault {
        Some(Fault::Answer(status, headers, body)) => {
            let mut response = Response::builder().status(*status);
            for (name, value) in headers {
                response = response.header(*name, value);
            }
            return response.body(Body::from(body.clone())).unwrap();
        }
        Some(Fault::CutBefore) => return cut(""),
        Some(Fault::Huge) => return Response::new(Body::from(vec![b' '; 3 << 20])),
        Some(Fault::ChangedBefore) => {
            let id = path.trim_start_matches("/Users/").to_owned();
            let user = desk.users.iter_mut().find(|user| user["id"] == *id).unwrap();
            user.insert("nickName".into(), "changed by hand".into());
            touch(user);
        }
        _ => {}
    }
    let if_match = headers.get("if-match").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let (status, mut value) = match desk.act(&method, &path, &query, body, if_match.as_deref(), fault.as_ref()) {
        Ok(done) => done,
        Err(Failed(status, kind)) => (
            status,
            json!({"schemas": [scim::ERROR], "status": status.to_string(), "scimType": kind, "detail": "ann@acme.example is in the way"}),
        ),
    };
    match &fault {
        Some(Fault::Total(total)) => value["totalResults"] = (*total).into(),
        Some(Fault::Nothing) => value = json!({"totalResults": 0}),
        Some(Fault::CutAfter) => return cut(""),
        Some(Fault::HalfJson) => {
            let text = value.to_string();
            return respond(status, text[..text.len() / 2].to_owned());
        }
        _ => {}
    }
    respond(status, if value.is_null() { String::new() } else { value.to_string() })
}

fn respond(status: u16, body: String) -> Response<Body> {
    Response::builder().status(status).header("content-type", scim::MEDIA_TYPE).body(Body::from(body)).unwrap()
}

/// A body that breaks off closes the connection.
fn cut(before: &'static str) -> Response<Body> {
    let parts = [Ok(Bytes::from(before)), Err(std::io::Error::other("cut"))];
    Response::builder().header("content-length", "1000").body(Body::from_stream(futures::stream::iter(parts))).unwrap()
}

fn touch(user: &mut Map<String, Value>) {
    let old = user.get("meta").and_then(|m| m["version"].as_str()).and_then(|v| v[3..v.len() - 1].parse().ok());
    let next: u64 = old.unwrap_or(0) + 1;
    user.insert("meta".into(), json!({"resourceType": "User", "version": format!("W/\"{next}\"")}));
}

fn lower(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_lowercase()
}

impl Desk {
    fn fault(&mut self, method: &Method, path: &str) -> Option<Fault> {
        let rule = self.rules.iter_mut().find(|r| r.times > 0 && r.method == *method && path.starts_with(r.path))?;
        if rule.skip > 0 {
            rule.skip -= 1;
            return None;
        }
        rule.times -= 1;
        Some(rule.fault.clone())
    }

    fn act(
        &mut self,
        method: &Method,
        path: &str,
        query: &str,
        body: Value,
        if_match: Option<&str>,
        fault: Option<&Fault>,
    ) -> Result<(u16, Value), Failed> {
        let id = path.strip_prefix("/Users/");
        match (method.as_str(), path) {
            ("GET", "/ServiceProviderConfig") => Ok((200, self.config())),
            ("GET", "/Schemas") if self.profile.schemas => Ok((200, schemas())),
            ("GET", "/Users") => self.list(query),
            ("POST", "/Users") => {
                Ok((201, Value::Object(self.create(body.as_object().ok_or(Failed(400, "invalidSyntax"))?.clone())?)))
            }
            ("POST", "/Bulk") => self.bulk(&body, fault),
            ("GET", _) if id.is_some() => Ok((200, Value::Object(self.find(id.unwrap())?.clone()))),
            ("PATCH", _) if id.is_some() && self.profile.patch => self.patch(id.unwrap(), &body, if_match),
            ("PUT", _) if id.is_some() => {
                self.check(id.unwrap(), if_match)?;
                let user = self.find(id.unwrap())?;
                let meta = user["meta"].clone();
                *user = body.as_object().unwrap().clone();
                user.insert("meta".into(), meta);
                touch(user);
                Ok((200, Value::Object(user.clone())))
            }
            ("DELETE", _) if id.is_some() => {
                self.check(id.unwrap(), if_match)?;
                self.find(id.unwrap())?;
                self.users.retain(|user| user["id"] != *id.unwrap());
                Ok((204, Value::Null))
            }
            _ => Err(Failed(404, "")),
        }
    }

    fn config(&self) -> Value {
        let Profile { bulk, patch, etag, filter, cursor, page, .. } = self.profile;
        let (operations, payload) = bulk.unwrap_or_default();
        json!({
            "schemas": [scim::SERVICE_PROVIDER_CONFIG],
            "bulk": {"supported": bulk.is_some(), "maxOperations": operations, "maxPayloadSize": payload},
            "patch": {"supported": patch}, "etag": {"supported": etag}, "sort": {"supported": false},
            "filter": {"supported": filter, "maxResults": page}, "pagination": {"cursor": cursor, "index": true},
        })
    }

    fn find(&mut self, id: &str) -> Result<&mut Map<String, Value>, Failed> {
        self.users.iter_mut().find(|user| user["id"] == id).ok_or(Failed(404, ""))
    }

    fn check(&mut self, id: &str, if_match: Option<&str>) -> Result<(), Failed> {
        let version = self.find(id)?["meta"]["version"].clone();
        if if_match.is_some_and(|wanted| version != wanted) { Err(Failed(412, "")) } else { Ok(()) }
    }

    fn create(&mut self, mut user: Map<String, Value>) -> Result<Map<String, Value>, Failed> {
        let name = lower(&user["userName"]);
        if self.users.iter().any(|other| lower(&other["userName"]) == name) {
            return Err(Failed(409, "uniqueness"));
        }
        self.made += 1;
        user.insert("id".into(), format!("u{}", self.made).into());
        touch(&mut user);
        self.users.push(user.clone());
        Ok(user)
    }

    fn list(&self, query: &str) -> Result<(u16, Value), Failed> {
        let get = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let found: Vec<&Map<String, Value>> = match get("filter") {
            Some(_) if !self.profile.filter => return Err(Failed(400, "invalidFilter")),
            Some(filter) => self.users.iter().filter(|user| filter.split(" or ").any(|t| matches(user, t))).collect(),
            None => self.users.iter().collect(),
        };
        let count = get("count").and_then(|n| n.parse().ok()).unwrap_or(self.profile.page).min(self.profile.page);
        let start: usize = match get("cursor") {
            Some(cursor) => cursor.trim_start_matches('c').parse().unwrap_or(0),
            None => get("startIndex").and_then(|n| n.parse::<usize>().ok()).unwrap_or(1) - 1,
        };
        let page: Vec<_> = found.iter().skip(start).take(count).collect();
        let mut answer = json!({"schemas": [scim::LIST_RESPONSE], "totalResults": found.len(), "Resources": page});
        if get("cursor").is_some() && start + count < found.len() {
            answer["nextCursor"] = format!("c{}", start + count).into();
        }
        Ok((200, answer))
    }

    fn patch(&mut self, id: &str, body: &Value, if_match: Option<&str>) -> Result<(u16, Value), Failed> {
        self.check(id, if_match)?;
        let taken = body["Operations"].as_array().unwrap().iter().any(|operation| {
            operation["path"] == "userName"
                && self.users.iter().any(|u| u["id"] != id && lower(&u["userName"]) == lower(&operation["value"]))
        });
        if taken {
            return Err(Failed(409, "uniqueness"));
        }
        let user = self.find(id)?;
        for operation in body["Operations"].as_array().unwrap() {
            apply(user, operation);
        }
        touch(user);
        Ok((204, Value::Null))
    }

    fn bulk(&mut self, body: &Value, fault: Option<&Fault>) -> Result<(u16, Value), Failed> {
        let (most, payload) = self.profile.bulk.ok_or(Failed(404, ""))?;
        let operations = body["Operations"].as_array().unwrap();
        assert!(body.get("failOnErrors").is_none(), "L12: no failOnErrors");
        if operations.len() > most || body.to_string().len() > payload {
            return Err(Failed(413, ""));
        }
        let mut results = Vec::new();
        for (index, operation) in operations.iter().enumerate() {
            let method: Method = operation["method"].as_str().unwrap().parse().unwrap();
            let path = operation["path"].as_str().unwrap();
            let failed = match fault {
                Some(Fault::FailedOperation(at, status)) if *at == index => Some(*status),
                _ => None,
            };
            let done = match failed {
                Some(status) => Err(Failed(status, "")),
                None => self.act(&method, path, "", operation["data"].clone(), operation["version"].as_str(), None),
            };
            let mut result = json!({"method": operation["method"], "bulkId": operation["bulkId"]});
            match done {
                Ok((status, user)) => {
                    let id = user["id"].as_str().map_or_else(|| path.to_owned(), |id| format!("/Users/{id}"));
                    result["location"] = format!("https://desk.example/scim/v2{id}").into();
                    result["status"] = status.to_string().into();
                }
                Err(Failed(status, kind)) => {
                    result["status"] = json!({"code": status.to_string()});
                    result["response"] = json!({"scimType": kind, "status": status});
                }
            }
            if matches!(fault, Some(Fault::Reordered)) && method != Method::POST {
                result.as_object_mut().unwrap().remove("bulkId");
            }
            if !matches!(fault, Some(Fault::MissingResult(at)) if *at == index) {
                results.push(result);
            }
        }
        if matches!(fault, Some(Fault::Reordered)) {
            results.reverse();
        }
        Ok((200, json!({"schemas": [scim::BULK_RESPONSE], "Operations": results})))
    }
}

fn matches(user: &Map<String, Value>, term: &str) -> bool {
    let mut words = term.splitn(3, ' ');
    let (attribute, operator, value) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let wanted: String = serde_json::from_str(value).unwrap();
    let values: Vec<String> = match attribute {
        "emails.value" => {
            user.get("emails").and_then(Value::as_array).into_iter().flatten().map(|e| lower(&e["value"])).collect()
        }
        "userName" => vec![lower(&user["userName"])],
        _ => user.get(attribute).and_then(Value::as_str).map(str::to_owned).into_iter().collect(),
    };
    values.iter().any(|found| match operator {
        "sw" => found.starts_with(&wanted),
        _ => *found == wanted || attribute != "id" && attribute != "externalId" && *found == wanted.to_lowercase(),
    })
}

fn apply(user: &mut Map<String, Value>, operation: &Value) {
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
        assert!(!operation["value"].is_null() && operation["value"] != "", "L13: never null or empty text");
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
    user.push(complex("addresses", &["type", "streetAddress", "locality", "region", "postalCode", "country"]));
    json!({"totalResults": 3, "Resources": [
        {"id": scim::USER, "attributes": user},
        {"id": scim::ENTERPRISE_USER, "attributes": plain(&["organization", "division"])},
        {"id": scim::KDESK_CONTACT, "attributes": plain(&["notes", "portalAccess", "emailNotifications", "connection"])},
    ]})
}
