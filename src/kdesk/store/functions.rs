//! What SQL can't say itself: `scim_match(doc, created, modified, version)` evaluates the filter of the query at hand,
//! `scim_sort_key(doc)` its order. SQLite then limits, counts and sorts, in bounded memory.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use serde_json::{Value, json};

use crate::kdesk::clock;
use crate::kdesk::document::Document;
use crate::kdesk::filter::{Filter, matches, sort_key};
use crate::kdesk::schema::Path;

/// The query that a connection's functions serve.
#[derive(Debug, Clone, Default)]
pub(in crate::kdesk) struct Slot(Arc<Mutex<Query>>);

#[derive(Debug, Default)]
struct Query {
    filter: Option<Arc<Filter>>,
    sort: Option<Path>,
}

impl Slot {
    pub(super) fn set(&self, filter: Option<Arc<Filter>>, sort: Option<Path>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Query { filter, sort };
    }

    pub(super) fn clear(&self) {
        self.set(None, None);
    }

    pub(super) fn register(&self, connection: &Connection) -> Result<(), rusqlite::Error> {
        // Not deterministic: the same row may be judged by another query next time.
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
        let slot = self.clone();
        connection.create_scalar_function("scim_match", 4, flags, move |context| {
            let query = slot.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(filter) = &query.filter else { return Ok(true) };
            Ok(matches(filter, &document(context, true)?))
        })?;
        let slot = self.clone();
        connection.create_scalar_function("scim_sort_key", 1, flags, move |context| {
            let query = slot.0.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(path) = &query.sort else { return Ok(Vec::new()) };
            Ok(sort_key(path, &document(context, false)?))
        })
    }
}

fn document(context: &Context<'_>, with_meta: bool) -> Result<Document, rusqlite::Error> {
    let failed = |cause: serde_json::Error| rusqlite::Error::UserFunctionError(Box::new(cause));
    let bytes = context.get_raw(0).as_blob().map_err(|cause| rusqlite::Error::UserFunctionError(Box::new(cause)))?;
    let mut document: Document = serde_json::from_slice(bytes).map_err(failed)?;
    if with_meta {
        let meta: Value = json!({
            "resourceType": "User",
            "created": clock::text(context.get(1)?),
            "lastModified": clock::text(context.get(2)?),
            "version": super::record::etag(context.get(3)?),
        });
        document.insert("meta".to_owned(), meta);
    }
    Ok(document)
}
