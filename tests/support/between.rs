//! A proxy between runs and their desk: it counts what passes, remembers what the desk said it has done, and stops a
//! request at a chosen point until a test lets it go on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Response};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::oneshot;

use super::house::client;

/// What a request is for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// What the desk can do, and whether it lets one in.
    Greeting,
    /// One page of the owned contacts.
    Listing,
    /// Contacts fetched again, or looked for.
    Fetching,
    /// Contacts made or changed.
    Writing,
    /// The same, addresses being moved out of the way among them.
    Parking,
    /// Contacts marked as left, turned off, deleted or given up.
    Removing,
}

/// A request on its way.
#[derive(Clone, Debug)]
pub struct Passing {
    pub kind: Kind,
    pub method: Method,
    pub path: String,
    /// How many requests that change something came before, this one included.
    pub writes: usize,
}

impl Passing {
    pub fn is_write(&self) -> bool {
        self.kind >= Kind::Writing
    }
}

/// Where a request is stopped.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Side {
    /// The desk has not seen it.
    Before,
    /// The desk has done it, and its answer is on the way.
    After,
}

/// What becomes of a stopped request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Then {
    GoOn,
    Vanish,
}

/// A request that is, or will be, stopped. Dropped, it lets it vanish.
pub struct Stop {
    pub reached: oneshot::Receiver<Passing>,
    go: oneshot::Sender<Then>,
}

impl Stop {
    /// Waits until it is there.
    pub async fn wait(&mut self) -> Passing {
        (&mut self.reached).await.expect("the proxy lives")
    }

    pub fn then(self, then: Then) {
        // Nobody may be waiting any more.
        let _waited = self.go.send(then).is_ok();
    }
}

type Matches = Box<dyn Fn(&Passing) -> bool + Send>;

struct Rule {
    matches: Matches,
    side: Side,
    reached: oneshot::Sender<Passing>,
    go: oneshot::Receiver<Then>,
}

#[derive(Default)]
struct Seen {
    rules: Vec<Rule>,
    writes: usize,
    kinds: HashMap<Kind, usize>,
    /// When each request came.
    times: Vec<Timestamp>,
    /// Contacts that the desk said are there, with the version it told, if any; `None`: gone.
    done: HashMap<String, Option<i64>>,
}

struct Shared {
    seen: Mutex<Seen>,
    client: reqwest::Client,
    to: String,
    without_bulk: bool,
}

pub struct Between {
    pub base: String,
    shared: Arc<Shared>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Between {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Between {
    /// In front of the desk at `to` (with its path).
    pub async fn start(to: &str, without_bulk: bool) -> Self {
        let shared = Arc::new(Shared { seen: Mutex::default(), client: client(), to: to.to_owned(), without_bulk });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/scim/v2", listener.local_addr().unwrap());
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, shared, server }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen.lock().unwrap()
    }

    /// Stops the next request of that kind.
    pub fn stop(&self, side: Side, matches: impl Fn(&Passing) -> bool + Send + 'static) -> Stop {
        let (reached_sender, reached) = oneshot::channel();
        let (go, go_receiver) = oneshot::channel();
        let rule = Rule { matches: Box::new(matches), side, reached: reached_sender, go: go_receiver };
        self.seen().rules.push(rule);
        Stop { reached, go }
    }

    /// Requests that changed something, or tried to.
    pub fn writes(&self) -> usize {
        self.seen().writes
    }

    /// When each request came.
    pub fn times(&self) -> Vec<Timestamp> {
        self.seen().times.clone()
    }

    /// How many of each kind passed.
    pub fn kinds(&self) -> HashMap<Kind, usize> {
        self.seen().kinds.clone()
    }

    /// Forgets what passed and whom to stop, not what the desk said it has done.
    pub fn count_anew(&self) {
        let mut seen = self.seen();
        let done = std::mem::take(&mut seen.done);
        *seen = Seen { done, ..Seen::default() };
    }

    /// What the desk said it has done: contact and the least version it must have now, or `None`: it is gone.
    pub fn done(&self) -> HashMap<String, Option<i64>> {
        self.seen().done.clone()
    }
}

/// A client that goes away does not take its request back: it is handed on by a task of its own.
async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    tokio::spawn(hand_on(shared, request)).await.unwrap_or_else(|_| cut())
}

async fn hand_on(shared: Arc<Shared>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, 64 << 20).await else { return cut() };
    let path = head.uri.path_and_query().map_or("", axum::http::uri::PathAndQuery::as_str);
    let path = path.trim_start_matches("/scim/v2").to_owned();
    let passing = shared.note(&head.method, &path, &body);
    if shared.halt(Side::Before, &passing).await == Then::Vanish {
        return cut();
    }
    let answer = shared.forward(&head.method, &path, &head.headers, body).await;
    if let Some((status, _, answer)) = &answer
        && passing.is_write()
    {
        shared.remember(&passing, *status, answer);
    }
    if shared.halt(Side::After, &passing).await == Then::Vanish {
        return cut();
    }
    let Some((status, headers, body)) = answer else { return cut() };
    let mut response = Response::builder().status(status);
    for name in ["content-type", "etag", "location", "retry-after"] {
        if let Some(value) = headers.get(name) {
            response = response.header(name, value);
        }
    }
    response.body(Body::from(body)).unwrap()
}

/// A body that breaks off closes the connection.
fn cut() -> Response<Body> {
    let parts = [Err::<Bytes, _>(std::io::Error::other("cut"))];
    Response::builder().header("content-length", "1000").body(Body::from_stream(futures::stream::iter(parts))).unwrap()
}

impl Shared {
    fn note(&self, method: &Method, path: &str, body: &Bytes) -> Passing {
        let kind = kind(method, path, &String::from_utf8_lossy(body));
        let mut seen = self.seen.lock().unwrap();
        seen.times.push(contactsync::clock::system()());
        seen.writes += usize::from(kind >= Kind::Writing);
        *seen.kinds.entry(kind).or_default() += 1;
        Passing { kind, method: method.clone(), path: path.to_owned(), writes: seen.writes }
    }

    async fn halt(&self, side: Side, passing: &Passing) -> Then {
        let rule = {
            let mut seen = self.seen.lock().unwrap();
            let at = seen.rules.iter().position(|rule| rule.side == side && (rule.matches)(passing));
            at.map(|at| seen.rules.remove(at))
        };
        let Some(rule) = rule else { return Then::GoOn };
        drop(rule.reached.send(passing.clone()));
        rule.go.await.unwrap_or(Then::Vanish)
    }

    async fn forward(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Option<(u16, HeaderMap, Bytes)> {
        if self.without_bulk && path.starts_with("/Bulk") {
            return Some((404, HeaderMap::new(), Bytes::new()));
        }
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.to)).body(body);
        for name in ["accept", "authorization", "content-type", "if-match"] {
            if let Some(value) = headers.get(name) {
                request = request.header(name, value);
            }
        }
        let answer = request.send().await.ok()?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = answer.bytes().await.ok()?;
        if self.without_bulk && path.starts_with("/ServiceProviderConfig") {
            let mut config: Value = serde_json::from_slice(&body).unwrap();
            config["bulk"]["supported"] = false.into();
            body = config.to_string().into();
        }
        Some((status, headers, body))
    }

    fn remember(&self, passing: &Passing, status: u16, answer: &Bytes) {
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        let mut seen = self.seen.lock().unwrap();
        let mut note = |method: &str, location: &str, version: Option<&str>| {
            let id = location.rsplit('/').next().unwrap_or_default().to_owned();
            let version = version.and_then(|text| text.trim_start_matches("W/").trim_matches('"').parse().ok());
            let version = if method == "DELETE" { None } else { Some(version.unwrap_or(1)) };
            // Answers may come out of order; versions only grow.
            let latest = seen.done.entry(id).or_insert(version);
            *latest = if version.is_none() || latest.is_none() { None } else { version.max(*latest) };
        };
        if passing.path == "/Bulk" {
            for operation in answer["Operations"].as_array().into_iter().flatten() {
                if operation["status"].as_str().is_some_and(|status| status.starts_with('2')) {
                    let (method, location) = (operation["method"].as_str(), operation["location"].as_str());
                    note(method.unwrap_or_default(), location.unwrap_or_default(), operation["version"].as_str());
                }
            }
        } else if (200..300).contains(&status) {
            let location = answer["meta"]["location"].as_str().unwrap_or(&passing.path);
            note(passing.method.as_str(), location, answer["meta"]["version"].as_str());
        }
    }
}

fn kind(method: &Method, path: &str, body: &str) -> Kind {
    if *method == Method::GET {
        return match path {
            _ if !path.starts_with("/Users") => Kind::Greeting,
            "/Users?count=1" => Kind::Greeting,
            _ if path.contains("cursor=") => Kind::Listing,
            _ => Kind::Fetching,
        };
    }
    let removes = *method == Method::DELETE
        || ["\"DELETE\"", "!left=", "!deactivated="].iter().any(|word| body.contains(word))
        || body.contains(r#""op":"remove","path":"externalId""#);
    match () {
        () if removes => Kind::Removing,
        () if body.contains("@contactsync.invalid") => Kind::Parking,
        () => Kind::Writing,
    }
}
