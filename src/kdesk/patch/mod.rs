//! PATCH (RFC 7644 section 3.5.2): a list of operations onto a document, all or none.

mod apply;
mod place;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::Value;

use super::document::{self, Document};
use super::error::ScimError;
use crate::scim;

/// Most operations in one request.
const MAX_OPERATIONS: usize = 1000;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Add,
    Replace,
    Remove,
}

/// A PATCH body.
#[derive(Debug, Deserialize)]
pub(super) struct PatchRequest {
    #[serde(default)]
    schemas: Vec<String>,
    #[serde(rename = "Operations", alias = "operations", default)]
    operations: Vec<Operation>,
}

#[derive(Debug, Deserialize)]
struct Operation {
    op: String,
    #[serde(default)]
    path: Option<String>,
    /// Absent and null differ from each other in `add` and `replace`.
    #[serde(default, deserialize_with = "given")]
    value: Option<Value>,
}

/// Keeps an explicit null apart from an absent member.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

impl PatchRequest {
    pub(super) fn read(body: Value) -> Result<Self, ScimError> {
        let request: Self =
            serde_json::from_value(body).map_err(|error| ScimError::InvalidSyntax(format!("PATCH: {error}")))?;
        if !request.schemas.iter().any(|urn| urn.eq_ignore_ascii_case(scim::PATCH_OP)) {
            return Err(ScimError::InvalidSyntax(format!("schemas must have {}", scim::PATCH_OP)));
        }
        if request.operations.is_empty() || request.operations.len() > MAX_OPERATIONS {
            return Err(ScimError::InvalidSyntax(format!("Operations must have 1 to {MAX_OPERATIONS} entries")));
        }
        Ok(request)
    }

    /// The patched document. The one given is left as it is if an operation fails.
    pub(super) fn apply(self, document: &Document) -> Result<Document, ScimError> {
        let mut patched = document.clone();
        for operation in self.operations {
            let verb = match operation.op.to_ascii_lowercase().as_str() {
                "add" => Verb::Add,
                "replace" => Verb::Replace,
                "remove" => Verb::Remove,
                other => return Err(ScimError::InvalidSyntax(format!("op {other:?} is not add, replace or remove"))),
            };
            apply::operation(&mut patched, verb, operation.path.as_deref(), operation.value)?;
        }
        document::complete(&patched)?;
        Ok(patched)
    }
}
