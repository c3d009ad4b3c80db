//! Doors for `fuzz/`: filters, PATCH and documents without a request around them.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::document::{self, Document};
use super::store::{self, NewUser, Page, Store};
use super::{clock, filter, patch};
use crate::scim;

/// A parsed filter.
#[derive(Debug)]
pub struct Filter(Arc<filter::Filter>);

impl Filter {
    /// Parses it.
    pub fn parse(text: &str) -> Result<Self, String> {
        filter::parse(text).map(|filter| Self(Arc::new(filter))).map_err(|error| error.to_string())
    }

    /// Its tree, to compare.
    pub fn tree(&self) -> String {
        format!("{:?}", self.0)
    }

    /// Whether a document satisfies it.
    pub fn matches(&self, document: &Document) -> bool {
        filter::matches(&self.0, document)
    }
}

/// Parses a PATCH path; its tree, to compare.
pub fn path(text: &str) -> Result<String, String> {
    filter::parse_path(text).map(|path| format!("{path:?}")).map_err(|error| error.to_string())
}

/// A document as it is kept, from the body of a POST.
pub fn document(mut body: Document) -> Result<Document, String> {
    body.insert("schemas".to_owned(), json!([scim::USER]));
    document::from_client(body).map_err(|error| error.to_string())
}

/// A document after the operations of a PATCH.
pub fn patched(document: &Document, operations: Value) -> Result<Document, String> {
    let body = json!({"schemas": [scim::PATCH_OP], "Operations": operations});
    let request = patch::PatchRequest::read(body).map_err(|error| error.to_string())?;
    request.apply(document).map_err(|error| error.to_string())
}

/// A workspace's database that only lists.
#[derive(Debug)]
pub struct Listed {
    store: Store,
    runtime: tokio::runtime::Runtime,
    /// The documents with id and meta, as a filter sees them, in order.
    pub documents: Vec<Document>,
}

impl Listed {
    /// A database at `path` with these documents, made `at` (milliseconds) and a second apart.
    pub fn new(path: &Path, documents: Vec<Document>, at: i64) -> Self {
        let store = Store::open(path).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut full = Vec::new();
        for (n, mut document) in (0_i64..).zip(documents) {
            let (id, now) = (format!("id-{n:03}"), at + n * 1000);
            let user = NewUser::new(id.clone(), document.clone()).unwrap();
            runtime.block_on(store.writer.submit(move |connection| store::create(connection, user, now))).unwrap();
            document.insert("id".to_owned(), id.into());
            document.insert("schemas".to_owned(), json!([scim::USER]));
            let meta = json!({
                "resourceType": "User", "created": clock::text(now), "lastModified": clock::text(now), "version": "W/\"1\"",
            });
            document.insert("meta".to_owned(), meta);
            full.push(document);
        }
        Self { store, runtime, documents: full }
    }

    /// The ids that a filter finds through SQL, sorted, by index or by cursor; and the total told.
    pub fn find(&self, filter: &Filter, cursor: bool) -> Result<(Vec<String>, i64), String> {
        let filter = Some(Arc::clone(&filter.0));
        let page =
            if cursor { Page::Cursor { after: None, count: 100 } } else { Page::Index { offset: 0, count: 100 } };
        let listing =
            self.runtime.block_on(self.store.readers.run(move |reader| store::list(reader, filter, None, page)));
        let listing = listing.map_err(|error| error.to_string())?;
        let mut ids: Vec<String> = listing.records.into_iter().map(|record| record.id).collect();
        ids.sort_unstable();
        Ok((ids, listing.total))
    }
}
