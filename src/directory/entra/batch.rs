//! Many requests in one (learn.microsoft.com/graph/json-batching). Each counts against the vendor's limits for itself, and
//! is throttled for itself, so batches go one after another and never hurry past a pause that one of them asked for.

use std::time::Duration;

use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Graph;
use super::fault::{Question, Refusal, refused};
use crate::directory::Error;
use crate::net::api::Request;

/// The most that one batch may hold.
pub(super) const MOST: usize = 20;

/// A request within a batch. `url` is below the version.
#[derive(Clone, Debug)]
pub(super) struct Part {
    method: Method,
    url: String,
    body: Option<Value>,
}

impl Part {
    pub(super) fn get(url: String) -> Self {
        Self { method: Method::GET, url, body: None }
    }

    pub(super) fn post(url: String, body: Value) -> Self {
        Self { method: Method::POST, url, body: Some(body) }
    }

    fn json(&self, id: usize) -> Value {
        let mut part = json!({"id": id.to_string(), "method": self.method.as_str(), "url": self.url});
        if let (Some(part), Some(body)) = (part.as_object_mut(), &self.body) {
            part.insert("headers".to_owned(), json!({"Content-Type": "application/json"}));
            part.insert("body".to_owned(), body.clone());
        }
        part
    }
}

/// The answer to one part: 200 or 404.
#[derive(Debug)]
pub(super) enum Reply {
    There(Value),
    /// `Request_ResourceNotFound`.
    NotFound,
}

#[derive(Deserialize)]
struct Answers {
    responses: Vec<Response>,
}

#[derive(Deserialize)]
struct Response {
    id: String,
    status: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    body: Value,
}

impl Response {
    /// What its `Retry-After` asks for.
    fn retry_after(&self) -> Option<Duration> {
        let (_, value) = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
        let headers = http::HeaderMap::from_iter([(http::header::RETRY_AFTER, value.as_str()?.parse().ok()?)]);
        crate::net::retry::retry_after(&headers)
    }
}

impl Graph {
    /// Asks all parts, at most [`MOST`]; gives an answer to each, in their order. Those that are throttled or that fail
    /// on the vendor's side are asked again; an answer that is missing or not understood fails them all (L3).
    pub(super) async fn batch(&self, question: Question<'_>, parts: &[Part]) -> Result<Vec<Reply>, Error> {
        let mut replies: Vec<Option<Reply>> = parts.iter().map(|_| None).collect();
        let mut retries = self.retry.start();
        loop {
            let open: Vec<Value> = parts
                .iter()
                .enumerate()
                .zip(&replies)
                .filter(|(_, reply)| reply.is_none())
                .map(|((id, part), _)| part.json(id))
                .collect();
            if open.is_empty() {
                return Ok(replies.into_iter().flatten().collect());
            }
            let mut pause = None;
            let mut throttled = false;
            for response in self.send(question, &open).await? {
                let place = response.id.parse::<usize>().ok().and_then(|id| replies.get_mut(id));
                let reply = place.filter(|reply| reply.is_none()).ok_or_else(|| {
                    self.web.incomplete("an answer to a batch answers what was not asked, or answers it twice")
                })?;
                match response.status {
                    200 => *reply = Some(Reply::There(response.body)),
                    404 if Refusal::within(&response.body).is("Request_ResourceNotFound") => {
                        *reply = Some(Reply::NotFound);
                    }
                    429 | 500 | 502..=504 => {
                        throttled |= matches!(response.status, 429 | 503);
                        pause = pause.max(response.retry_after());
                    }
                    status => {
                        return Err(refused(&self.web, question, status, &Refusal::within(&response.body)).into());
                    }
                }
            }
            if replies.iter().all(Option::is_some) {
                continue;
            }
            let Some(wait) = retries.next_wait(pause) else {
                return Err(self.web.unavailable("it does not answer some of the requests of a batch"));
            };
            if throttled {
                self.web.ask_less(wait);
            } else {
                self.web.pause(wait);
            }
        }
    }

    async fn send(&self, question: Question<'_>, open: &[Value]) -> Result<Vec<Response>, Error> {
        let body = json!({"requests": open}).to_string();
        let request = Request::new(Method::POST, self.web.url(&["$batch"], &[])).body("application/json", body.into());
        let answer = self.web.ask(&request).await?;
        if answer.status != 200 {
            return Err(refused(&self.web, question, answer.status, &Refusal::of(&answer.body)).into());
        }
        let answers: Answers = self.web.parse(&answer)?;
        if answers.responses.len() != open.len() {
            return Err(self.web.incomplete("a batch was not answered whole"));
        }
        Ok(answers.responses)
    }
}
