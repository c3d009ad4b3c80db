//! What the controller answers over HTTP: metrics and health to whoever asks, the log level on an address of its own
//! that only this machine reaches.

use std::collections::BTreeMap;
use std::future::IntoFuture as _;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::telemetry::LogLevel;

/// The media type of what `encode` writes.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The longest log level that is read.
const LEVEL: usize = 256;
/// Longest time for answers under way once the process stops.
const FAREWELL: Duration = Duration::from_secs(3);

/// What the controller waits for, and whether its main loop still turns. Clones share it.
#[derive(Clone, Debug)]
pub struct Health(Arc<Mutex<Standing>>);

#[derive(Debug)]
struct Standing {
    /// What is waited for, and why it is not there yet; none once it is.
    waits: BTreeMap<&'static str, Option<&'static str>>,
    ticked: Instant,
    silence: Duration,
}

impl Health {
    /// `silence`: how long the main loop may be silent before the process counts as dead.
    pub fn new(silence: Duration) -> Self {
        Self(Arc::new(Mutex::new(Standing { waits: BTreeMap::new(), ticked: Instant::now(), silence })))
    }

    /// Not ready until `what` is; `why` tells an operator what to look at. Say it for everything before the server
    /// starts, or a probe in between finds nothing to wait for.
    pub fn waits_for(&self, what: &'static str, why: &'static str) {
        self.lock().waits.insert(what, Some(why));
    }

    /// `what` is there.
    pub fn has(&self, what: &'static str) {
        self.lock().waits.insert(what, None);
    }

    /// The main loop is alive at this moment.
    pub fn tick(&self, now: Instant) {
        self.lock().ticked = now;
    }

    /// What is not ready, each with its reason.
    pub fn missing(&self) -> Vec<(&'static str, &'static str)> {
        self.lock().waits.iter().filter_map(|(what, why)| why.map(|why| (*what, why))).collect()
    }

    /// How long the main loop has been silent, if that is too long.
    pub fn silent(&self, now: Instant) -> Option<Duration> {
        let state = self.lock();
        let silent = now.saturating_duration_since(state.ticked);
        (silent > state.silence).then_some(silent)
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The log level was to be served where other machines reach it.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("--admin-address: {0} can be reached from other machines: use 127.0.0.1, and a port-forward to get there")]
pub struct BeyondLoopback(SocketAddr);

/// `/metrics`, `/livez` and `/readyz`.
pub fn public(registry: Arc<Registry>, health: Health) -> Router {
    let probes = Router::new().route("/livez", get(livez)).route("/readyz", get(readyz)).with_state(health);
    Router::new().route("/metrics", get(metrics)).with_state(registry).merge(probes)
}

/// `/loglevel`, to be read and put at this address. Refused for any but a loopback address: only this machine, or a
/// port-forward, may change what is logged.
pub fn admin(level: LogLevel, address: SocketAddr) -> Result<Router, BeyondLoopback> {
    if !address.ip().is_loopback() {
        return Err(BeyondLoopback(address));
    }
    let routes = get(read_level).put(put_level);
    Ok(Router::new().route("/loglevel", routes).layer(DefaultBodyLimit::max(LEVEL)).with_state(level))
}

/// Answers until `stop`, then ends what is under way, within seconds.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> io::Result<()> {
    let late = stop.clone();
    let server = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    tokio::select! {
        ended = server.into_future() => ended,
        // A client that neither asks nor goes must not keep the process.
        () = async { late.cancelled().await; tokio::time::sleep(FAREWELL).await } => Ok(()),
    }
}

async fn metrics(State(registry): State<Arc<Registry>>) -> Response {
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn livez(State(health): State<Health>) -> (StatusCode, String) {
    match health.silent(Instant::now()) {
        None => (StatusCode::OK, "ok\n".to_owned()),
        Some(silent) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("the main loop has been silent for {} s\n", silent.as_secs()))
        }
    }
}

async fn readyz(State(health): State<Health>) -> (StatusCode, String) {
    let missing = health.missing();
    if missing.is_empty() {
        return (StatusCode::OK, "ok\n".to_owned());
    }
    let lines: Vec<String> = missing.into_iter().map(|(what, why)| format!("{what}: {why}")).collect();
    (StatusCode::SERVICE_UNAVAILABLE, lines.join("\n") + "\n")
}

async fn read_level(State(level): State<LogLevel>) -> String {
    level.get() + "\n"
}

async fn put_level(State(level): State<LogLevel>, wanted: String) -> (StatusCode, String) {
    match level.set_level(&wanted) {
        Ok(()) => {
            let now = level.get();
            tracing::info!(level = %now, "the log level was changed");
            (StatusCode::OK, now + "\n")
        }
        Err(error) => (StatusCode::BAD_REQUEST, format!("what was put {error}\n")),
    }
}
