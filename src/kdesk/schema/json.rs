//! The tables as `/Schemas` and `/ResourceTypes` show them (RFC 7643 sections 6 and 7).

use serde_json::{Map, Value, json};

use super::{Attribute, EXTENSIONS, Kind, Mutability, Returned, Schema, USER};
use crate::scim;

/// All schemas, each a resource with its own address below `base`.
pub(in crate::kdesk) fn schemas(base: &str) -> Vec<Value> {
    std::iter::once(&USER).chain(EXTENSIONS).map(|schema| render(schema, base)).collect()
}

/// All resource types: users only.
pub(in crate::kdesk) fn resource_types(base: &str) -> Vec<Value> {
    let extensions: Vec<Value> =
        EXTENSIONS.iter().map(|schema| json!({"schema": schema.urn, "required": false})).collect();
    vec![json!({
        "schemas": [scim::RESOURCE_TYPE],
        "id": "User",
        "name": "User",
        "endpoint": "/Users",
        "description": "A contact of the workspace",
        "schema": scim::USER,
        "schemaExtensions": extensions,
        "meta": {"resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/User")},
    })]
}

fn render(schema: &Schema, base: &str) -> Value {
    json!({
        "schemas": [scim::SCHEMA],
        "id": schema.urn,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "meta": {"resourceType": "Schema", "location": format!("{base}/Schemas/{}", schema.urn)},
    })
}

fn attribute(of: &Attribute) -> Value {
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        out.insert(key.to_owned(), value);
    };
    put("name", of.name.into());
    put("type", kind(of.kind).into());
    put("multiValued", of.multi.into());
    put("description", of.description.into());
    put("required", of.required.into());
    if !of.canonical.is_empty() {
        put("canonicalValues", json!(of.canonical));
    }
    put("caseExact", of.case_exact.into());
    put(
        "mutability",
        match of.mutability {
            Mutability::ReadOnly => "readOnly",
            Mutability::ReadWrite => "readWrite",
        }
        .into(),
    );
    put(
        "returned",
        match of.returned {
            Returned::Always => "always",
            Returned::Default => "default",
        }
        .into(),
    );
    put("uniqueness", if of.unique { "server" } else { "none" }.into());
    if !of.reference.is_empty() {
        put("referenceTypes", json!(of.reference));
    }
    if !of.sub.is_empty() {
        put("subAttributes", of.sub.iter().map(attribute).collect());
    }
    Value::Object(out)
}

fn kind(of: Kind) -> &'static str {
    match of {
        Kind::String => "string",
        Kind::Boolean => "boolean",
        Kind::DateTime => "dateTime",
        Kind::Reference => "reference",
        Kind::Binary => "binary",
        Kind::Complex => "complex",
    }
}
