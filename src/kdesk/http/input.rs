//! What comes in: bodies within bounds, query parameters, the address a client used, its preconditions.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HOST, IF_MATCH, IF_NONE_MATCH};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Uri};
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use serde_json::Value;

use super::PREFIX;
use crate::kdesk::document::Document;
use crate::kdesk::error::ScimError;
use crate::kdesk::project::Projection;

/// Largest body of a request for one resource, once decompressed.
pub(super) const MAX_RESOURCE: usize = 1024 * 1024;
/// Seconds within which a body must have come.
const PATIENCE: u64 = 60;

/// The address of the service as the client sees it. A proxy that ends TLS says so in `X-Forwarded-Proto`.
pub(super) fn base(headers: &HeaderMap, uri: &Uri) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).or(uri.authority().map(Authority::as_str));
    let host = host
        .filter(|host| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte)))
        .unwrap_or("localhost");
    let forwarded =
        headers.get("x-forwarded-proto").is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https"));
    format!("{}://{host}{PREFIX}", if forwarded { "https" } else { "http" })
}

/// Reads a JSON body of at most `limit` bytes after decompression.
pub(super) async fn body(request: Request, limit: usize) -> Result<Bytes, ScimError> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if let Some(kind) = kind {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/scim+json") && !kind.eq_ignore_ascii_case("application/json") {
            return Err(ScimError::UnsupportedMediaType);
        }
    }
    tokio::time::timeout(Duration::from_secs(PATIENCE), collect(request.into_body(), limit))
        .await
        .map_err(|_elapsed| ScimError::TooSlow(PATIENCE))?
}

async fn collect(body: Body, limit: usize) -> Result<Bytes, ScimError> {
    let mut out = BytesMut::new();
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece =
            piece.map_err(|error| ScimError::InvalidSyntax(format!("the body can't be read to its end: {error}")))?;
        if out.len() + piece.len() > limit {
            return Err(ScimError::TooLarge(format!("the body is larger than {limit} bytes")));
        }
        out.extend_from_slice(&piece);
    }
    Ok(out.freeze())
}

pub(super) fn parse(body: &[u8]) -> Result<Value, ScimError> {
    serde_json::from_slice(body).map_err(|error| ScimError::InvalidSyntax(format!("the body is no JSON: {error}")))
}

pub(super) fn object(body: &[u8]) -> Result<Document, ScimError> {
    match parse(body)? {
        Value::Object(members) => Ok(members),
        _ => Err(ScimError::InvalidSyntax("the body must be a JSON object".to_owned())),
    }
}

/// Query parameters by name; names are compared without regard to case, the last one counts.
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        Self(url::form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// A comma-separated list (RFC 7644 section 3.9).
    pub(super) fn names(&self, name: &str) -> Option<Vec<String>> {
        self.get(name).map(|list| list.split(',').map(str::to_owned).collect())
    }

    pub(super) fn projection(&self) -> Result<Projection, ScimError> {
        Projection::new(self.names("attributes"), self.names("excludedAttributes"))
    }
}

/// What a client holds to be the version (RFC 9110 section 13.1). Tags compare weakly (RFC 7644 section 3.14).
#[derive(Debug, Clone, Default)]
pub(super) struct Precondition(Option<String>);

impl Precondition {
    pub(super) fn if_match(headers: &HeaderMap) -> Self {
        Self::header(headers, &IF_MATCH)
    }

    pub(super) fn if_none_match(headers: &HeaderMap) -> Self {
        Self::header(headers, &IF_NONE_MATCH)
    }

    /// A bulk operation's `version`.
    pub(super) fn version(version: Option<String>) -> Self {
        Self(version)
    }

    fn header(headers: &HeaderMap, name: &HeaderName) -> Self {
        let all: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        Self((!all.is_empty()).then(|| all.join(",")))
    }

    /// Whether it names this tag; without one it does not.
    pub(super) fn names(&self, etag: &str) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        self.0.as_ref().is_some_and(|list| list.split(',').any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag)))
    }

    /// Refuses to change what the client has not seen.
    pub(super) fn require(&self, etag: &str) -> Result<(), ScimError> {
        if self.0.is_none() || self.names(etag) { Ok(()) } else { Err(ScimError::VersionMismatch(etag.to_owned())) }
    }
}
