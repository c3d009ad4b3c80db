//! Loose reading of SCIM's JSON: attribute names ignore case (RFC 7643 section 2.1), empty text is no text.

use serde_json::{Map, Value};

pub(super) type Object = Map<String, Value>;

/// The attribute of that name, however it is spelt; `null` is absent (RFC 7643 section 2.5).
pub(super) fn get<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    let found = match object.get(name) {
        Some(value) => value,
        None => object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1,
    };
    (!found.is_null()).then_some(found)
}

/// The same, to change it; under the spelling that is there, else under `name`.
pub(super) fn slot<'a>(object: &'a mut Object, name: &str) -> &'a mut Value {
    let spelt = spelling(object, name);
    object.entry(spelt).or_insert(Value::Null)
}

/// Takes the attribute out.
pub(super) fn remove(object: &mut Object, name: &str) -> Option<Value> {
    let spelt = spelling(object, name);
    object.shift_remove(&spelt)
}

/// Puts a value in, or takes the attribute out.
pub(super) fn put(object: &mut Object, name: &str, value: Option<Value>) {
    match value {
        Some(value) => *slot(object, name) = value,
        None => {
            remove(object, name);
        }
    }
}

fn spelling(object: &Object, name: &str) -> String {
    if object.contains_key(name) {
        return name.to_owned();
    }
    object.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned().unwrap_or_else(|| name.to_owned())
}

/// Text that is not empty.
pub(super) fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    get(object, name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// True or false; some servers write them as text.
pub(super) fn flag(object: &Object, name: &str) -> Option<bool> {
    match get(object, name)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A complex value, such as `name` or an extension.
pub(super) fn object<'a>(object: &'a Object, name: &str) -> Option<&'a Object> {
    get(object, name).and_then(Value::as_object)
}

/// The entries of a multi-valued complex attribute; one alone may come without its list.
pub(super) fn entries<'a>(object: &'a Object, name: &str) -> impl Iterator<Item = &'a Object> {
    let found = match get(object, name) {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    };
    found.iter().filter_map(Value::as_object)
}

/// Whether an entry of a multi-valued attribute has this label as its `type`.
pub(super) fn is_labeled(entry: &Object, label: &str) -> bool {
    text(entry, "type").is_some_and(|found| found.eq_ignore_ascii_case(label))
}

/// A value as filters write it (RFC 7644 section 3.4.2.2: JSON's rules).
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
