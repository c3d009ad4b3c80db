//! A stored contact, and how its bytes become an answer: `meta` is spliced into the stored JSON, nothing is parsed.

use std::borrow::Cow;

use rusqlite::Row;

use crate::kdesk::clock;
use crate::kdesk::document::Document;
use crate::kdesk::error::ScimError;

/// A row of `users`.
#[derive(Debug, Clone)]
pub(in crate::kdesk) struct Record {
    pub(super) seq: i64,
    pub(in crate::kdesk) id: String,
    pub(in crate::kdesk) created: i64,
    pub(in crate::kdesk) modified: i64,
    pub(in crate::kdesk) version: i64,
    pub(in crate::kdesk) doc: Vec<u8>,
}

pub(super) const COLUMNS: &str = "seq, id, created, modified, version, doc";

impl Record {
    pub(super) fn from_row(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            seq: row.get(0)?,
            id: row.get(1)?,
            created: row.get(2)?,
            modified: row.get(3)?,
            version: row.get(4)?,
            doc: row.get(5)?,
        })
    }

    /// The weak entity tag (RFC 7644 section 3.14).
    pub(in crate::kdesk) fn etag(&self) -> String {
        etag(self.version)
    }

    pub(in crate::kdesk) fn document(&self) -> Result<Document, ScimError> {
        serde_json::from_slice(&self.doc).map_err(|cause| ScimError::internal(&cause))
    }

    pub(in crate::kdesk) fn location(&self, base: &str) -> String {
        format!("{base}/Users/{}", self.id)
    }

    /// Appends the resource as JSON.
    pub(in crate::kdesk) fn write(&self, base: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(self.doc.strip_suffix(b"}").unwrap_or(&self.doc));
        // The base comes from a checked Host header: nothing in it needs escaping.
        out.extend_from_slice(
            format!(
                r#","meta":{{"resourceType":"User","created":"{}","lastModified":"{}","location":"{base}/Users/{}","version":"W/\"{}\""}}}}"#,
                clock::text(self.created),
                clock::text(self.modified),
                self.id,
                self.version
            )
            .as_bytes(),
        );
    }

    /// The resource as a document, with `meta`, for projection.
    pub(in crate::kdesk) fn full(&self, base: &str) -> Result<Document, ScimError> {
        let mut bytes = Vec::with_capacity(self.doc.len() + 256);
        self.write(base, &mut bytes);
        serde_json::from_slice(&bytes).map_err(|cause| ScimError::internal(&cause))
    }
}

pub(in crate::kdesk) fn etag(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// The bytes that are kept: schemas (derived), id, then the attributes.
pub(super) fn stored(id: &str, attributes: Cow<'_, Document>) -> Result<Vec<u8>, ScimError> {
    let mut schemas = vec![serde_json::Value::from(crate::scim::USER)];
    for schema in crate::kdesk::schema::EXTENSIONS {
        if attributes.contains_key(schema.urn) {
            schemas.push(schema.urn.into());
        }
    }
    let mut document = Document::with_capacity(attributes.len() + 2);
    document.insert("schemas".to_owned(), schemas.into());
    document.insert("id".to_owned(), id.into());
    document.extend(attributes.into_owned().into_iter().filter(|(name, _)| name != "schemas" && name != "id"));
    serde_json::to_vec(&document).map_err(|cause| ScimError::internal(&cause))
}
