//! What this service can do: `/ServiceProviderConfig`, `/Schemas`, `/ResourceTypes` (RFC 7644 section 4).

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::answer;
use super::bulk::{MAX_OPERATIONS, MAX_PAYLOAD};
use super::input::{Parameters, base};
use super::listing::{DEFAULT_COUNT, MAX_COUNT};
use crate::kdesk::cursor;
use crate::kdesk::error::ScimError;
use crate::kdesk::schema;
use crate::scim;

type Answer = Result<Response, ScimError>;

pub(super) async fn config(headers: HeaderMap, uri: Uri) -> Answer {
    refuse_filter(&uri)?;
    let base = base(&headers, &uri);
    let body = json!({
        "schemas": [scim::SERVICE_PROVIDER_CONFIG],
        "patch": {"supported": true},
        "bulk": {"supported": true, "maxOperations": MAX_OPERATIONS, "maxPayloadSize": MAX_PAYLOAD},
        "filter": {"supported": true, "maxResults": MAX_COUNT},
        "changePassword": {"supported": false},
        "sort": {"supported": true},
        "etag": {"supported": true},
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": DEFAULT_COUNT,
            "maxPageSize": MAX_COUNT,
            "cursorTimeout": cursor::TIMEOUT,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "An access token of this workspace, sent as Authorization: Bearer",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": {"resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig")},
    });
    Ok(answer::value(StatusCode::OK, &body))
}

pub(super) async fn schemas(headers: HeaderMap, uri: Uri) -> Answer {
    refuse_filter(&uri)?;
    Ok(list(&schema::schemas(&base(&headers, &uri))))
}

pub(super) async fn schema(Path(id): Path<String>, headers: HeaderMap, uri: Uri) -> Answer {
    one(&schema::schemas(&base(&headers, &uri)), "Schema", &id)
}

pub(super) async fn resource_types(headers: HeaderMap, uri: Uri) -> Answer {
    refuse_filter(&uri)?;
    Ok(list(&schema::resource_types(&base(&headers, &uri))))
}

pub(super) async fn resource_type(Path(id): Path<String>, headers: HeaderMap, uri: Uri) -> Answer {
    one(&schema::resource_types(&base(&headers, &uri)), "ResourceType", &id)
}

/// Filters don't apply here and must not be passed over (RFC 7644 section 4).
fn refuse_filter(uri: &Uri) -> Result<(), ScimError> {
    match Parameters::of(uri).get("filter") {
        Some(_) => Err(ScimError::Forbidden("this endpoint has no filter")),
        None => Ok(()),
    }
}

fn list(resources: &[Value]) -> Response {
    let body = json!({
        "schemas": [scim::LIST_RESPONSE],
        "totalResults": resources.len(),
        "itemsPerPage": resources.len(),
        "startIndex": 1,
        "Resources": resources,
    });
    answer::value(StatusCode::OK, &body)
}

fn one(resources: &[Value], kind: &str, id: &str) -> Answer {
    resources
        .iter()
        .find(|resource| resource.get("id").and_then(Value::as_str).is_some_and(|found| found.eq_ignore_ascii_case(id)))
        .map(|resource| answer::value(StatusCode::OK, resource))
        .ok_or_else(|| ScimError::NotFound(format!("{kind} {id}")))
}
