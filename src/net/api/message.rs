//! Requests, and the answers to them.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

/// Longest body of an error that is looked into.
const LONGEST_ERROR: usize = 256 * 1024;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// Headers, besides those of the signing in.
    pub headers: HeaderMap,
    /// Body.
    pub body: Option<Bytes>,
}

impl Request {
    /// A request without a body.
    pub fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: None }
    }

    /// A GET.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// The same with a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The same with a body.
    #[must_use]
    pub fn body(mut self, kind: &'static str, body: Bytes) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        self.body = Some(body);
        self
    }
}

/// What came back, whatever its status.
#[derive(Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, decoded.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as far as it may be an error's: what is longer than any error says nothing, and is not worth its memory.
    pub fn error_body(&self) -> &[u8] {
        if self.body.len() <= LONGEST_ERROR { &self.body } else { &[] }
    }

    /// Whether it is a web page, as proxies and sign-in portals answer.
    pub fn is_html(&self) -> bool {
        self.header(&CONTENT_TYPE).is_some_and(|kind| kind.to_ascii_lowercase().contains("html"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_body_is_no_errors() {
        let answer = |length| Answer { status: 400, headers: HeaderMap::new(), body: vec![b' '; length] };
        assert_eq!(answer(LONGEST_ERROR).error_body().len(), LONGEST_ERROR);
        assert!(answer(LONGEST_ERROR + 1).error_body().is_empty());
    }
}
