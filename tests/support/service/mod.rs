//! A server of some vendor's API on a free port, as far as all of them are alike: it keeps a log of what was asked, and
//! misbehaves as told. What it answers when it behaves is a [`Service`]'s to say.

mod fault;
mod http;
mod tokens;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use serde_json::Value;
use url::Url;

pub use fault::Fault;
pub use tokens::{PUBLIC_CERTIFICATE, SIGNING_KEY, Tokens, claims_of};

use fault::Faults;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Ask {
    pub method: Method,
    /// Decoded.
    pub path: String,
    /// Decoded; of a name that stands twice the last.
    pub query: BTreeMap<String, String>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Ask {
    /// A header's text, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// A parameter of the query, or nothing.
    pub fn param(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// The body as a form.
    pub fn form(&self) -> BTreeMap<String, String> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The segments of the path.
    pub fn steps(&self) -> Vec<&str> {
        self.path.split('/').filter(|step| !step.is_empty()).collect()
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Reply {
    pub fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json; charset=utf-8".into())],
            body: body.to_string(),
        }
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// What a vendor's server answers. `base` is its own address, for links.
pub trait Service: Send + 'static {
    fn answer(&mut self, base: &Url, ask: &Ask) -> Reply;
}

struct State<S> {
    service: S,
    faults: Faults,
    log: Vec<Ask>,
    /// Requests that were sent although the server had asked to wait longer.
    hasty: usize,
}

/// The server, while it lives.
pub struct Server<S> {
    /// `http://127.0.0.1:PORT`.
    pub url: Url,
    state: Arc<Mutex<State<S>>>,
    task: tokio::task::JoinHandle<()>,
}

impl<S> Drop for Server<S> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<S: Service> Server<S> {
    pub async fn start(service: S) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let state = Arc::new(Mutex::new(State { service, faults: Faults::default(), log: Vec::new(), hasty: 0 }));
        let (shared, base) = (Arc::clone(&state), url.clone());
        let router = Router::new()
            .fallback(move |request: axum::extract::Request| http::answer(Arc::clone(&shared), base.clone(), request));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, state, task }
    }

    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap()
    }

    /// Changes what the service holds.
    pub fn change<T>(&self, change: impl FnOnce(&mut S) -> T) -> T {
        change(&mut self.lock().service)
    }
}

/// A server whose service does not matter.
pub trait Misbehaving: Send + Sync {
    /// So many requests whose path holds this meet a fault, after so many that do not. An empty path is any.
    fn rule(&self, path: &'static str, skip: usize, times: usize, fault: Fault);
    /// From now on about so many of a hundred requests meet one of these faults, drawn by lot from a seed.
    fn at_random(&self, seed: u64, percent: u32, faults: Vec<Fault>);
    /// From now on it behaves; gives how many requests met a fault.
    fn behave(&self) -> usize;
    /// What was asked so far.
    fn log(&self) -> Vec<Ask>;
    /// Forgets what was asked.
    fn forget(&self);
    /// How many requests came before the pause was over that the server had asked for.
    fn hasty(&self) -> usize;
}

impl<S: Service> Misbehaving for Server<S> {
    fn rule(&self, path: &'static str, skip: usize, times: usize, fault: Fault) {
        self.lock().faults.rule(path, skip, times, fault);
    }

    fn at_random(&self, seed: u64, percent: u32, faults: Vec<Fault>) {
        self.lock().faults.at_random(seed, percent, faults);
    }

    fn behave(&self) -> usize {
        self.lock().faults.clear()
    }

    fn log(&self) -> Vec<Ask> {
        self.lock().log.clone()
    }

    fn forget(&self) {
        self.lock().log.clear();
    }

    fn hasty(&self) -> usize {
        self.lock().hasty
    }
}
