//! `/Users` and `/Users/{id}`: create, read, replace, patch, delete (RFC 7644 sections 3.3 to 3.6).

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use rusqlite::Connection;

use super::input::{MAX_RESOURCE, Parameters, Precondition, base, body, object, parse};
use super::{App, answer};
use crate::kdesk::clock;
use crate::kdesk::document::{self, Document};
use crate::kdesk::error::ScimError;
use crate::kdesk::patch::PatchRequest;
use crate::kdesk::store::{self, NewUser, Record};

type Answer = Result<Response, ScimError>;

/// Time-ordered, so that a million of them make a compact index.
pub(super) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

pub(super) async fn create(State(app): State<Arc<App>>, request: Request) -> Answer {
    let base = base(request.headers(), request.uri());
    let projection = Parameters::of(request.uri()).projection()?;
    let document = document::from_client(object(&body(request, MAX_RESOURCE).await?)?)?;
    let user = NewUser::new(new_id(), document)?;
    let record = app
        .store
        .writer
        .submit(move |connection| store::create(connection, user, clock::now().as_millisecond()))
        .await?;
    answer::user(StatusCode::CREATED, &record, &base, &projection)
}

pub(super) async fn read(State(app): State<Arc<App>>, Path(id): Path<String>, headers: HeaderMap, uri: Uri) -> Answer {
    let base = base(&headers, &uri);
    let projection = Parameters::of(&uri).projection()?;
    let record = app.store.readers.run(move |reader| store::find(reader.connection(), &id)).await?;
    if Precondition::if_none_match(&headers).names(&record.etag()) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        answer::tag(&mut response, &record, &base);
        return Ok(response);
    }
    answer::user(StatusCode::OK, &record, &base, &projection)
}

pub(super) async fn replace(State(app): State<Arc<App>>, Path(id): Path<String>, request: Request) -> Answer {
    let base = base(request.headers(), request.uri());
    let projection = Parameters::of(request.uri()).projection()?;
    let precondition = Precondition::if_match(request.headers());
    let document = document::from_client(object(&body(request, MAX_RESOURCE).await?)?)?;
    let record = app.store.writer.submit(move |connection| put(connection, &id, &precondition, &document)).await?;
    answer::user(StatusCode::OK, &record, &base, &projection)
}

pub(super) async fn patch(State(app): State<Arc<App>>, Path(id): Path<String>, request: Request) -> Answer {
    let base = base(request.headers(), request.uri());
    let projection = Parameters::of(request.uri()).projection()?;
    let precondition = Precondition::if_match(request.headers());
    let patch = PatchRequest::read(parse(&body(request, MAX_RESOURCE).await?)?)?;
    let record = app.store.writer.submit(move |connection| modify(connection, &id, &precondition, patch)).await?;
    answer::user(StatusCode::OK, &record, &base, &projection)
}

pub(super) async fn delete(State(app): State<Arc<App>>, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let precondition = Precondition::if_match(&headers);
    app.store.writer.submit(move |connection| remove(connection, &id, &precondition)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

// What PUT, PATCH and DELETE do within the transaction; a Bulk does the same.

pub(super) fn put(
    connection: &Connection,
    id: &str,
    precondition: &Precondition,
    document: &Document,
) -> Result<Record, ScimError> {
    let record = store::find(connection, id)?;
    precondition.require(&record.etag())?;
    store::replace(connection, record, document, clock::now().as_millisecond())
}

pub(super) fn modify(
    connection: &Connection,
    id: &str,
    precondition: &Precondition,
    patch: PatchRequest,
) -> Result<Record, ScimError> {
    let record = store::find(connection, id)?;
    precondition.require(&record.etag())?;
    let document = patch.apply(&record.document()?)?;
    store::replace(connection, record, &document, clock::now().as_millisecond())
}

pub(super) fn remove(connection: &Connection, id: &str, precondition: &Precondition) -> Result<(), ScimError> {
    let record = store::find(connection, id)?;
    precondition.require(&record.etag())?;
    store::delete(connection, &record)
}
