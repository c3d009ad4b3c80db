//! How answers look: media type, entity tags, errors as SCIM bodies.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderName, LOCATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::kdesk::error::ScimError;
use crate::kdesk::project::Projection;
use crate::kdesk::store::Record;
use crate::scim;

/// A JSON body under SCIM's media type (RFC 7644 section 3.1).
pub(super) fn json(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(CONTENT_TYPE, HeaderValue::from_static(scim::MEDIA_TYPE))], body).into_response()
}

pub(super) fn value(status: StatusCode, body: &Value) -> Response {
    json(status, body.to_string().into_bytes())
}

/// A single user, with its address and entity tag.
pub(super) fn user(
    status: StatusCode,
    record: &Record,
    base: &str,
    projection: &Projection,
) -> Result<Response, ScimError> {
    let mut body = Vec::with_capacity(record.doc.len() + 256);
    resource(record, base, projection, &mut body)?;
    let mut response = json(status, body);
    tag(&mut response, record, base);
    Ok(response)
}

/// Appends one resource, projected.
pub(super) fn resource(
    record: &Record,
    base: &str,
    projection: &Projection,
    out: &mut Vec<u8>,
) -> Result<(), ScimError> {
    if projection.is_all() {
        record.write(base, out);
        return Ok(());
    }
    serde_json::to_writer(out, &projection.apply(record.full(base)?)).map_err(|cause| ScimError::internal(&cause))
}

pub(super) fn tag(response: &mut Response, record: &Record, base: &str) {
    put(response.headers_mut(), ETAG, &record.etag());
    put(response.headers_mut(), LOCATION, &record.location(base));
}

fn put(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

impl IntoResponse for ScimError {
    fn into_response(self) -> Response {
        let mut response = value(self.status(), &self.body());
        if self == Self::Unauthorized {
            put(response.headers_mut(), WWW_AUTHENTICATE, r#"Bearer realm="kdesk""#);
        }
        response
    }
}

/// Refusals that come from the layers below (an encoding nobody knows, a path that is no UTF-8) get a SCIM body too.
pub(super) async fn as_scim(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let scim = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/"));
    if !(status.is_client_error() || status.is_server_error()) || scim {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let said = to_bytes(body, 1024).await.unwrap_or_default();
    let detail = match String::from_utf8_lossy(&said).into_owned() {
        said if said.is_empty() => status.canonical_reason().unwrap_or_default().to_owned(),
        said => said,
    };
    let body = serde_json::json!({"schemas": [scim::ERROR], "status": status.as_str(), "detail": detail});
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static(scim::MEDIA_TYPE));
    Response::from_parts(parts, Body::from(body.to_string()))
}
