//! Does a document match? And by what does it sort?
//!
//! A multi-valued attribute matches if any of its values does (RFC 7644 section 3.4.2.2). An attribute without value
//! equals null, differs from all else (RFC 7643 section 2.5), and has no place in an order.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Filter, Literal, Op, fold};
use crate::kdesk::schema::{Attribute, Kind, Path};

/// Whether the document, with `meta` where the filter asks for it, satisfies the filter.
pub(in crate::kdesk) fn matches(filter: &Filter, document: &Map<String, Value>) -> bool {
    match filter {
        Filter::And(operands) => operands.iter().all(|operand| matches(operand, document)),
        Filter::Or(operands) => operands.iter().any(|operand| matches(operand, document)),
        Filter::Not(inner) => !matches(inner, document),
        Filter::Present(path) => path.is_some_and(|path| held(&path, document).iter().any(|value| present(value))),
        Filter::Compare(path, op, literal) => path.map_or_else(
            || *op == Op::Ne,
            |path| {
                let values = values(&path, document);
                path.compared().map_or_else(
                    || present_compare(*op, !held(&path, document).is_empty()),
                    |attribute| compare(attribute, &values, *op, literal),
                )
            },
        ),
        Filter::Values(path, inner) => path.is_some_and(|path| {
            held(&path, document).iter().filter_map(|value| value.as_object()).any(|value| matches(inner, value))
        }),
    }
}

/// Whether one value of a multi-valued attribute satisfies the filter of a value path. A value that is not complex is
/// looked at as `value`.
pub(in crate::kdesk) fn matches_element(filter: &Filter, element: &Value) -> bool {
    element.as_object().is_some_and(|element| matches(filter, element))
}

/// A complex attribute can only be compared with null.
fn present_compare(op: Op, present: bool) -> bool {
    if op == Op::Eq { !present } else { present }
}

/// The values that a path names, before a complex one is reduced to its `value`.
fn held<'d>(path: &Path, document: &'d Map<String, Value>) -> Vec<&'d Value> {
    let container = match path.extension {
        None => Some(document),
        Some(urn) => document.get(urn).and_then(Value::as_object),
    };
    let Some(value) = container.and_then(|container| container.get(path.attribute.name)) else { return Vec::new() };
    let outer = match value {
        Value::Array(items) => items.iter().collect(),
        other => vec![other],
    };
    match path.sub {
        None => outer,
        Some(sub) => outer.into_iter().filter_map(|value| value.get(sub.name)).collect(),
    }
}

/// The values that a comparison looks at.
fn values<'d>(path: &Path, document: &'d Map<String, Value>) -> Vec<&'d Value> {
    let held = held(path, document);
    if path.sub.is_none() && path.attribute.is_complex() {
        held.into_iter().filter_map(|value| value.get("value")).collect()
    } else {
        held
    }
}

fn present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

fn compare(attribute: &Attribute, values: &[&Value], op: Op, literal: &Literal) -> bool {
    match (literal, op) {
        (Literal::Null, Op::Ne) => !values.is_empty(),
        (Literal::Null, _) => values.is_empty(),
        (_, Op::Ne) => values.is_empty() || values.iter().any(|value| !holds(attribute, value, Op::Eq, literal)),
        _ => values.iter().any(|value| holds(attribute, value, op, literal)),
    }
}

fn holds(attribute: &Attribute, value: &Value, op: Op, literal: &Literal) -> bool {
    match (value, literal) {
        (Value::String(text), Literal::Text(wanted)) => {
            let text = if attribute.case_exact { Cow::Borrowed(text.as_str()) } else { Cow::Owned(fold(text)) };
            match op {
                Op::Co => text.contains(wanted.as_str()),
                Op::Sw => text.starts_with(wanted.as_str()),
                Op::Ew => text.ends_with(wanted.as_str()),
                _ => ordered(op, Some(text.as_ref().cmp(wanted.as_str()))),
            }
        }
        (Value::String(text), Literal::Time(wanted)) => {
            ordered(op, text.parse::<Timestamp>().map(|at| at.cmp(wanted)).ok())
        }
        (Value::Bool(value), Literal::Bool(wanted)) => ordered(op, Some(value.cmp(wanted))),
        (Value::Number(value), Literal::Number(wanted)) => {
            ordered(op, value.as_f64().and_then(|value| value.partial_cmp(wanted)))
        }
        _ => false,
    }
}

fn ordered(op: Op, ordering: Option<Ordering>) -> bool {
    ordering.is_some_and(|ordering| match op {
        Op::Eq => ordering.is_eq(),
        Op::Ne => ordering.is_ne(),
        Op::Gt => ordering.is_gt(),
        Op::Ge => ordering.is_ge(),
        Op::Lt => ordering.is_lt(),
        Op::Le => ordering.is_le(),
        Op::Co | Op::Sw | Op::Ew => false,
    })
}

/// What the document sorts by (RFC 7644 section 3.4.2.3): bytes whose order is the values' order. Of a multi-valued
/// attribute the primary value counts, else the first; no value comes after all others.
pub(in crate::kdesk) fn sort_key(path: &Path, document: &Map<String, Value>) -> Vec<u8> {
    const VALUE: u8 = 1;
    const NONE: u8 = 0xFF;
    let mut narrowed = Map::new();
    let container = match path.extension {
        None => Some(document),
        Some(urn) => document.get(urn).and_then(Value::as_object),
    };
    let document = match container.and_then(|container| container.get(path.attribute.name)) {
        Some(Value::Array(items)) => {
            let primary = items.iter().find(|item| item.get("primary") == Some(&Value::Bool(true)));
            if let Some(item) = primary.or(items.first()) {
                narrowed.insert(path.attribute.name.to_owned(), item.clone());
            }
            &narrowed
        }
        _ => container.unwrap_or(&narrowed),
    };
    let path = Path { extension: None, ..*path };
    let value = values(&path, document).into_iter().next();
    let case_exact = path.compared().is_none_or(|attribute| attribute.case_exact || attribute.kind == Kind::DateTime);
    let mut key = vec![VALUE];
    match value {
        Some(Value::String(text)) if case_exact => key.extend_from_slice(text.as_bytes()),
        Some(Value::String(text)) => key.extend_from_slice(fold(text).as_bytes()),
        Some(Value::Bool(value)) => key.push(u8::from(*value)),
        _ => key = vec![NONE],
    }
    key
}
