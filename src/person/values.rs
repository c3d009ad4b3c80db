//! What counts as a value of an attribute, and which of several is the smallest. The order in which a directory lists
//! values never matters.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value as Json;

use super::Person;

/// Whether a value is one: null and blank text are not.
pub(super) fn is_present(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::String(text) => !is_blank(text),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => true,
    }
}

/// Whether a text is white space only.
fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

/// The values that a person has of an attribute; none when it is absent.
pub(super) fn present<'a>(person: &'a Person, attribute: &str) -> impl Iterator<Item = &'a Json> + use<'a> {
    person.attributes.get(attribute).into_iter().flatten().filter(|value| is_present(value))
}

/// The smallest of some values: texts by their bytes, all else by its JSON.
pub(super) fn smallest<'a>(values: impl Iterator<Item = &'a Json>) -> Option<&'a Json> {
    values.min_by(|a, b| match (a, b) {
        (Json::String(a), Json::String(b)) => a.cmp(b),
        (Json::String(_), _) => Ordering::Less,
        (_, Json::String(_)) => Ordering::Greater,
        (a, b) => a.to_string().cmp(&b.to_string()),
    })
}

/// A value as text: text itself, a number in decimal; `None` for all else.
pub(super) fn as_text(value: &Json) -> Option<Cow<'_, str>> {
    match value {
        Json::String(text) => Some(Cow::Borrowed(text)),
        Json::Number(number) => Some(Cow::Owned(number.to_string())),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// A value as text to be matched: as [`as_text`], and `true` or `false`.
pub(super) fn as_matchable(value: &Json) -> Option<Cow<'_, str>> {
    match value {
        Json::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        Json::String(_) | Json::Number(_) | Json::Null | Json::Array(_) | Json::Object(_) => as_text(value),
    }
}
