//! One request to the desk, over [`HttpApi`]: what it asks, and what goes wrong in the desk's words.

use bytes::Bytes;
use http::header::{ACCEPT, IF_MATCH};
use http::{HeaderValue, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use url::Url;

use super::{Error, Settings, Tuning};
use crate::net::api::{self, Answer, ApiError, HttpApi};
use crate::net::http::{BodyError, HttpSettings, client, host};
use crate::net::reach::is_loopback;
use crate::net::{Budget, RetryPolicy};
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

/// `scimType` of an error.
pub(super) fn scim_type_of(answer: &Answer) -> Option<String> {
    serde_json::from_slice::<serde_json::Value>(answer.error_body()).ok().as_ref().and_then(scim_type)
}

/// `scimType` of an error's body.
pub(super) fn scim_type(body: &serde_json::Value) -> Option<String> {
    scim::json::scim_type(body.as_object()?)
}

/// Why there is no answer to a request that changes something.
#[derive(Debug)]
pub(super) enum Fault {
    /// The request may have been carried out, or not.
    Lost(String),
    /// Nothing was done, and further requests would fare no better.
    Fatal(Error),
}

/// The desk's endpoint and the way to it.
pub(super) struct Wire {
    api: HttpApi,
    base: Url,
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
        let auth =
            settings.auth.auth(&client, &tuning.reach).map_err(|(field, reason)| wrong(below_auth(field), reason))?;
        let mut api = HttpApi::new(client, auth, budget, tuning.retry, tuning.max_answer);
        api.plain = is_loopback(&settings.endpoint);
        Ok(Self { api, base: settings.endpoint, tuning })
    }

    pub(super) fn budget(&self) -> &Budget {
        &self.api.budget
    }

    pub(super) fn throttling(&self) -> api::Throttling {
        self.api.throttling()
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
        let answer = self.api.read_within(&self.out(request)?, policy).await.map_err(|error| self.fault(error))?;
        match answer.status {
            401 | 403 => Err(self.denied(answer.status)),
            _ if answer.is_html() => Err(self.not_a_desk(format!(
                "it answers a web page (HTTP {}): check the endpoint's path, such as /scim/v2",
                answer.status
            ))),
            _ => Ok(answer),
        }
    }

    /// A request that changes something: tried again only when it was surely not carried out.
    pub(super) async fn write(&self, request: &Request) -> Result<Answer, Fault> {
        match self.api.write(&self.out(request).map_err(Fault::Fatal)?).await {
            Ok(answer) if answer.status == 401 => Err(Fault::Fatal(self.denied(401))),
            Ok(answer) => Ok(answer),
            Err(api::Fault::Lost(reason)) => Err(Fault::Lost(reason)),
            Err(api::Fault::Fatal(error)) => Err(Fault::Fatal(self.fault(error))),
        }
    }

    /// Reads an answer's JSON.
    pub(super) fn parse<'a, T: Deserialize<'a>>(&self, answer: &'a Answer) -> Result<T, Error> {
        serde_json::from_slice(&answer.body).map_err(|error| {
            let place = format!("line {} column {}", error.line(), error.column());
            self.not_a_desk(format!("its answer cannot be read ({:?} at {place})", error.classify()))
        })
    }

    fn fault(&self, error: ApiError) -> Error {
        match error {
            ApiError::Unavailable { reason, .. } => self.unavailable(reason),
            ApiError::Denied { host, reason } => Error::Denied { host, reason },
            // Following it would send the credentials to a place that the manifest does not name.
            ApiError::Redirected { status, to, .. } => self.not_a_desk(format!(
                "it redirects to {to} (HTTP {status}): set the endpoint to where the desk really is"
            )),
            ApiError::TooLarge { limit, .. } => self.not_a_desk(BodyError::TooLarge { limit }.to_string()),
        }
    }

    fn out(&self, request: &Request) -> Result<api::Request, Error> {
        let mut out = api::Request::new(request.method.clone(), self.url(request))
            .header(ACCEPT, HeaderValue::from_static(ACCEPTED));
        if let Some(version) = &request.if_match {
            let version = HeaderValue::from_bytes(version.as_bytes())
                .map_err(|_no_header| self.not_a_desk("it gives a contact a version that no header can hold"))?;
            out = out.header(IF_MATCH, version);
        }
        Ok(match &request.body {
            Some(body) => out.body(scim::MEDIA_TYPE, body.clone()),
            None => out,
        })
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

/// A field of the credentials, as the workspace has it.
fn below_auth(field: &str) -> &'static str {
    if field.starts_with("oauth2") { "auth.oauth2.tokenURL" } else { "auth.bearerToken" }
}

const ACCEPTED: &str = "application/scim+json, application/json;q=0.9";

/// An id as a path's segment.
pub(super) fn segment(id: &str) -> String {
    utf8_percent_encode(id, PLAIN).to_string()
}
