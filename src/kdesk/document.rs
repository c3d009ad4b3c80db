//! From what a client sent to what is kept: names in the schema's spelling, types checked, unknown and read-only
//! attributes left out (RFC 7644 section 3.3), unassigned ones dropped (RFC 7643 section 2.5).

use base64::Engine as _;
use serde_json::{Map, Value};

use super::error::ScimError;
use super::schema::{self, Attribute, Kind};
use crate::scim;

/// Most values that one attribute may have.
const MAX_VALUES: usize = 200;

pub(super) type Document = Map<String, Value>;

/// The resource in a POST or PUT body.
pub(super) fn from_client(body: Document) -> Result<Document, ScimError> {
    let mut out = Document::with_capacity(body.len());
    let mut declared = false;
    for (name, value) in body {
        if name.eq_ignore_ascii_case("schemas") {
            declared = declares_user(&value)?;
        } else if let Some(schema) = schema::extension(&name) {
            if let Some(members) = checked_members(schema.attributes, value, schema.urn)? {
                out.insert(schema.urn.to_owned(), members);
            }
        } else if let Some(attribute) = schema::core(&name).filter(|attribute| !attribute.read_only())
            && let Some(value) = checked(attribute, value, attribute.name)?
        {
            out.insert(attribute.name.to_owned(), value);
        }
    }
    if !declared {
        return Err(ScimError::InvalidValue(format!("schemas must be an array that has {}", scim::USER)));
    }
    complete(&out)?;
    Ok(out)
}

fn declares_user(value: &Value) -> Result<bool, ScimError> {
    let Value::Array(urns) = value else {
        return Err(ScimError::InvalidValue("schemas must be an array of strings".to_owned()));
    };
    if let Some(other) = urns.iter().find(|urn| !urn.is_string()) {
        return Err(ScimError::InvalidValue(format!("schemas must be an array of strings, not of {}", kind_of(other))));
    }
    Ok(urns.iter().filter_map(Value::as_str).any(|urn| urn.eq_ignore_ascii_case(scim::USER)))
}

/// The rules that hold between attributes: what is required is there, and one value at most is primary.
pub(super) fn complete(document: &Document) -> Result<(), ScimError> {
    if document.get("userName").and_then(Value::as_str).is_none_or(|name| name.trim().is_empty()) {
        return Err(ScimError::InvalidValue("userName is required".to_owned()));
    }
    for (name, value) in document {
        if let Value::Array(values) = value
            && values.iter().filter(|value| is_primary(value)).count() > 1
        {
            return Err(ScimError::InvalidValue(format!(
                "{name}: only one value may be primary (RFC 7643 section 2.4)"
            )));
        }
    }
    Ok(())
}

pub(super) fn is_primary(value: &Value) -> bool {
    value.get("primary") == Some(&Value::Bool(true))
}

/// A value of an attribute, checked; `None` if it is unassigned.
pub(super) fn checked(attribute: &'static Attribute, value: Value, name: &str) -> Result<Option<Value>, ScimError> {
    match value {
        Value::Null => Ok(None),
        Value::Array(values) if attribute.multi => {
            if values.len() > MAX_VALUES {
                return Err(ScimError::InvalidValue(format!("{name} has more than {MAX_VALUES} values")));
            }
            let mut kept = Vec::with_capacity(values.len());
            for value in values {
                if let Some(value) = checked_one(attribute, value, name)? {
                    kept.push(value);
                }
            }
            Ok((!kept.is_empty()).then_some(Value::Array(kept)))
        }
        other if attribute.multi => Err(wrong_type(name, "an array", &other)),
        other => checked_one(attribute, other, name),
    }
}

/// One value, of a multi-valued attribute too.
pub(super) fn checked_one(attribute: &'static Attribute, value: Value, name: &str) -> Result<Option<Value>, ScimError> {
    match (attribute.kind, value) {
        (_, Value::Null) => Ok(None),
        (Kind::Complex, value) => checked_members(attribute.sub, value, name),
        (Kind::Boolean, Value::Bool(value)) => Ok(Some(Value::Bool(value))),
        (Kind::Boolean, other) => Err(wrong_type(name, "true or false", &other)),
        (kind, Value::String(text)) => {
            check_text(attribute, kind, &text, name)?;
            Ok(Some(Value::String(text)))
        }
        (_, other) => Err(wrong_type(name, "a string", &other)),
    }
}

/// The members of a complex value or of an extension.
pub(super) fn checked_members(
    attributes: &'static [Attribute],
    value: Value,
    name: &str,
) -> Result<Option<Value>, ScimError> {
    let members = match value {
        Value::Object(members) => members,
        Value::Null => return Ok(None),
        other => return Err(wrong_type(name, "an object", &other)),
    };
    let mut out = Document::with_capacity(members.len());
    for (key, value) in members {
        if let Some(attribute) = schema::find(attributes, &key).filter(|attribute| !attribute.read_only())
            && !value.is_null()
            && let Some(value) = checked(attribute, value, attribute.name).map_err(|error| within(name, error))?
        {
            out.insert(attribute.name.to_owned(), value);
        }
    }
    Ok((!out.is_empty()).then_some(Value::Object(out)))
}

/// Names the whole path of the attribute at fault.
fn within(name: &str, error: ScimError) -> ScimError {
    let separator = if name.starts_with("urn:") { ':' } else { '.' };
    match error {
        ScimError::InvalidValue(detail) => ScimError::InvalidValue(format!("{name}{separator}{detail}")),
        other => other,
    }
}

fn check_text(attribute: &Attribute, kind: Kind, text: &str, name: &str) -> Result<(), ScimError> {
    // The cheap bound first: bytes are never fewer than characters.
    if text.len() > attribute.max && text.chars().count() > attribute.max {
        return Err(ScimError::InvalidValue(format!("{name} is longer than {} characters", attribute.max)));
    }
    if text.contains('\0') {
        return Err(ScimError::InvalidValue(format!("{name} contains a NUL")));
    }
    if kind == Kind::Binary && base64::engine::general_purpose::STANDARD.decode(text).is_err() {
        return Err(ScimError::InvalidValue(format!("{name} must be base64 (RFC 7643 section 2.3.6)")));
    }
    Ok(())
}

fn wrong_type(name: &str, wanted: &str, found: &Value) -> ScimError {
    ScimError::InvalidValue(format!("{name} must be {wanted}, not {}", kind_of(found)))
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Result<Document, ScimError> {
        let Value::Object(mut body) = body else { unreachable!() };
        body.insert("schemas".to_owned(), json!([scim::USER]));
        from_client(body)
    }

    #[test]
    fn keeps_the_schemas_spelling_and_drops_unknown_unassigned_and_read_only() {
        let kept = read(json!({
            "USERNAME": "a", "ID": "mine", "shoeSize": 44, "title": null, "emails": [], "meta": {"version": "x"},
            "name": {"GivenName": "A", "shoe": 1}, scim::KDESK_CONTACT.to_uppercase(): {"portalaccess": true},
        }))
        .unwrap();
        assert_eq!(
            Value::Object(kept),
            json!({"userName": "a", "name": {"givenName": "A"}, scim::KDESK_CONTACT: {"portalAccess": true}})
        );
    }

    #[test]
    fn rejects_wrong_values_naming_the_attribute() {
        for (body, named) in [
            (json!({"title": "x"}), "userName"),
            (json!({"userName": " "}), "userName"),
            (json!({"userName": 5}), "userName"),
            (json!({"userName": "a", "active": "true"}), "active"),
            (json!({"userName": "a", "emails": {"value": "x"}}), "emails"),
            (json!({"userName": "a", "emails": ["x"]}), "emails"),
            (json!({"userName": "a", "emails": [{"value": 7}]}), "emails.value"),
            (
                json!({"userName": "a", "emails": [{"value": "x", "primary": true}, {"value": "y", "primary": true}]}),
                "emails",
            ),
            (json!({"userName": "a", "name": "A B"}), "name"),
            (json!({"userName": "a\u{0}"}), "userName"),
            (json!({"userName": "a".repeat(2000)}), "userName"),
            (json!({"userName": "a", scim::KDESK_CONTACT: {"portalAccess": 1}}), "Contact:portalAccess"),
            (json!({"userName": "a", "x509Certificates": [{"value": "%"}]}), "x509Certificates.value"),
        ] {
            match read(body.clone()) {
                Err(ScimError::InvalidValue(detail)) => assert!(detail.contains(named), "{body}: {detail}"),
                other => panic!("{body}: {other:?}"),
            }
        }
    }

    #[test]
    fn rejects_a_body_that_does_not_declare_a_user() {
        for schemas in [json!(null), json!([]), json!(["urn:example"]), json!("x"), json!([1])] {
            let Value::Object(body) = json!({"schemas": schemas, "userName": "a"}) else { unreachable!() };
            assert!(matches!(from_client(body), Err(ScimError::InvalidValue(_))));
        }
    }
}
