//! People written out again as a file of each format.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contactsync::person::Person;
use serde_json::{Map, Value};

use crate::files::ATTRIBUTES;

/// LDIF in which every value is base64. Group entries are left out.
pub fn ldif(people: &[Person]) -> String {
    let mut out = String::from("version: 1\n");
    for person in people {
        put(&mut out, "dn", person.location.as_deref().unwrap_or_default());
        put(&mut out, "objectClass", "person");
        put(&mut out, "entryUUID", person.id.as_str());
        if person.disabled {
            put(&mut out, "state", "off");
        }
        for (name, values) in &person.attributes {
            values.iter().for_each(|value| put(&mut out, name, value.as_str().expect("LDIF has text only")));
        }
        out.push('\n');
    }
    out
}

fn put(out: &mut String, name: &str, value: &str) {
    out.extend([name, ":: ", &STANDARD.encode(value), "\n"]);
}

/// The same LDIF as another program writes it: folded, CRLF, with a comment before each entry.
pub fn other_ldif(ldif: &str) -> String {
    let mut out = String::new();
    for line in ldif.lines() {
        if line.starts_with("dn") {
            out.push_str("# somebody,\r\n  whoever\r\n");
        }
        let (head, tail) = line.split_at(line.len().min(11));
        out.push_str(head);
        for piece in tail.as_bytes().chunks(7) {
            out.push_str("\r\n ");
            out.push_str(std::str::from_utf8(piece).expect("base64 is ASCII"));
        }
        out.push_str("\r\n");
    }
    out
}

/// CSV with every field in quotes.
pub fn csv(people: &[Person], delimiter: char) -> String {
    let mut out = String::new();
    row(&mut out, ["id", "ou", "state"].into_iter().chain(ATTRIBUTES), delimiter);
    for person in people {
        let state = if person.disabled { "off" } else { "" };
        let value =
            |name: &str| person.attributes.get(name).and_then(|values| values.first()?.as_str()).unwrap_or_default();
        let fixed = [person.id.as_str(), person.location.as_deref().unwrap_or_default(), state];
        row(&mut out, fixed.into_iter().chain(ATTRIBUTES.iter().map(|name| value(name))), delimiter);
    }
    out
}

fn row<'a>(out: &mut String, fields: impl Iterator<Item = &'a str>, delimiter: char) {
    for (place, field) in fields.enumerate() {
        if place > 0 {
            out.push(delimiter);
        }
        out.extend(["\"", &field.replace('"', "\"\""), "\""]);
    }
    out.push_str("\r\n");
}

/// JSON Lines; `None` where a number is no whole one, which no two programs write alike.
pub fn jsonl(people: &[Person]) -> Option<String> {
    let mut out = String::new();
    for person in people {
        let mut object = Map::new();
        object.insert("id".to_owned(), person.id.as_str().into());
        if let Some(location) = &person.location {
            object.insert("ou".to_owned(), location.as_str().into());
        }
        if person.disabled {
            object.insert("state".to_owned(), Value::Bool(true));
        }
        for (name, values) in &person.attributes {
            object.insert(name.to_string(), Value::Array(values.clone()));
        }
        let object = Value::Object(object);
        if has_fraction(&object) {
            return None;
        }
        out.extend([&object.to_string(), "\n"]);
    }
    Some(out)
}

fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_fraction),
        Value::Object(members) => members.values().any(has_fraction),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}
