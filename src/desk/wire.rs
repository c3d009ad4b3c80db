//! One request to the desk: signed in, under the budget, tried again as far as that is safe.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, LOCATION};
use http::{HeaderMap, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use super::{Credentials, Error, Settings, Tuning};
use crate::net::http::{BodyError, HttpSettings, certificate_flaw, client, describe, host, read_body};
use crate::net::oauth::{ClientCredentials, TokenError};
use crate::net::reach::is_loopback;
use crate::net::{Budget, RetryPolicy, Secret, retry};
use crate::scim;

const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What is asked.
pub(super) struct Request {
    pub(super) method: Method,
    /// Below the endpoint.
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Bytes>,
    pub(super) if_match: Option<String>,
}

impl Request {
    pub(super) fn new(method: Method, path: &[&str]) -> Self {
        let path = path.iter().map(|&segment| segment.to_owned()).collect();
        Self { method, path, query: Vec::new(), body: None, if_match: None }
    }

    pub(super) fn get(path: &[&str]) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }
}

/// What came back, whatever its status.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: http::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn etag(&self) -> Option<&str> {
        self.header(ETAG)
    }

    pub(super) fn location(&self) -> Option<&str> {
        self.header(LOCATION)
    }

    /// `scimType` of an error (RFC 7644 section 3.12), if it is one of the words of table 9 or RFC 9865.
    pub(super) fn scim_type(&self) -> Option<String> {
        serde_json::from_slice::<serde_json::Value>(&self.body).ok().as_ref().and_then(scim_type)
    }

    fn is_html(&self) -> bool {
        self.header(CONTENT_TYPE).is_some_and(|kind| kind.to_ascii_lowercase().contains("html"))
    }
}

/// `scimType` of an error's body. A desk could write anything there: only a bare word passes.
pub(super) fn scim_type(body: &serde_json::Value) -> Option<String> {
    let word = super::json::text(body.as_object()?, "scimType")?;
    (word.len() <= 32 && word.chars().all(|c| c.is_ascii_alphabetic())).then(|| word.to_owned())
}

/// Why there is no answer to a request that changes something.
#[derive(Debug)]
pub(super) enum Fault {
    /// The request may have been carried out, or not.
    Lost(String),
    /// Nothing was done, and further requests would fare no better.
    Fatal(Error),
}

/// Whether a request may be sent again when nobody knows what became of it.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Again {
    Always,
    WhenRefused,
}

enum Attempt {
    Answered(Box<Answer>),
    /// It was not carried out.
    Refused(String, Option<Duration>),
    /// Nobody knows.
    Lost(String),
}

enum Auth {
    None,
    Token(Secret),
    OAuth2(Box<ClientCredentials>),
}

/// The desk's endpoint and the way to it.
pub(super) struct Wire {
    client: reqwest::Client,
    base: Url,
    /// Answers need not come compressed: on one machine that costs more time than it saves.
    plain: bool,
    auth: Auth,
    pub(super) budget: Budget,
    pub(super) tuning: Tuning,
}

impl Wire {
    pub(super) fn new(settings: Settings, budget: Budget, tuning: Tuning) -> Result<Self, Error> {
        let wrong = |field, reason: String| Error::Settings { field, reason };
        let check = |field, url: &Url| tuning.reach.check_url(url).map_err(|e| wrong(field, e.to_string()));
        check("endpoint", &settings.endpoint)?;
        let client =
            client(HttpSettings { ca: settings.ca.as_deref(), timeout: settings.timeout, reach: &tuning.reach })
                .map_err(|error| wrong("tls.ca", error.to_string()))?;
        let auth = match settings.auth {
            Credentials::None => Auth::None,
            Credentials::BearerToken(token) => {
                let sendable = |c: char| c.is_ascii_graphic();
                if token.reveal().is_empty() || !token.reveal().chars().all(sendable) {
                    let reason = "the token is empty or holds a blank or line break: check the Secret's value";
                    return Err(wrong("auth.bearerToken", reason.to_owned()));
                }
                Auth::Token(token)
            }
            Credentials::OAuth2 { token_url, client_id, client_secret, scopes } => {
                check("auth.oauth2.tokenURL", &token_url)?;
                let client = client.clone();
                let credentials = ClientCredentials::new(client, token_url, client_id, client_secret, &scopes);
                Auth::OAuth2(Box::new(credentials))
            }
        };
        let plain = is_loopback(&settings.endpoint);
        Ok(Self { client, base: settings.endpoint, plain, auth, budget, tuning })
    }

    pub(super) fn host(&self) -> String {
        host(&self.base)
    }

    pub(super) fn unavailable(&self, reason: impl Into<String>) -> Error {
        Error::Unavailable { host: self.host(), reason: reason.into() }
    }

    pub(super) fn not_a_desk(&self, reason: impl Into<String>) -> Error {
        Error::NotADesk { host: self.host(), reason: reason.into() }
    }

    pub(super) fn denied(&self, status: u16) -> Error {
        let what = if status == 401 { "check the credentials" } else { "check what the credentials may do" };
        Error::Denied { host: self.host(), reason: format!("HTTP {status}: {what}") }
    }

    /// A request that changes nothing: tried again whatever happened, within the time for it.
    pub(super) async fn read(&self, request: &Request) -> Result<Answer, Error> {
        self.read_within(request, self.tuning.retry).await
    }

    /// The first request to a desk: given up sooner.
    pub(super) async fn greet(&self, request: &Request) -> Result<Answer, Error> {
        let total = self.tuning.retry.total.min(self.tuning.greeting);
        self.read_within(request, RetryPolicy { total, ..self.tuning.retry }).await
    }

    async fn read_within(&self, request: &Request, policy: RetryPolicy) -> Result<Answer, Error> {
        match self.send_within(request, Again::Always, policy).await {
            Ok(answer) => match answer.status {
                403 => Err(self.denied(403)),
                _ if answer.is_html() => Err(self.not_a_desk(format!(
                    "it answers a web page (HTTP {}): check the endpoint's path, such as /scim/v2",
                    answer.status
                ))),
                _ => Ok(answer),
            },
            Err(Fault::Lost(reason)) => Err(self.unavailable(reason)),
            Err(Fault::Fatal(error)) => Err(error),
        }
    }

    /// A request that changes something: tried again only when it was surely not carried out.
    pub(super) async fn write(&self, request: &Request) -> Result<Answer, Fault> {
        self.send_within(request, Again::WhenRefused, self.tuning.retry).await
    }

    /// Reads an answer's JSON.
    pub(super) fn parse<'a, T: Deserialize<'a>>(&self, answer: &'a Answer) -> Result<T, Error> {
        serde_json::from_slice(&answer.body).map_err(|error| {
            let place = format!("line {} column {}", error.line(), error.column());
            self.not_a_desk(format!("its answer cannot be read ({:?} at {place})", error.classify()))
        })
    }

    async fn send_within(&self, request: &Request, again: Again, policy: RetryPolicy) -> Result<Answer, Fault> {
        let mut retries = policy.start();
        let mut renewed = false;
        loop {
            let token = match self.token().await {
                Ok(token) => token,
                Err(TokenError::Unavailable { host, reason }) => match retries.next_wait(None) {
                    Some(wait) => {
                        tokio::time::sleep(wait).await;
                        continue;
                    }
                    None => return Err(Fault::Fatal(self.unavailable(format!("{host} issues no token: {reason}")))),
                },
                Err(error @ TokenError::Denied { .. }) => {
                    return Err(Fault::Fatal(Error::Denied { host: self.host(), reason: error.to_string() }));
                }
            };
            let (reason, asked, lost) =
                match self.attempt(request, token.as_ref(), again, retries.until()).await.map_err(Fault::Fatal)? {
                    Attempt::Answered(answer) if answer.status == 401 => {
                        if let (Auth::OAuth2(credentials), Some(token), false) = (&self.auth, &token, renewed) {
                            credentials.forget(token).await;
                            renewed = true;
                            continue;
                        }
                        return Err(Fault::Fatal(self.denied(401)));
                    }
                    Attempt::Answered(answer) => return Ok(*answer),
                    Attempt::Refused(reason, asked) => (reason, asked, false),
                    Attempt::Lost(reason) if again == Again::WhenRefused => return Err(Fault::Lost(reason)),
                    Attempt::Lost(reason) => (reason, None, true),
                };
            if let Some(asked) = asked {
                self.budget.pause(asked);
            }
            match retries.next_wait(asked) {
                Some(wait) => tokio::time::sleep(wait).await,
                None if lost => return Err(Fault::Lost(reason)),
                None => return Err(Fault::Fatal(self.unavailable(reason))),
            }
        }
    }

    async fn attempt(
        &self,
        request: &Request,
        token: Option<&Secret>,
        again: Again,
        until: Instant,
    ) -> Result<Attempt, Error> {
        let mut out = self.client.request(request.method.clone(), self.url(request)).header(ACCEPT, ACCEPTED);
        if let Some(token) = token {
            out = out.header(AUTHORIZATION, format!("Bearer {}", token.reveal()));
        }
        if self.plain {
            out = out.header(ACCEPT_ENCODING, "identity");
        }
        if let Some(version) = &request.if_match {
            out = out.header(IF_MATCH, version);
        }
        if let Some(body) = &request.body {
            out = out.header(CONTENT_TYPE, scim::MEDIA_TYPE).body(body.clone());
        }
        let Some(_turn) = self.budget.turn(until).await else {
            return Err(self.unavailable("it asks for a longer pause than a request is tried for"));
        };
        let sent = out.send().await;
        match &sent {
            Ok(response) => self.budget.watch().answered(response.status().as_u16().into()),
            Err(_) => self.budget.watch().unanswered(),
        }
        let response = match sent {
            Ok(response) => response,
            // It will not have another one in a moment.
            Err(error) if certificate_flaw(&error).is_some() => return Err(self.unavailable(describe(&error))),
            Err(error) if error.is_connect() || error.is_builder() => {
                return Ok(Attempt::Refused(describe(&error).to_owned(), None));
            }
            Err(error) => return Ok(Attempt::Lost(describe(&error).to_owned())),
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let asked = retry::retry_after(&headers);
        match status {
            429 => return Ok(Attempt::Refused("HTTP 429, it is asked too much".to_owned(), asked)),
            // Without Retry-After a proxy may speak for a server that has acted.
            503 if asked.is_some() || again == Again::Always => {
                return Ok(Attempt::Refused("HTTP 503".to_owned(), asked));
            }
            300..=399 if status != 304 => return Err(self.redirected(status, &headers)),
            501 => {}
            500.. if again == Again::WhenRefused => return Ok(Attempt::Lost(format!("HTTP {status}"))),
            502 | 504 | 500 | 520..=530 => return Ok(Attempt::Lost(format!("HTTP {status}"))),
            _ => {}
        }
        match read_body(response, self.tuning.max_answer).await {
            Ok(body) => Ok(Attempt::Answered(Box::new(Answer { status, headers, body }))),
            Err(BodyError::TooLarge { .. }) if again == Again::WhenRefused => {
                Ok(Attempt::Lost("its answer is too large".to_owned()))
            }
            Err(error @ BodyError::TooLarge { .. }) => Err(self.not_a_desk(error.to_string())),
            Err(BodyError::Broken(error)) => Ok(Attempt::Lost(describe(&error).to_owned())),
        }
    }

    async fn token(&self) -> Result<Option<Secret>, TokenError> {
        match &self.auth {
            Auth::None => Ok(None),
            Auth::Token(token) => Ok(Some(token.clone())),
            Auth::OAuth2(credentials) => credentials.token().await.map(Some),
        }
    }

    /// Following it would send the credentials to a place that the manifest does not name.
    fn redirected(&self, status: u16, headers: &HeaderMap) -> Error {
        let to = headers.get(LOCATION).and_then(|to| self.base.join(to.to_str().ok()?).ok());
        let to = to.map_or_else(|| "nowhere".to_owned(), |to| host(&to));
        self.not_a_desk(format!("it redirects to {to} (HTTP {status}): set the endpoint to where the desk really is"))
    }

    fn url(&self, request: &Request) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&request.path);
        }
        if !request.query.is_empty() {
            let pairs: Vec<String> = request
                .query
                .iter()
                .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, PLAIN)))
                .collect();
            url.set_query(Some(&pairs.join("&")));
        }
        url
    }
}

const ACCEPTED: &str = "application/scim+json, application/json;q=0.9";

/// An id as a path's segment.
pub(super) fn segment(id: &str) -> String {
    utf8_percent_encode(id, PLAIN).to_string()
}
