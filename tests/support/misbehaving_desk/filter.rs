//! The few filters and PATCH operations that the client sends.

use serde_json::{Map, Value, json};

pub(super) fn lower(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_lowercase()
}

/// Whether a user fits `attribute op "value"`.
pub(super) fn matches(user: &Map<String, Value>, term: &str) -> bool {
    let mut words = term.splitn(3, ' ');
    let (attribute, operator, value) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let wanted: String = serde_json::from_str(value).unwrap();
    let values: Vec<String> = match attribute {
        "emails.value" => {
            user.get("emails").and_then(Value::as_array).into_iter().flatten().map(|e| lower(&e["value"])).collect()
        }
        "userName" => vec![lower(&user["userName"])],
        _ => user.get(attribute).and_then(Value::as_str).map(str::to_owned).into_iter().collect(),
    };
    values.iter().any(|found| match operator {
        "sw" => found.starts_with(&wanted),
        _ => *found == wanted || attribute != "id" && attribute != "externalId" && *found == wanted.to_lowercase(),
    })
}

/// Applies one PATCH operation.
pub(super) fn apply(user: &mut Map<String, Value>, operation: &Value) {
    let path = operation["path"].as_str().unwrap();
    let (outer, name) = match path.rsplit_once(':').or_else(|| path.split_once('.')) {
        Some((outer, name)) => (Some(outer), name),
        None => (None, path),
    };
    let object = match outer {
        Some(outer) => user.entry(outer).or_insert_with(|| json!({})).as_object_mut().unwrap(),
        None => user,
    };
    if operation["op"] == "remove" {
        object.shift_remove(name);
    } else {
        assert!(!operation["value"].is_null() && operation["value"] != "", "L13: never null or empty text");
        object.insert(name.to_owned(), operation["value"].clone());
    }
}
