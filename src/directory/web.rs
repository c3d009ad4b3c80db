//! What all directories that are read over HTTP need: requests whose failures are told in a directory's words, answers
//! that are what they should be, and links that lead nowhere else.

use std::collections::HashSet;
use std::time::Duration;

use serde::de::DeserializeOwned;
use url::{Origin, Url};

use super::Error;
use crate::net::api::{Answer, ApiError, Auth, HttpApi, PaceOf, Request, Throttling};
use crate::net::http::{HttpSettings, client, host};
use crate::net::reach::ReachError;
use crate::net::{Budget, Reach, RetryPolicy, Watch};

/// Longest answer that is read, in bytes, decoded: a group with hundreds of thousands of members.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// Most values in an answer. One takes up to 230 bytes of memory where it takes 2 of the answer (`[0],[0],...`), so an answer
/// takes less than 300 MiB, whatever is in it.
const MOST_VALUES: usize = 1_250_000;
/// Most pages of one listing: without an end to them, links that are ever new would lead on for ever.
pub(super) const MOST_PAGES: usize = 100_000;
/// Usual requests a second.
const REQUESTS_PER_SECOND: u32 = 50;
/// Requests in flight together.
const CONCURRENCY: usize = 4;

/// What the operator, not the manifest, decides of a directory over HTTP; and the authorities that the manifest names.
#[derive(Clone, Debug)]
pub struct Wiring {
    /// The PEM bundle of `tls.ca`; `None` trusts the system's authorities.
    pub ca: Option<Vec<u8>>,
    /// Which hosts may be called.
    pub reach: Reach,
    /// Told how each request ended.
    pub watch: Watch,
    /// How long failing requests are tried again.
    pub retry: RetryPolicy,
    /// Longest time for one request.
    pub timeout: Duration,
    /// Requests a second. Every vendor's own limit is lower for some requests, and is told in answers.
    pub requests_per_second: u32,
}

impl Wiring {
    /// The usual times.
    pub fn new(ca: Option<Vec<u8>>, reach: Reach, watch: Watch) -> Self {
        // Vendors ask for pauses of minutes.
        let retry = RetryPolicy { asked: Duration::from_mins(15), ..RetryPolicy::default() };
        Self { ca, reach, watch, retry, timeout: Duration::from_mins(2), requests_per_second: REQUESTS_PER_SECOND }
    }

    /// The client that all requests of one directory go through, those for tokens too.
    pub(super) fn client(&self, field: &str) -> Result<reqwest::Client, Error> {
        client(HttpSettings { ca: self.ca.as_deref(), timeout: self.timeout, reach: &self.reach })
            .map_err(|error| wrong(&format!("{field}.tls.ca"), error.to_string()))
    }

    /// A URL of the manifest that may be called.
    pub(super) fn url(&self, field: &str, text: &str) -> Result<Url, Error> {
        let url = Url::parse(text).map_err(|error| wrong(field, format!("it is no URL: {error}")))?;
        self.reach.check_url(&url).map_err(|error| match error {
            // The manifest need not name the host: vendors have their own.
            ReachError::Host => wrong(field, format!("{}: {error}", host(&url))),
            error => wrong(field, error.to_string()),
        })?;
        Ok(url)
    }
}

/// What is wrong with a field of the manifest.
pub(super) fn wrong(field: &str, reason: impl Into<String>) -> Error {
    Error::Settings { field: field.to_owned(), reason: reason.into() }
}

/// A directory's API.
#[derive(Debug)]
pub(super) struct Web {
    api: HttpApi,
    base: Url,
}

impl Web {
    /// The API at `base`, which no link of an answer leaves.
    pub(super) fn new(client: reqwest::Client, base: Url, auth: Auth, wiring: &Wiring) -> Self {
        let budget = Budget::new(wiring.requests_per_second, CONCURRENCY).watched(wiring.watch.clone());
        Self { api: HttpApi::new(client, auth, budget, wiring.retry, MAX_ANSWER), base }
    }

    /// The same, where the vendor has words of its own for being asked too much.
    pub(super) fn paced(mut self, pace: PaceOf) -> Self {
        self.api.pace = pace;
        self
    }

    /// A URL below the base: each step is one segment of the path.
    pub(super) fn url(&self, steps: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(steps);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Sends a request that changes nothing, and gives the answer whatever it is: for what a server need not serve.
    pub(super) async fn try_ask(&self, request: &Request) -> Result<Answer, Error> {
        self.api.read(request).await.map_err(|error| self.fault(error))
    }

    /// Sends a request that changes nothing, and gives the answer whatever its status, but for 401: those credentials are
    /// refused.
    pub(super) async fn ask(&self, request: &Request) -> Result<Answer, Error> {
        let answer = self.try_ask(request).await?;
        if answer.is_html() {
            return Err(self.unavailable(format!("it answers a web page (HTTP {}), not its API", answer.status)));
        }
        if answer.status == 401 {
            return Err(self.denied("HTTP 401: check the credentials"));
        }
        Ok(answer)
    }

    /// Reads an answer's JSON. What cannot be read breaks the read (L2).
    pub(super) fn parse<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, Error> {
        if holds_more_values(&answer.body, MOST_VALUES) {
            return Err(self.incomplete(format!("an answer holds more than {MOST_VALUES} values")));
        }
        serde_json::from_slice(&answer.body).map_err(|error| {
            let place = format!("line {} column {}", error.line(), error.column());
            self.incomplete(format!("an answer cannot be read ({:?} at {place})", error.classify()))
        })
    }

    /// Proves the credentials, where nothing else is to be asked.
    pub(super) async fn sign_in(&self) -> Result<(), Error> {
        self.api.sign_in(&self.host()).await.map_err(|error| self.fault(error))
    }

    /// Part of an answer asked to be asked less: the next request waits so long.
    pub(super) fn ask_less(&self, pause: Duration) {
        self.api.ask_less(pause);
    }

    /// Part of an answer failed: the next request waits so long.
    pub(super) fn pause(&self, pause: Duration) {
        self.api.pause(pause);
    }

    /// How often it asked to be asked less.
    pub(super) fn throttling(&self) -> Throttling {
        self.api.throttling()
    }

    /// Its host.
    pub(super) fn host(&self) -> String {
        host(&self.base)
    }

    pub(super) fn unavailable(&self, reason: impl Into<String>) -> Error {
        Error::Unavailable { directory: self.host(), reason: reason.into() }
    }

    pub(super) fn denied(&self, reason: impl Into<String>) -> Error {
        Error::Denied { directory: self.host(), reason: reason.into() }
    }

    pub(super) fn incomplete(&self, reason: impl Into<String>) -> Error {
        Error::Incomplete { directory: self.host(), reason: reason.into() }
    }

    /// An answer of a status that nobody expects here.
    pub(super) fn unexpected(&self, answer: &Answer) -> Error {
        self.unavailable(format!("it answered HTTP {}", answer.status))
    }

    fn fault(&self, error: ApiError) -> Error {
        match error {
            ApiError::Unavailable { reason, .. } => self.unavailable(reason),
            ApiError::Denied { reason, .. } => self.denied(reason),
            error @ ApiError::Redirected { .. } => {
                self.unavailable(format!("{error}, which is not followed: name the right host in the manifest"))
            }
            ApiError::TooLarge { limit, .. } => self.incomplete(format!("an answer is larger than {limit} bytes")),
        }
    }
}

/// Whether JSON may hold more values than this: each but the first of its list or object follows a comma.
fn holds_more_values(json: &[u8], most: usize) -> bool {
    // A value and what parts it from the next take two bytes at least.
    if json.len() / 2 <= most {
        return false;
    }
    let (mut values, mut in_text, mut escaped) = (1_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b',' | b'[' | b'{' if !in_text => values += 1,
            _ => {}
        }
    }
    values > most
}

/// The links of one listing: each is followed once, and only on the host that gave it (a link is opaque, and the
/// credentials go with it).
#[derive(Debug)]
pub(super) struct Links {
    origin: Origin,
    followed: HashSet<blake3::Hash>,
}

impl Links {
    /// Of a listing of this API.
    pub(super) fn of(web: &Web) -> Self {
        Self { origin: web.base.origin(), followed: HashSet::new() }
    }

    /// The next page's URL, from a link as it stands in an answer.
    pub(super) fn follow(&mut self, web: &Web, link: &str) -> Result<Url, Error> {
        let url = web.base.join(link).map_err(|_error| web.incomplete("a link to the next page is no URL"))?;
        if url.origin() != self.origin || !url.username().is_empty() || url.password().is_some() {
            return Err(web.incomplete("a link to the next page leads to another host, where it is not followed"));
        }
        if !self.followed.insert(blake3::hash(url.as_str().as_bytes())) {
            return Err(web.incomplete("a link to the next page leads back to a page that was read"));
        }
        if self.followed.len() >= MOST_PAGES {
            return Err(web.incomplete(format!("links lead on to more than {MOST_PAGES} pages")));
        }
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web() -> Web {
        let wiring = Wiring::new(None, Reach::default(), Watch::default());
        let base = Url::parse("https://graph.example/v1.0").unwrap();
        Web::new(wiring.client("source.entra").unwrap(), base, Auth::None, &wiring)
    }

    #[test]
    fn a_link_stays_on_its_host_and_is_followed_once() {
        let web = web();
        let mut links = Links::of(&web);
        assert_eq!(links.follow(&web, "/v1.0/users?$skiptoken=1").unwrap().path(), "/v1.0/users");
        assert!(links.follow(&web, "https://graph.example/v1.0/users?$skiptoken=2").is_ok());
        for link in [
            "https://graph.example/v1.0/users?$skiptoken=1",
            "https://elsewhere.example/v1.0/users",
            "http://graph.example/v1.0/users",
            "https://graph.example:444/v1.0/users",
            "https://ann@graph.example/v1.0/users",
            "//elsewhere.example/",
            "https://",
        ] {
            let error = links.follow(&web, link).unwrap_err();
            assert!(matches!(error, Error::Incomplete { .. }), "{link}: {error}");
        }
    }

    #[test]
    fn links_that_are_ever_new_come_to_an_end() {
        let web = web();
        let mut links = Links::of(&web);
        let end = (0..=MOST_PAGES).find_map(|n| links.follow(&web, &format!("/v1.0/users?$skiptoken={n}")).err());
        assert!(matches!(end, Some(Error::Incomplete { .. })), "{end:?}");
    }

    #[test]
    fn an_answer_that_would_take_all_memory_is_not_read() {
        let web = web();
        let parse = |body: String| {
            let answer = Answer { status: 200, headers: http::HeaderMap::new(), body: body.into_bytes() };
            web.parse::<serde_json::Value>(&answer)
        };
        let error = parse(format!("[{}[0]]", "[0],".repeat(MOST_VALUES))).unwrap_err();
        assert!(matches!(error, Error::Incomplete { .. }), "{error}");
        assert!(error.to_string().contains("values"), "{error}");
        let long = r#"a, [b], {c}, \"d\", \\"#.repeat(MOST_VALUES / 4);
        parse(format!(r#"{{"text": "{long}", "more": [1, 2]}}"#)).unwrap();
    }

    #[test]
    fn what_is_put_into_a_url_stays_in_its_place() {
        let url = web().url(&["groups", "a/b?c", "members"], &[("$filter", "displayName eq 'A&B'")]);
        assert_eq!(
            url.as_str(),
            "https://graph.example/v1.0/groups/a%2Fb%3Fc/members?%24filter=displayName+eq+%27A%26B%27"
        );
    }
}
