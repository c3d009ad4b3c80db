//! `GET /v1/namespaces/{namespace}/logrequests/{name}`: the log that a request asks for, to whoever bears its ticket.
//!
//! Whoever bears none is told nothing: no such request, another's ticket and one that is too old read the same.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures::StreamExt as _;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};
use tokio::sync::{Semaphore, mpsc};

use super::super::patch;
use super::super::places::{Leave, Place};
use super::super::roster::Name;
use super::find::{Found, find, keys};
use super::ticket::Ticket;
use crate::api::{ContactSyncConnection, ContactSyncLogRequest};
use crate::clock::Clock;
use crate::runlog::{LogStream, RunId, RunStore};

/// The header that bears the ticket. The API server's proxy passes it on, and Authorization not.
pub const TICKET: &str = "x-contactsync-ticket";
/// The header that says in one word what the answer is, so that a client tells it from one of the API server's proxy.
pub const ANSWER: &str = "x-contactsync-answer";

/// Requests that are looked up in a second, and at once: each is a question to the API server, and anybody may ask.
const TRIES: NonZeroU32 = NonZeroU32::MIN.saturating_add(49);
const LOOKUPS: usize = 16;
/// Logs that are sent at once, and those of one namespace: whoever reads slowly keeps his own waiting.
const DOWNLOADS: usize = 16;
const SHARE: usize = 6;
/// Longest time to find a log.
const LOOKUP: Duration = Duration::from_secs(20);
/// Longest time that a reader may take no piece of a log.
const STALLED: Duration = Duration::from_mins(1);

/// What answers.
pub struct Endpoint {
    client: Client,
    store: RunStore,
    clock: Clock,
    cluster: String,
    namespaces: Vec<String>,
    tries: DefaultDirectRateLimiter,
    lookups: Semaphore,
    downloads: Leave,
}

impl Endpoint {
    /// Answers from this store for connections of the cluster that is called so, in these namespaces (none: all).
    pub fn new(client: Client, store: RunStore, clock: Clock, cluster: String, namespaces: Vec<String>) -> Self {
        let (lookups, downloads) = (Semaphore::new(LOOKUPS), Leave::shared(DOWNLOADS, SHARE));
        let tries = RateLimiter::direct(Quota::per_second(TRIES));
        Self { client, store, clock, cluster, namespaces, tries, lookups, downloads }
    }

    /// Its one address.
    pub fn router(self) -> Router {
        Router::new()
            .route("/v1/namespaces/{namespace}/logrequests/{name}", get(answer))
            .fallback(async || Answer::Refused)
            .method_not_allowed_fallback(async || Answer::Refused)
            .with_state(Arc::new(self))
    }

    async fn look_up(&self, at: &Name, headers: &HeaderMap) -> Answer {
        let Some(ticket) = headers.get(TICKET).and_then(|text| Ticket::parse(text.to_str().ok()?)) else {
            return Answer::Refused;
        };
        if self.tries.check().is_err() {
            return Answer::Busy;
        }
        let Ok(_turn) = self.lookups.try_acquire() else { return Answer::Busy };
        let Some(request) = self.request(at).await.filter(|request| ticket.opens(request, (self.clock)())) else {
            return Answer::Refused;
        };
        let Some(turn) = self.downloads.try_place_of(&at.namespace) else { return Answer::Busy };
        self.log(at, &request, turn).await
    }

    /// The request of that name, if there may be one.
    async fn request(&self, at: &Name) -> Option<ContactSyncLogRequest> {
        let seen = self.namespaces.is_empty() || self.namespaces.contains(&at.namespace);
        if !seen || !is_name(&at.namespace) || !is_name(&at.name) {
            return None;
        }
        let api: Api<ContactSyncLogRequest> = Api::namespaced(self.client.clone(), &at.namespace);
        match api.get_opt(&at.name).await {
            Ok(request) => request,
            Err(error) => {
                tracing::warn!(error = %super::super::error::brief(&error), "a log request cannot be read");
                None
            }
        }
    }

    /// When the namespace was made: whoever had one of its name before was somebody else. `None`: it may not be known, as
    /// where the operator names the namespaces.
    async fn made(&self, namespace: &str) -> kube::Result<Option<Timestamp>> {
        match Api::<Namespace>::all(self.client.clone()).get_metadata_opt(namespace).await {
            Ok(found) => Ok(found.and_then(|found| Some(found.metadata.creation_timestamp?.0))),
            Err(error) if patch::is_forbidden(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn log(&self, at: &Name, request: &ContactSyncLogRequest, turn: Place) -> Answer {
        let wanted = match &request.spec.run {
            None => None,
            Some(text) => match RunId::parse(text) {
                Some(run) => Some(run),
                None => return Answer::NoRun,
            },
        };
        let name = Name { namespace: at.namespace.clone(), name: request.spec.connection.clone() };
        let api: Api<ContactSyncConnection> = Api::namespaced(self.client.clone(), &name.namespace);
        // One that cannot be read, or is gone, may have run under its default key.
        let connection = api.get_opt(&name.name).await.ok().flatten();
        let keys = keys(&self.cluster, &name, connection.as_ref());
        let since = match self.made(&name.namespace).await {
            Ok(since) => since,
            Err(error) => {
                tracing::warn!(error = %super::super::error::brief(&error), "a namespace cannot be read");
                return Answer::Busy;
            }
        };
        match find(&self.store, &keys, &name, wanted.as_ref(), since).await {
            Ok(Found::Log { run, size, log }) => {
                tracing::info!(
                    namespace = %name.namespace, connection = %name.name, %run, request = %at.name,
                    "a run log is read"
                );
                Answer::Log { run, size, log, turn }
            }
            Ok(Found::NoLog(run)) => Answer::NoLog(run),
            Ok(Found::NoRun) => Answer::NoRun,
            Err(error) => {
                tracing::warn!(namespace = %name.namespace, connection = %name.name, %error, "a run log cannot be read");
                Answer::Store
            }
        }
    }
}

/// What is answered.
enum Answer {
    Log {
        run: RunId,
        size: u64,
        log: LogStream,
        turn: Place,
    },
    /// To whoever has no right to be told more.
    Refused,
    NoRun,
    NoLog(RunId),
    Store,
    Busy,
}

async fn answer(State(endpoint): State<Arc<Endpoint>>, Path(at): Path<(String, String)>, headers: HeaderMap) -> Answer {
    let at = Name { namespace: at.0, name: at.1 };
    tokio::time::timeout(LOOKUP, Box::pin(endpoint.look_up(&at, &headers))).await.unwrap_or(Answer::Busy)
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let (word, status, text) = match self {
            Self::Log { run, size, log, turn } => {
                let mut response = Response::new(Body::from_stream(pump(log, turn)));
                let headers = response.headers_mut();
                headers.insert(header::CONTENT_LENGTH, size.into());
                if let Ok(run) = HeaderValue::from_str(run.as_str()) {
                    headers.insert("x-contactsync-run", run);
                }
                return common(response, "log");
            }
            Self::Refused => (
                "refused",
                StatusCode::NOT_FOUND,
                "there is no such request, or the ticket is not its own, or it is too old\n".to_owned(),
            ),
            Self::NoRun => ("no-run", StatusCode::NOT_FOUND, "there is no such run of that connection\n".to_owned()),
            Self::NoLog(run) => (
                "no-log",
                StatusCode::NOT_FOUND,
                format!("run {run} has no log: it is still going on, was cut off, or its log was too old to keep\n"),
            ),
            Self::Store => (
                "store",
                StatusCode::BAD_GATEWAY,
                "the store of run logs does not work: the controller's log says why\n".to_owned(),
            ),
            Self::Busy => {
                ("busy", StatusCode::SERVICE_UNAVAILABLE, "too many read logs now: try again in a minute\n".to_owned())
            }
        };
        common((status, text).into_response(), word)
    }
}

fn common(mut response: Response, word: &'static str) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cache-control", "no-store"),
        (ANSWER, word),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Passes a log on, a few pieces ahead of the reader. A reader that stands still does not keep others waiting.
fn pump(mut log: LogStream, turn: Place) -> impl futures::Stream<Item = Result<Bytes, std::io::Error>> {
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        let _turn = turn;
        while let Some(piece) = log.next().await {
            if let Err(error) = &piece {
                tracing::warn!(%error, "a run log broke off while it was read");
            }
            let failed = piece.is_err();
            let sent = sender.send_timeout(piece.map_err(std::io::Error::other), STALLED).await;
            if sent.is_err() || failed {
                break;
            }
        }
    });
    futures::stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|piece| (piece, receiver)) })
}

/// Whether an object or a namespace can be called so: what else would be asked of the API server is nobody's name.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    !text.is_empty() && text.len() <= 253 && text.chars().all(plain) && !text.starts_with('.')
}
