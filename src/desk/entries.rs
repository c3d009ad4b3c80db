//! Multi-valued attributes merged: owned labels take their new values, everything else stays as it is (L10, L13).

use serde_json::{Map, Value, json};

use crate::scim::json::{self, Object};

/// The entries of an attribute, ready to be changed.
pub(super) fn entries(resource: &Object, attribute: &str) -> Vec<Object> {
    json::entries(resource, attribute).cloned().collect()
}

/// As an attribute's value; `None` when there are none, since an empty list and no attribute are the same.
pub(super) fn value(entries: Vec<Object>) -> Option<Value> {
    (!entries.is_empty()).then(|| Value::Array(entries.into_iter().map(Value::Object).collect()))
}

/// Gives a label these values and no others. Entries that have one of them stay; others of the label are rewritten in
/// place, so that what is known of them besides stays, or go. An entry that is primary keeps its value: it belongs to
/// the sign-in email, and only loses the label.
pub(super) fn set_label(entries: &mut Vec<Object>, label: &str, values: &[String], keep_primary: bool) {
    let mut missing: Vec<&String> = Vec::new();
    for value in values {
        let has = |entry: &Object| json::is_labeled(entry, label) && is(entry, value, keep_primary);
        if entries.iter().any(has) {
            continue;
        }
        let unlabeled = |entry: &&mut Object| {
            keep_primary && is_primary(entry) && json::text(&**entry, "type").is_none() && is(entry, value, true)
        };
        match entries.iter_mut().find(unlabeled) {
            Some(entry) => json::put(entry, "type", Some(label.into())),
            None => missing.push(value),
        }
    }
    let mut missing = missing.into_iter();
    entries.retain_mut(|entry| {
        if !json::is_labeled(entry, label) || values.iter().any(|value| is(entry, value, keep_primary)) {
            return true;
        }
        if keep_primary && is_primary(entry) {
            json::remove(entry, "type");
            return true;
        }
        match missing.next() {
            Some(value) => {
                set_value(entry, value);
                true
            }
            None => false,
        }
    });
    for value in missing {
        entries.push(entry(&[("value", value.as_str().into()), ("type", label.into())]));
    }
}

/// Makes one entry the primary address and gives it this value; the old primary address goes, all others stay.
pub(super) fn set_primary(entries: &mut Vec<Object>, email: &str, user_name: &str) {
    let old = primary(entries, user_name);
    let same = |entry: &Object| is(entry, email, true);
    let at = match (old, entries.iter().position(same)) {
        (Some(old), _) if entries.get(old).is_some_and(same) => old,
        (Some(old), Some(held)) => {
            entries.remove(old);
            if old < held { held - 1 } else { held }
        }
        (Some(old), None) => old,
        (None, Some(held)) => held,
        (None, None) => {
            entries.push(Map::new());
            entries.len() - 1
        }
    };
    if let Some(entry) = entries.get_mut(at)
        && json::text(entry, "value") != Some(email)
    {
        set_value(entry, email);
    }
    mark(entries, Some(at));
}

/// Leaves exactly one entry primary: the first that says so, else the one that people sign in with (L13).
pub(super) fn one_primary(entries: &mut [Object], user_name: &str) {
    let at = primary(entries, user_name);
    mark(entries, at);
}

fn primary(entries: &[Object], user_name: &str) -> Option<usize> {
    entries.iter().position(is_primary).or_else(|| entries.iter().position(|entry| is(entry, user_name, true)))
}

fn mark(entries: &mut [Object], at: Option<usize>) {
    for (index, entry) in entries.iter_mut().enumerate() {
        if Some(index) == at {
            json::put(entry, "primary", Some(json!(true)));
        } else if is_primary(entry) {
            json::remove(entry, "primary");
        }
    }
}

fn is_primary(entry: &Object) -> bool {
    json::flag(entry, "primary") == Some(true)
}

fn is(entry: &Object, value: &str, ignore_case: bool) -> bool {
    let found = json::text(entry, "value");
    found.is_some_and(|found| found == value || ignore_case && found.to_lowercase() == value.to_lowercase())
}

/// `display` and `$ref` speak of the old value.
fn set_value(entry: &mut Object, value: &str) {
    json::put(entry, "value", Some(value.into()));
    json::remove(entry, "display");
    json::remove(entry, "$ref");
}

pub(super) fn entry(pairs: &[(&str, Value)]) -> Object {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}
