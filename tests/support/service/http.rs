//! Answers requests, rightly or not.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::Response;
use serde_json::Value;
use url::Url;

use super::fault::Fault;
use super::{Ask, Reply, Service, State};

pub(super) async fn answer<S: Service>(state: Arc<Mutex<State<S>>>, base: Url, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let path = decode(parts.uri.path());
    let ask = Ask { method: parts.method, path, query, headers: parts.headers, body };
    let (reply, late) = decide(&mut state.lock().unwrap(), &base, &ask);
    tokio::time::sleep(late).await;
    reply
}

fn decide<S: Service>(state: &mut State<S>, base: &Url, ask: &Ask) -> (Response<Body>, Duration) {
    state.hasty += usize::from(state.faults.pause.is_some_and(|until| Instant::now() < until));
    let fault = state.faults.meet(&ask.path);
    state.log.push(ask.clone());
    let reply = match &fault {
        Some(Fault::Answer(status, headers, body)) => {
            Reply { status: *status, headers: headers.clone(), body: body.clone() }
        }
        Some(Fault::Throttled(status, seconds)) => {
            state.faults.pause = Some(Instant::now() + Duration::from_secs(*seconds));
            Reply { status: *status, headers: vec![("retry-after", seconds.to_string())], body: String::new() }
        }
        Some(Fault::Redirect) => {
            let to = "https://elsewhere.example/".to_owned();
            Reply { status: 302, headers: vec![("location", to)], body: String::new() }
        }
        Some(Fault::WebPage(status)) => Reply {
            status: *status,
            headers: vec![("content-type", "text/html; charset=utf-8".into())],
            body: "<html><body>Signed in as ann@acme.example</body></html>".into(),
        },
        Some(Fault::OtherJson) => Reply::json(200, &serde_json::json!({"message": "ann@acme.example"})),
        _ => state.service.answer(base, ask),
    };
    let late = if let Some(Fault::Late(pause)) = fault { pause } else { Duration::ZERO };
    (respond(changed(reply, fault.as_ref()), fault.as_ref()), late)
}

/// What a fault makes of an answer that is right.
fn changed(mut reply: Reply, fault: Option<&Fault>) -> Reply {
    let list = |body: &str, change: fn(&mut Vec<Value>)| {
        let Ok(mut value) = serde_json::from_str::<Value>(body) else { return body.to_owned() };
        let lists = match &mut value {
            Value::Array(list) => vec![list],
            Value::Object(members) => members
                .iter_mut()
                .filter(|(name, _)| ["value", "users", "members", "groups", "Resources"].contains(&name.as_str()))
                .filter_map(|(_, value)| value.as_array_mut())
                .collect(),
            _ => Vec::new(),
        };
        lists.into_iter().for_each(change);
        value.to_string()
    };
    match fault {
        Some(Fault::EmptyPage) => reply.body = list(&reply.body, Vec::clear),
        Some(Fault::ShortPage) => reply.body = list(&reply.body, |list| list.truncate(list.len() / 2)),
        Some(Fault::HalfJson) => {
            reply.body.truncate((0..=reply.body.len() / 2).rev().find(|n| reply.body.is_char_boundary(*n)).unwrap());
        }
        Some(Fault::WrongType) => reply.headers = vec![("content-type", "text/html".into())],
        Some(Fault::LostLink) => {
            reply.headers.retain(|(name, value)| *name != "link" || !value.contains("next"));
            if let Ok(Value::Object(mut members)) = serde_json::from_str(&reply.body) {
                for link in ["@odata.nextLink", "nextPageToken", "nextCursor"] {
                    members.remove(link);
                }
                reply.body = Value::Object(members).to_string();
            }
        }
        _ => {}
    }
    reply
}

fn respond(reply: Reply, fault: Option<&Fault>) -> Response<Body> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    let body = Bytes::from(reply.body);
    let cut = |body: Bytes| {
        let parts = [Ok(body), Err(std::io::Error::other("cut"))];
        Body::from_stream(futures::stream::iter(parts))
    };
    match fault {
        // A body that breaks off closes the connection.
        Some(Fault::Cut) => Response::builder().header("content-length", "1000").body(cut(Bytes::new())).unwrap(),
        Some(Fault::CutInside) => {
            response.header("content-length", body.len() + 1).body(cut(body.slice(..body.len() / 2))).unwrap()
        }
        _ => response.body(Body::from(body)).unwrap(),
    }
}
