//! `/Bulk` (RFC 7644 section 3.7): many operations, one transaction, an answer for each. One that fails hurts no other.
//!
//! What needs no database (reading, checking, serializing) is done before the writer's turn, so that the next request
//! is prepared while this one is written.

mod plan;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::plan::{Action, Planned};
use super::input::{base, body};
use super::users::{modify, put, remove};
use super::{App, answer};
use crate::kdesk::clock;
use crate::kdesk::error::ScimError;
use crate::kdesk::store;
use crate::scim;

/// Operations in one request (`bulk.maxOperations`).
pub(super) const MAX_OPERATIONS: usize = 1000;
/// Bytes in one request (`bulk.maxPayloadSize`).
pub(super) const MAX_PAYLOAD: usize = 4 * 1024 * 1024;

#[derive(Debug, Deserialize)]
struct BulkRequest {
    #[serde(default)]
    schemas: Vec<String>,
    #[serde(rename = "failOnErrors", default)]
    fail_on_errors: Option<u32>,
    #[serde(rename = "Operations", alias = "operations")]
    operations: Vec<Operation>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    method: String,
    #[serde(default)]
    path: String,
    bulk_id: Option<String>,
    version: Option<String>,
    data: Option<Value>,
}

#[derive(Debug, Serialize)]
struct BulkResponse {
    schemas: [&'static str; 1],
    #[serde(rename = "Operations")]
    operations: Vec<Outcome>,
}

/// One operation's answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bulk_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    status: String,
    /// The body of a failure; a success can be read at its location.
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Value>,
}

pub(super) async fn bulk(State(app): State<Arc<App>>, request: Request) -> Result<Response, ScimError> {
    let base = base(request.headers(), request.uri());
    let bytes = body(request, MAX_PAYLOAD).await?;
    let prepared = tokio::task::spawn_blocking(move || prepare(&bytes)).await;
    let (planned, limit) = prepared.unwrap_or(Err(ScimError::Internal))?;
    let operations = app.store.writer.submit(move |connection| run(connection, planned, limit, &base)).await?;
    let body = BulkResponse { schemas: [scim::BULK_RESPONSE], operations };
    let body = serde_json::to_vec(&body).map_err(|cause| ScimError::internal(&cause))?;
    Ok(answer::json(StatusCode::OK, body))
}

fn prepare(bytes: &[u8]) -> Result<(Vec<Planned>, usize), ScimError> {
    let request: BulkRequest =
        serde_json::from_slice(bytes).map_err(|error| ScimError::InvalidSyntax(format!("BulkRequest: {error}")))?;
    if !request.schemas.iter().any(|urn| urn.eq_ignore_ascii_case(scim::BULK_REQUEST)) {
        return Err(ScimError::InvalidSyntax(format!("schemas must have {}", scim::BULK_REQUEST)));
    }
    if request.operations.len() > MAX_OPERATIONS {
        return Err(ScimError::TooLarge(format!("more than {MAX_OPERATIONS} operations")));
    }
    let limit = request.fail_on_errors.filter(|&limit| limit > 0).map_or(usize::MAX, |limit| limit as usize);
    Ok((plan::plan(request.operations), limit))
}

/// Runs the operations in their planned order, answers in the order of the request. Stops after `limit` failures.
fn run(connection: &Connection, planned: Vec<Planned>, limit: usize, base: &str) -> Result<Vec<Outcome>, ScimError> {
    let mut outcomes: Vec<Option<Outcome>> = planned.iter().map(|_| None).collect();
    let mut failed = vec![false; planned.len()];
    let mut failures = 0;
    for operation in planned {
        let index = operation.index;
        let broken = operation.needs.iter().any(|&needed| failed.get(needed).copied().unwrap_or(true));
        let outcome = if broken {
            let error = ScimError::Unresolved("an operation that this one refers to has failed".to_owned());
            operation.failed(&error, base)
        } else {
            operation.run(connection, base)?
        };
        if outcome.response.is_some() {
            failures += 1;
            if let Some(slot) = failed.get_mut(index) {
                *slot = true;
            }
        }
        if let Some(slot) = outcomes.get_mut(index) {
            *slot = Some(outcome);
        }
        if failures >= limit {
            break;
        }
    }
    Ok(outcomes.into_iter().flatten().collect())
}

impl Planned {
    /// An error is the database's own: then nothing of the request is kept.
    fn run(mut self, connection: &Connection, base: &str) -> Result<Outcome, ScimError> {
        let action = std::mem::replace(&mut self.action, Action::Done);
        let result = match action {
            Action::Create(user) => store::create(connection, *user, clock::now().as_millisecond()).map(Some),
            Action::Put(document) => put(connection, &self.id, &self.precondition, &document).map(Some),
            Action::Patch(patch) => modify(connection, &self.id, &self.precondition, patch).map(Some),
            Action::Delete => remove(connection, &self.id, &self.precondition).map(|()| None),
            Action::Refused(error) => Err(error),
            Action::Done => Err(ScimError::Internal),
        };
        match result {
            Ok(record) => {
                let status = match (&record, self.creates) {
                    (_, true) => StatusCode::CREATED,
                    (Some(_), false) => StatusCode::OK,
                    (None, false) => StatusCode::NO_CONTENT,
                };
                Ok(Outcome {
                    location: Some(format!("{base}/Users/{}", self.id)),
                    method: self.method,
                    bulk_id: self.bulk_id,
                    version: record.map(|record| record.etag()),
                    status: status.as_str().to_owned(),
                    response: None,
                })
            }
            Err(ScimError::Internal) => Err(ScimError::Internal),
            Err(error) => Ok(self.failed(&error, base)),
        }
    }

    /// A failed POST has no location (RFC 7644 section 3.7).
    fn failed(self, error: &ScimError, base: &str) -> Outcome {
        let location = (!self.creates && !self.id.is_empty()).then(|| format!("{base}/Users/{}", self.id));
        Outcome {
            location,
            method: self.method,
            bulk_id: self.bulk_id,
            version: None,
            status: error.status().as_str().to_owned(),
            response: Some(error.body()),
        }
    }
}
