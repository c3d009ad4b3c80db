//! Answers requests, rightly or not.

use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use contactsync::scim;
use serde_json::{Value, json};

use super::Logged;
use super::fault::Fault;
use super::profile::Habit;
use super::users::{Ask, Desk, Failed, touch};

/// What all requests share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) desk: Arc<Mutex<Desk>>,
    /// Bytes of endless answers that were read.
    pub(super) streamed: Arc<AtomicU64>,
}

/// What is sent, and when.
enum Sent {
    Now(Response<Body>),
    After(Duration, Response<Body>),
}

pub(super) async fn answer(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    match decide(&shared, &method, &uri, &headers, &body) {
        Sent::Now(response) => response,
        Sent::After(pause, response) => {
            tokio::time::sleep(pause).await;
            response
        }
    }
}

fn decide(shared: &Shared, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Sent {
    let mut desk = shared.desk.lock().unwrap();
    let path = uri.path().trim_start_matches("/scim/v2").to_owned();
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let query = percent_encoding::percent_decode_str(uri.query().unwrap_or_default()).decode_utf8_lossy().into_owned();
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let auth = header("authorization").unwrap_or_default();
    desk.log.push(Logged { method: method.clone(), path: path.clone(), auth, body: body.clone() });
    let fault = desk.fault(method, &path);
    if let Some(response) = instead(&mut desk, shared, &path, fault.as_ref()) {
        return response;
    }
    let if_match = header("if-match");
    let before = matches!(fault, Some(Fault::Swallowed)).then(|| desk.users.clone());
    let ask = Ask { method, path: &path, query: &query, body, if_match: if_match.as_deref() };
    let (mut status, mut value) = match desk.act(ask, fault.as_ref()) {
        Ok(done) => done,
        Err(Failed(status, kind)) => (
            status,
            json!({"schemas": [scim::ERROR], "status": status.to_string(), "scimType": kind, "detail": "ann@acme.example is in the way"}),
        ),
    };
    if let Some(before) = before {
        desk.users = before;
    }
    match &fault {
        Some(Fault::Total(total)) => value["totalResults"] = (*total).into(),
        Some(Fault::Nothing) => value = json!({"totalResults": 0}),
        Some(Fault::DoneButSaid(said)) if path != "/Bulk" => (status, value) = (*said, Value::Null),
        Some(Fault::CutAfter) => return Sent::Now(cut()),
        Some(Fault::HalfJson) => {
            let text = value.to_string();
            return Sent::Now(respond(status, text[..text.len() / 2].to_owned()));
        }
        _ => {}
    }
    let text = if value.is_null() { String::new() } else { value.to_string() };
    let zipped = desk.profile.has(Habit::Gzip) && header("accept-encoding").is_some_and(|kinds| kinds.contains("gzip"));
    let response = if zipped { compressed(status, &text) } else { respond(status, text) };
    match fault {
        Some(Fault::Late(pause)) => Sent::After(pause, response),
        _ => Sent::Now(response),
    }
}

/// The faults for which nothing is done, or something else first.
fn instead(desk: &mut Desk, shared: &Shared, path: &str, fault: Option<&Fault>) -> Option<Sent> {
    let response = match fault? {
        Fault::Answer(status, headers, body) => {
            let mut response = Response::builder().status(*status);
            for (name, value) in headers {
                response = response.header(*name, value);
            }
            response.body(Body::from(body.clone())).unwrap()
        }
        Fault::CutBefore => cut(),
        Fault::Stall(pause) => return Some(Sent::After(*pause, cut())),
        Fault::Huge => Response::new(Body::from(vec![b' '; 3 << 20])),
        Fault::Endless => Response::new(endless(Arc::clone(&shared.streamed))),
        Fault::Deep => respond(200, "[".repeat(100_000)),
        Fault::ChangedBefore => {
            let id = path.trim_start_matches("/Users/").to_owned();
            let user = desk.users.iter_mut().find(|user| user["id"] == *id).unwrap();
            user.insert("nickName".into(), "changed by hand".into());
            touch(user);
            return None;
        }
        _ => return None,
    };
    Some(Sent::Now(response))
}

fn respond(status: u16, body: String) -> Response<Body> {
    Response::builder().status(status).header("content-type", scim::MEDIA_TYPE).body(Body::from(body)).unwrap()
}

fn compressed(status: u16, body: &str) -> Response<Body> {
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    zipped.write_all(body.as_bytes()).unwrap();
    Response::builder()
        .status(status)
        .header("content-type", scim::MEDIA_TYPE)
        .header("content-encoding", "gzip")
        .body(Body::from(zipped.finish().unwrap()))
        .unwrap()
}

/// A body that breaks off closes the connection.
fn cut() -> Response<Body> {
    let parts = [Ok(Bytes::new()), Err(std::io::Error::other("cut"))];
    Response::builder().header("content-length", "1000").body(Body::from_stream(futures::stream::iter(parts))).unwrap()
}

/// 100 MiB of blanks within a list response, 64 KiB at a time.
fn endless(streamed: Arc<AtomicU64>) -> Body {
    const BLOCK: usize = 64 * 1024;
    let blanks = Bytes::from(vec![b' '; BLOCK]);
    let parts = (0..(100 << 20) / BLOCK).map(move |_| {
        streamed.fetch_add(BLOCK as u64, Ordering::Relaxed);
        Ok::<_, std::io::Error>(blanks.clone())
    });
    Body::from_stream(futures::stream::iter(parts))
}
