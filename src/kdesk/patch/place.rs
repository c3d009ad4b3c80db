//! Where a path points in a document: reach it, make room for it, and leave nothing empty behind.

use serde_json::{Map, Value};

use crate::kdesk::document::Document;

/// The map that holds an attribute: the document or one of its extensions, made if absent.
pub(super) fn container<'d>(document: &'d mut Document, extension: Option<&'static str>) -> &'d mut Map<String, Value> {
    match extension {
        None => document,
        Some(urn) => object(document, urn),
    }
}

/// An object member, made if absent or of another type.
pub(super) fn object<'d>(holder: &'d mut Map<String, Value>, name: &str) -> &'d mut Map<String, Value> {
    let slot = holder.entry(name).or_insert_with(|| Value::Object(Map::new()));
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    match slot {
        Value::Object(members) => members,
        _ => unreachable!("made an object just above"),
    }
}

/// An array member, made if absent or of another type.
pub(super) fn array<'d>(holder: &'d mut Map<String, Value>, name: &str) -> &'d mut Vec<Value> {
    let slot = holder.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    if !slot.is_array() {
        *slot = Value::Array(Vec::new());
    }
    match slot {
        Value::Array(values) => values,
        _ => unreachable!("made an array just above"),
    }
}

/// Removes what holds nothing any more: an empty array or object is unassigned (RFC 7643 section 2.5).
pub(super) fn prune(document: &mut Document) {
    document.retain(|_, value| !emptied(value));
}

/// Prunes a value, and says whether nothing is left of it. It is as deep as the schema: an extension's attribute's values.
fn emptied(value: &mut Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => {
            values.retain_mut(|value| !emptied(value));
            values.is_empty()
        }
        Value::Object(members) => {
            members.retain(|_, value| !emptied(value));
            members.is_empty()
        }
        _ => false,
    }
}
