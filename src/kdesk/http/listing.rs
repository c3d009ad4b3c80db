//! Listings: `GET /Users`, `POST /Users/.search` and `POST /.search` (RFC 7644 sections 3.4.2 and 3.4.3, RFC 9865).
//! Users are all there is, so a search at the root searches them.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;

use super::input::{MAX_RESOURCE, Parameters, base, body, parse};
use super::{App, answer};
use crate::kdesk::clock;
use crate::kdesk::error::ScimError;
use crate::kdesk::filter;
use crate::kdesk::project::Projection;
use crate::kdesk::schema::{Path, Prefix};
use crate::kdesk::store::{self, Order, Page};
use crate::scim;

/// Resources on a page when the client does not say.
pub(super) const DEFAULT_COUNT: i64 = 100;
/// Resources on a page at most.
pub(super) const MAX_COUNT: i64 = 1000;

/// What is asked for, from a query string or a `SearchRequest`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Query {
    #[serde(default)]
    schemas: Vec<String>,
    filter: Option<String>,
    sort_by: Option<String>,
    sort_order: Option<String>,
    start_index: Option<Value>,
    count: Option<Value>,
    cursor: Option<String>,
    attributes: Option<Vec<String>>,
    excluded_attributes: Option<Vec<String>>,
}

pub(super) async fn users(State(app): State<Arc<App>>, headers: HeaderMap, uri: Uri) -> Result<Response, ScimError> {
    let parameters = Parameters::of(&uri);
    let text = |name: &str| parameters.get(name).map(str::to_owned);
    let query = Query {
        schemas: Vec::new(),
        filter: text("filter"),
        sort_by: text("sortBy"),
        sort_order: text("sortOrder"),
        start_index: text("startIndex").map(Value::String),
        count: text("count").map(Value::String),
        cursor: text("cursor"),
        attributes: parameters.names("attributes"),
        excluded_attributes: parameters.names("excludedAttributes"),
    };
    answer(&app, base(&headers, &uri), query).await
}

pub(super) async fn search(State(app): State<Arc<App>>, request: Request) -> Result<Response, ScimError> {
    let base = base(request.headers(), request.uri());
    let read = parse(&body(request, MAX_RESOURCE).await?)?;
    let query: Query =
        serde_json::from_value(read).map_err(|error| ScimError::InvalidSyntax(format!("SearchRequest: {error}")))?;
    if !query.schemas.iter().any(|urn| urn.eq_ignore_ascii_case(scim::SEARCH_REQUEST)) {
        return Err(ScimError::InvalidSyntax(format!("schemas must have {}", scim::SEARCH_REQUEST)));
    }
    answer(&app, base, query).await
}

async fn answer(app: &App, base: String, query: Query) -> Result<Response, ScimError> {
    let projection = Projection::new(query.attributes.clone(), query.excluded_attributes.clone())?;
    let filter = query.filter.as_deref().map(filter::parse).transpose()?.map(Arc::new);
    let order = query.order()?;
    let fingerprint = query.fingerprint();
    let now = clock::now().as_second();
    let (page, start) = if let Some(cursor) = &query.cursor {
        let after = if cursor.is_empty() { None } else { Some(app.sealer.open(cursor, &fingerprint, now)?) };
        let count = number(query.count.as_ref()).map_err(|()| ScimError::InvalidCount)?.unwrap_or(DEFAULT_COUNT);
        if count < 0 {
            return Err(ScimError::InvalidCount);
        }
        (Page::Cursor { after, count: count.min(MAX_COUNT) }, None)
    } else {
        let start = Query::number("startIndex", query.start_index.as_ref())?.unwrap_or(1).max(1);
        let count = Query::number("count", query.count.as_ref())?.unwrap_or(DEFAULT_COUNT).clamp(0, MAX_COUNT);
        (Page::Index { offset: start - 1, count }, Some(start))
    };
    let sealer = app.sealer.clone();
    let body = app.store.readers.run(move |reader| {
        let listing = store::list(reader, filter, order, page)?;
        let next = listing.next.as_ref().map(|next| sealer.seal(next, &fingerprint, now));
        write(&listing, start, next.as_deref(), &base, &projection)
    });
    Ok(answer::json(StatusCode::OK, body.await?))
}

/// The `ListResponse`; of each resource the stored bytes, unless a projection asks for less.
fn write(
    listing: &store::Listing,
    start: Option<i64>,
    next: Option<&str>,
    base: &str,
    projection: &Projection,
) -> Result<Vec<u8>, ScimError> {
    let documents: usize = listing.records.iter().map(|record| record.doc.len() + 300).sum();
    let mut out = Vec::with_capacity(documents + 256);
    let head = format!(
        r#"{{"schemas":["{}"],"totalResults":{},"itemsPerPage":{}"#,
        scim::LIST_RESPONSE,
        listing.total,
        listing.records.len()
    );
    out.extend_from_slice(head.as_bytes());
    if let Some(start) = start {
        out.extend_from_slice(format!(r#","startIndex":{start}"#).as_bytes());
    }
    if let Some(next) = next {
        out.extend_from_slice(format!(r#","nextCursor":"{next}""#).as_bytes());
    }
    out.extend_from_slice(br#","Resources":["#);
    for (index, record) in listing.records.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        answer::resource(record, base, projection, &mut out)?;
    }
    out.extend_from_slice(b"]}");
    Ok(out)
}

impl Query {
    fn order(&self) -> Result<Option<Order>, ScimError> {
        let Some(by) = self.sort_by.as_deref().filter(|by| !by.is_empty()) else { return Ok(None) };
        let descending = match self.sort_order.as_deref() {
            None => false,
            Some(order) if order.eq_ignore_ascii_case("ascending") => false,
            Some(order) if order.eq_ignore_ascii_case("descending") => true,
            Some(_) => {
                return Err(ScimError::InvalidValue("sortOrder is ascending or descending".to_owned()));
            }
        };
        match Path::resolve(by) {
            Prefix::Attribute(path) if path.compared().is_some() => Ok(Some(Order { path, descending })),
            Prefix::Attribute(_) => Err(ScimError::InvalidPath(format!("sortBy: {by} is complex and has no value"))),
            Prefix::Extension(_) | Prefix::Unknown => {
                Err(ScimError::InvalidPath(format!("sortBy: no schema defines {by}")))
            }
        }
    }

    /// What a cursor must fit: all that decides which resources come in which order.
    fn fingerprint(&self) -> String {
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        format!("{}\0{}\0{}", part(&self.filter), part(&self.sort_by), part(&self.sort_order).to_ascii_lowercase())
    }

    fn number(name: &str, value: Option<&Value>) -> Result<Option<i64>, ScimError> {
        number(value).map_err(|()| ScimError::InvalidValue(format!("{name} must be a whole number")))
    }
}

fn number(value: Option<&Value>) -> Result<Option<i64>, ()> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => number.as_i64().map(Some).ok_or(()),
        Some(Value::String(text)) => text.trim().parse().map(Some).map_err(|_no_number: std::num::ParseIntError| ()),
        Some(_) => Err(()),
    }
}
