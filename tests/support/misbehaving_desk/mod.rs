//! A small SCIM desk in memory that misbehaves as told: the nth request of a kind is answered wrongly, late or not at
//! all ([`Fault`]), or something is always wrong ([`Habit`]). What it cannot do is what a test wants it to lack.
#![allow(
    clippy::struct_excessive_bools,
    clippy::needless_pass_by_value,
    clippy::assigning_clones,
    reason = "a fake: short to write, and read by tests only"
)]

mod bulk;
mod fault;
mod filter;
mod http;
mod profile;
mod schemas;
mod users;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::http::Method;
use serde_json::Value;
use url::Url;

pub use fault::Fault;
pub use profile::{Habit, Profile};

use fault::Rule;
use http::Shared;
use users::Desk;

/// A request that was received.
#[derive(Clone, Debug)]
pub struct Logged {
    pub method: Method,
    pub path: String,
    /// `Authorization`, as it came.
    pub auth: String,
    pub body: Value,
}

impl Logged {
    /// Whether it changes something.
    pub fn writes(&self) -> bool {
        self.method != Method::GET
    }
}

/// The desk, while it lives.
pub struct MisbehavingDesk {
    pub url: Url,
    shared: Shared,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for MisbehavingDesk {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl MisbehavingDesk {
    pub async fn start(profile: Profile) -> Self {
        let shared = Shared { desk: Arc::new(Mutex::new(Desk::new(profile))), streamed: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/scim/v2", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new().fallback(http::answer).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared, server }
    }

    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.shared.desk.lock().unwrap()
    }

    /// The next request of that method below that path meets a fault.
    pub fn once(&self, method: Method, path: &'static str, fault: Fault) {
        self.rule(method, path, 0, 1, fault);
    }

    /// So many requests of that kind meet a fault, after so many that do not.
    pub fn rule(&self, method: Method, path: &'static str, skip: usize, times: usize, fault: Fault) {
        self.lock().rules.push(Rule { method: Some(method), path, skip, times, fault });
    }

    /// So many requests of whatever kind meet a fault, after so many that do not.
    pub fn any(&self, skip: usize, times: usize, fault: Fault) {
        self.lock().rules.push(Rule { method: None, path: "", skip, times, fault });
    }

    /// From now on it behaves; gives how many requests met a fault.
    pub fn behave(&self) -> usize {
        let mut desk = self.lock();
        desk.rules.clear();
        std::mem::take(&mut desk.met)
    }

    pub fn add(&self, user: Value) -> String {
        self.lock().create(user.as_object().unwrap().clone()).unwrap()["id"].as_str().unwrap().to_owned()
    }

    pub fn users(&self) -> Vec<Value> {
        self.lock().users.iter().cloned().map(Value::Object).collect()
    }

    /// Puts these contacts in the place of all.
    pub fn restore(&self, users: &[Value]) {
        let mut desk = self.lock();
        desk.users = users.iter().map(|user| user.as_object().unwrap().clone()).collect();
        desk.made = users.len() as u64;
    }

    pub fn user(&self, id: &str) -> Value {
        self.users().into_iter().find(|user| user["id"] == id).unwrap()
    }

    pub fn log(&self) -> Vec<Logged> {
        self.lock().log.clone()
    }

    pub fn forget_log(&self) {
        self.lock().log.clear();
    }

    pub fn requests(&self, method: &Method, path: &str) -> Vec<Logged> {
        self.log().into_iter().filter(|l| l.method == *method && l.path.starts_with(path)).collect()
    }

    /// How many bytes of endless answers were read.
    pub fn streamed(&self) -> u64 {
        self.shared.streamed.load(Ordering::Relaxed)
    }

    /// Every rule was met as often as it says.
    pub fn assert_met(&self) {
        for rule in &self.lock().rules {
            assert_eq!(rule.times, 0, "{:?} {} never met {:?}", rule.method, rule.path, rule.fault);
        }
    }
}
