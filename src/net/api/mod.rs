//! One request to an API over HTTP: signed in, under a budget, tried again as far as that is safe. What an answer's status
//! means is for who asked; only what every server means alike is handled here.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::{ACCEPT_ENCODING, AUTHORIZATION, LOCATION};
use http::{HeaderMap, HeaderValue};

mod auth;
mod error;
mod message;
mod pace;

pub use auth::Auth;
pub use error::{ApiError, Fault};
pub use message::{Answer, Request};
pub use pace::{Pace, PaceOf, Throttling};

use super::http::{BodyError, certificate_flaw, describe, host, read_body};
use super::oauth::TokenError;
use super::retry::{self, Retries};
use super::{Budget, RetryPolicy, Secret};

/// Whether a request may be sent again when nobody knows what became of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Again {
    /// It changes nothing.
    Always,
    /// It changes something.
    WhenRefused,
}

/// An API, and the way to it.
pub struct HttpApi {
    /// Sends.
    pub client: reqwest::Client,
    /// Signs in.
    pub auth: Auth,
    /// How hard it may be worked; told how each request ended.
    pub budget: Budget,
    /// How long failing requests are tried again.
    pub retry: RetryPolicy,
    /// Longest answer that is read, in bytes, decoded.
    pub max_answer: usize,
    /// Answers need not come compressed: on one machine that costs more time than it saves.
    pub plain: bool,
    /// How it asks to be asked less.
    pub pace: PaceOf,
    throttled: AtomicU64,
    waited: AtomicU64,
}

enum Attempt {
    Answered(Box<Answer>),
    /// It was not carried out.
    Refused(String),
    /// The same, because the server is asked too much.
    Throttled(String, Option<Duration>),
    /// Nobody knows.
    Lost(String),
}

impl HttpApi {
    /// One that means what every server means.
    pub fn new(client: reqwest::Client, auth: Auth, budget: Budget, retry: RetryPolicy, max_answer: usize) -> Self {
        let (throttled, waited) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { client, auth, budget, retry, max_answer, plain: false, pace: |_| Pace::Free, throttled, waited }
    }

    /// How often it asked to be asked less so far.
    pub fn throttling(&self) -> Throttling {
        Throttling {
            times: self.throttled.load(Ordering::Relaxed),
            waited: Duration::from_millis(self.waited.load(Ordering::Relaxed)),
        }
    }

    /// Signs in, so that credentials are proven before anything is asked. The token is kept.
    pub async fn sign_in(&self, host: &str) -> Result<(), ApiError> {
        let mut retries = self.retry.start();
        loop {
            let reason = match self.token().await {
                Ok(_) => return Ok(()),
                Err(error @ TokenError::Denied { .. }) => {
                    return Err(ApiError::Denied { host: host.to_owned(), reason: error.to_string() });
                }
                Err(error) => error.to_string(),
            };
            let Some(wait) = retries.next_wait(None) else {
                return Err(ApiError::Unavailable { host: host.to_owned(), reason });
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Part of an answer asked to be asked less: the next request waits so long, whoever sends it. It counts as an answer
    /// of its own.
    pub fn ask_less(&self, pause: Duration) {
        self.budget.watch().answered(429);
        self.throttled.fetch_add(1, Ordering::Relaxed);
        self.budget.pause(pause);
    }

    /// The next request waits so long, whoever sends it.
    pub fn pause(&self, pause: Duration) {
        self.budget.pause(pause);
    }

    /// A request that changes nothing: tried again whatever happened, within the time for it.
    pub async fn read(&self, request: &Request) -> Result<Answer, ApiError> {
        self.read_within(request, self.retry).await
    }

    /// The same within another time.
    pub async fn read_within(&self, request: &Request, policy: RetryPolicy) -> Result<Answer, ApiError> {
        self.send(request, Again::Always, policy).await.map_err(|fault| match fault {
            Fault::Lost(reason) => unavailable(request, reason),
            Fault::Fatal(error) => error,
        })
    }

    /// A request that changes something: tried again only when it was surely not carried out.
    pub async fn write(&self, request: &Request) -> Result<Answer, Fault> {
        self.send(request, Again::WhenRefused, self.retry).await
    }

    async fn send(&self, request: &Request, again: Again, policy: RetryPolicy) -> Result<Answer, Fault> {
        let mut retries = policy.start();
        let mut renewed = false;
        loop {
            let token = match self.token().await {
                Ok(token) => token,
                Err(error @ TokenError::Unavailable { .. }) => match retries.next_wait(None) {
                    Some(wait) => {
                        tokio::time::sleep(wait).await;
                        continue;
                    }
                    None => return Err(Fault::Fatal(unavailable(request, error.to_string()))),
                },
                Err(error @ TokenError::Denied { .. }) => {
                    let host = host(&request.url);
                    return Err(Fault::Fatal(ApiError::Denied { host, reason: error.to_string() }));
                }
            };
            let attempt = self.attempt(request, token.as_ref(), again, &mut retries).await.map_err(Fault::Fatal)?;
            let throttled = matches!(attempt, Attempt::Throttled(..));
            let (reason, asked, lost) = match attempt {
                Attempt::Answered(answer) if answer.status == 401 && !renewed => {
                    let (Auth::OAuth2(tokens), Some((_, token))) = (&self.auth, &token) else { return Ok(*answer) };
                    tokens.forget(token).await;
                    renewed = true;
                    continue;
                }
                Attempt::Answered(answer) => return Ok(*answer),
                Attempt::Refused(reason) => (reason, None, false),
                Attempt::Throttled(reason, asked) => (reason, asked, false),
                Attempt::Lost(reason) if again == Again::WhenRefused => return Err(Fault::Lost(reason)),
                Attempt::Lost(reason) => (reason, None, true),
            };
            if let Some(asked) = asked {
                self.budget.pause(asked);
            }
            match retries.next_wait(asked) {
                Some(wait) => {
                    if throttled {
                        self.note_wait(wait);
                    }
                    tokio::time::sleep(wait).await;
                }
                None if lost => return Err(Fault::Lost(reason)),
                None => return Err(Fault::Fatal(unavailable(request, reason))),
            }
        }
    }

    async fn attempt(
        &self,
        request: &Request,
        token: Option<&(&'static str, Secret)>,
        again: Again,
        retries: &mut Retries,
    ) -> Result<Attempt, ApiError> {
        let out = self.outgoing(request, token);
        let Some(turn) = self.budget.turn(retries.until()).await else {
            return Err(unavailable(request, "it asks for a longer pause than a request is tried for"));
        };
        // Another request may have been told to wait: this one has its tries yet.
        retries.paused(turn.paused());
        self.note_wait(turn.paused());
        let sent = out.send().await;
        let response = match sent {
            Ok(response) => response,
            Err(error) => {
                self.budget.watch().unanswered();
                // It will not have another certificate in a moment.
                if certificate_flaw(&error).is_some() {
                    return Err(unavailable(request, describe(&error)));
                }
                let reason = describe(&error).to_owned();
                let refused = error.is_connect() || error.is_builder();
                return Ok(if refused { Attempt::Refused(reason) } else { Attempt::Lost(reason) });
            }
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let asked = retry::retry_after(&headers);
        // What is 429 in a vendor's own words is counted as 429, once the words are read.
        let words = status == 403;
        if !words {
            self.budget.watch().answered(status.into());
        }
        match status {
            300..=399 if status != 304 => return Err(redirected(request, status, &headers)),
            // Without Retry-After a proxy may speak for a server that has acted.
            503 if asked.is_some() || again == Again::Always => {
                if asked.is_none() {
                    // It does not say that it is asked too much.
                    return Ok(Attempt::Refused("HTTP 503".to_owned()));
                }
                self.throttled.fetch_add(1, Ordering::Relaxed);
                return Ok(Attempt::Throttled("HTTP 503".to_owned(), asked));
            }
            429 | 501 => {}
            500.. if again == Again::WhenRefused => return Ok(Attempt::Lost(format!("HTTP {status}"))),
            502 | 504 | 500 | 520..=530 => return Ok(Attempt::Lost(format!("HTTP {status}"))),
            _ => {}
        }
        let limit = self.max_answer;
        let body = read_body(response, limit).await;
        let answer = body.map(|body| self.paced(Answer { status, headers, body }, asked));
        if words {
            let counted = if matches!(answer, Ok(Attempt::Throttled(..))) { 429 } else { status };
            self.budget.watch().answered(counted.into());
        }
        match answer {
            Ok(attempt) => Ok(attempt),
            Err(_) if status == 429 => Ok(self.refused(asked)),
            Err(BodyError::TooLarge { .. }) if again == Again::WhenRefused => {
                Ok(Attempt::Lost("its answer is too large".to_owned()))
            }
            Err(BodyError::TooLarge { .. }) => Err(ApiError::TooLarge { host: host(&request.url), limit }),
            Err(BodyError::Broken(error)) => Ok(Attempt::Lost(describe(&error).to_owned())),
        }
    }

    /// An answer, or a refusal because the server is asked too much.
    fn paced(&self, answer: Answer, asked: Option<Duration>) -> Attempt {
        match (self.pace)(&answer) {
            Pace::Throttled(pause) => self.refused(pause.max(asked)),
            Pace::Free | Pace::Spent(_) if answer.status == 429 => self.refused(asked),
            Pace::Free => Attempt::Answered(Box::new(answer)),
            Pace::Spent(pause) => {
                self.budget.pause(pause);
                Attempt::Answered(Box::new(answer))
            }
        }
    }

    fn refused(&self, asked: Option<Duration>) -> Attempt {
        self.throttled.fetch_add(1, Ordering::Relaxed);
        Attempt::Throttled("it is asked too much (HTTP 429, or what it says in its place)".to_owned(), asked)
    }

    fn note_wait(&self, wait: Duration) {
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.waited.fetch_add(millis, Ordering::Relaxed);
    }

    fn outgoing(&self, request: &Request, token: Option<&(&'static str, Secret)>) -> reqwest::RequestBuilder {
        let mut out = self.client.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
        if let Some((scheme, token)) = token {
            let text = format!("{scheme} {}", token.reveal());
            out = match HeaderValue::try_from(&text) {
                Ok(mut value) => {
                    value.set_sensitive(true);
                    out.header(AUTHORIZATION, value)
                }
                // The client refuses it when it is to be sent.
                Err(_no_header) => out.header(AUTHORIZATION, text),
            };
        }
        if self.plain {
            out = out.header(ACCEPT_ENCODING, "identity");
        }
        match &request.body {
            Some(body) => out.body(body.clone()),
            None => out,
        }
    }

    async fn token(&self) -> Result<Option<(&'static str, Secret)>, TokenError> {
        match &self.auth {
            Auth::None => Ok(None),
            Auth::Token { scheme, token } => Ok(Some((scheme, token.clone()))),
            Auth::OAuth2(tokens) => tokens.token().await.map(|token| Some(("Bearer", token))),
        }
    }
}

impl fmt::Debug for HttpApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpApi").field("budget", &self.budget).finish_non_exhaustive()
    }
}

fn unavailable(request: &Request, reason: impl Into<String>) -> ApiError {
    ApiError::Unavailable { host: host(&request.url), reason: reason.into() }
}

fn redirected(request: &Request, status: u16, headers: &HeaderMap) -> ApiError {
    let to = headers.get(LOCATION).and_then(|to| request.url.join(to.to_str().ok()?).ok());
    let to = to.map_or_else(|| "nowhere".to_owned(), |to| host(&to));
    ApiError::Redirected { host: host(&request.url), status, to }
}

#[cfg(test)]
mod tests {
    use super::super::http::{HttpSettings, client};
    use super::*;

    fn api(auth: Auth) -> HttpApi {
        let settings =
            HttpSettings { ca: None, timeout: Duration::from_secs(1), reach: &super::super::Reach::default() };
        HttpApi::new(client(settings).unwrap(), auth, Budget::new(10, 1), RetryPolicy::default(), 1024)
    }

    fn request() -> Request {
        Request::get("https://idp.example/scim/v2/Users".parse().unwrap())
    }

    #[tokio::test]
    async fn l20_a_credential_is_marked_so_that_no_library_prints_it() {
        let api = api(Auth::token("SSWS", Secret::new("hunter2")).unwrap());
        let token = api.token().await.unwrap();
        let out = api.outgoing(&request(), token.as_ref()).build().unwrap();
        assert_eq!(out.headers()[AUTHORIZATION], "SSWS hunter2");
        assert!(!format!("{:?}", out.headers()).contains("hunter2"));
    }
}
