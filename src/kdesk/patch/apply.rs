//! One PATCH operation (RFC 7644 sections 3.5.2.1 to 3.5.2.3).

use serde_json::{Map, Value};

use super::Verb;
use super::place::{array, container, object, prune};
use crate::kdesk::document::{Document, checked, checked_members, checked_one, is_primary};
use crate::kdesk::error::ScimError;
use crate::kdesk::filter::{Filter, PatchPath, matches_element, parse_path};
use crate::kdesk::schema::{Attribute, Path, Prefix, Schema};

pub(super) fn operation(
    document: &mut Document,
    verb: Verb,
    path: Option<&str>,
    value: Option<Value>,
) -> Result<(), ScimError> {
    if verb != Verb::Remove && value.is_none() {
        return Err(ScimError::InvalidValue("add and replace need a value".to_owned()));
    }
    match path {
        Some(written) => at(document, verb, written, &parse_path(written)?, value.unwrap_or_default())?,
        None if verb == Verb::Remove => return Err(ScimError::NoTarget("remove needs a path".to_owned())),
        None => whole(document, verb, value.unwrap_or_default())?,
    }
    prune(document);
    Ok(())
}

/// Without a path the value's members are the targets. As in PUT, read-only and unknown ones are passed over.
fn whole(document: &mut Document, verb: Verb, value: Value) -> Result<(), ScimError> {
    let Value::Object(members) = value else {
        return Err(ScimError::InvalidValue("without a path, value must be an object of attributes".to_owned()));
    };
    for (name, value) in members {
        match Path::resolve(&name) {
            Prefix::Attribute(path) if read_only(&path) => {}
            Prefix::Unknown => {}
            target => at(document, verb, &name, &PatchPath { target, filter: None }, value)?,
        }
    }
    Ok(())
}

fn read_only(path: &Path) -> bool {
    path.attribute.read_only() || path.sub.is_some_and(Attribute::read_only)
}

fn at(document: &mut Document, verb: Verb, written: &str, path: &PatchPath, value: Value) -> Result<(), ScimError> {
    let target = match path.target {
        Prefix::Unknown => {
            return Err(ScimError::InvalidPath(format!("{written:?} names no attribute of a user")));
        }
        Prefix::Extension(schema) => return extension(document, verb, schema, value),
        Prefix::Attribute(target) => target,
    };
    if read_only(&target) {
        return Err(ScimError::Mutability(format!("{written} is read-only")));
    }
    // Null is the unassigned value (RFC 7643 section 2.5): to replace with it is to remove.
    let verb = if verb == Verb::Replace && value.is_null() { Verb::Remove } else { verb };
    if verb == Verb::Remove && path.filter.is_none() && target.sub.is_none() && target.attribute.required {
        return Err(ScimError::Mutability(format!("{written} is required and can't be removed")));
    }
    let holder = container(document, target.extension);
    let attribute = target.attribute;
    match (attribute.multi, target.sub) {
        (true, sub) if path.filter.is_some() || sub.is_some() => {
            selected(array(holder, attribute.name), verb, written, attribute, sub, path.filter.as_ref(), &value)
        }
        (true, _) => many(holder, verb, attribute, value),
        (false, Some(sub)) => single(object(holder, attribute.name), verb, sub, written, value),
        (false, None) => single(holder, verb, attribute, written, value),
    }
}

fn extension(document: &mut Document, verb: Verb, schema: &'static Schema, value: Value) -> Result<(), ScimError> {
    if verb == Verb::Remove || value.is_null() {
        document.shift_remove(schema.urn);
        return Ok(());
    }
    let Value::Object(members) = value else {
        return Err(ScimError::InvalidValue(format!("{} must be an object", schema.urn)));
    };
    for (name, value) in members {
        let written = format!("{}:{name}", schema.urn);
        match Path::resolve(&written) {
            Prefix::Attribute(path) if read_only(&path) => {}
            Prefix::Unknown => {}
            target => at(document, verb, &written, &PatchPath { target, filter: None }, value)?,
        }
    }
    Ok(())
}

/// A single-valued attribute or sub-attribute. A complex one is merged: sub-attributes not given stay.
fn single(
    holder: &mut Map<String, Value>,
    verb: Verb,
    attribute: &'static Attribute,
    written: &str,
    value: Value,
) -> Result<(), ScimError> {
    let value = match verb {
        Verb::Remove => None,
        Verb::Add | Verb::Replace => match value {
            Value::Object(members) if attribute.is_complex() => {
                return merge(object(holder, attribute.name), attribute, members, written);
            }
            other => checked(attribute, other, written)?,
        },
    };
    match value {
        Some(value) => {
            holder.insert(attribute.name.to_owned(), value);
        }
        None => {
            holder.shift_remove(attribute.name);
        }
    }
    Ok(())
}

fn merge(
    into: &mut Map<String, Value>,
    attribute: &'static Attribute,
    members: Map<String, Value>,
    written: &str,
) -> Result<(), ScimError> {
    for (name, value) in members {
        if let Some(sub) = attribute.child(&name).filter(|sub| !sub.read_only()) {
            single(into, Verb::Replace, sub, &format!("{written}.{}", sub.name), value)?;
        }
    }
    Ok(())
}

/// A multi-valued attribute as a whole.
fn many(
    holder: &mut Map<String, Value>,
    verb: Verb,
    attribute: &'static Attribute,
    value: Value,
) -> Result<(), ScimError> {
    if verb == Verb::Remove {
        holder.shift_remove(attribute.name);
        return Ok(());
    }
    // A single new value need not be wrapped (RFC 7644 section 3.5.2.1's examples do both).
    let value = if value.is_object() { Value::Array(vec![value]) } else { value };
    let Some(Value::Array(new)) = checked(attribute, value, attribute.name)? else {
        if verb == Verb::Replace {
            holder.shift_remove(attribute.name);
        }
        return Ok(());
    };
    if new.iter().filter(|value| is_primary(value)).count() > 1 {
        return Err(ScimError::InvalidValue(format!("{}: only one value may be primary", attribute.name)));
    }
    let values = array(holder, attribute.name);
    if verb == Verb::Replace {
        *values = new;
        return Ok(());
    }
    for value in new {
        if !values.contains(&value) {
            values.push(value);
            let last = values.len() - 1;
            keep_one_primary(values, &[last]);
        }
    }
    // As many as a POST may bring, no more.
    checked(attribute, Value::Array(values.clone()), attribute.name).map(drop)
}

/// Values of a multi-valued attribute: those that a filter selects, or all of them for `emails.type`.
fn selected(
    values: &mut Vec<Value>,
    verb: Verb,
    written: &str,
    attribute: &'static Attribute,
    sub: Option<&'static Attribute>,
    filter: Option<&Filter>,
    value: &Value,
) -> Result<(), ScimError> {
    let hits: Vec<usize> = values
        .iter()
        .enumerate()
        .filter(|(_, value)| filter.is_none_or(|filter| matches_element(filter, value)))
        .map(|(index, _)| index)
        .collect();
    if hits.is_empty() {
        return Err(ScimError::NoTarget(format!("{written} selects no value")));
    }
    if verb == Verb::Remove && sub.is_none() {
        let mut index = 0;
        values.retain(|_| {
            index += 1;
            !hits.contains(&(index - 1))
        });
        return Ok(());
    }
    let makes_primary = is_primary(value) || sub.is_some_and(|sub| sub.name == "primary" && *value == true);
    if makes_primary && hits.len() > 1 {
        return Err(ScimError::InvalidValue(format!("{written} would make several values primary")));
    }
    for &hit in &hits {
        let Some(slot) = values.get_mut(hit) else { continue };
        match (sub, slot, verb) {
            (Some(sub), Value::Object(members), _) => single(members, verb, sub, written, value.clone())?,
            (None, Value::Object(members), Verb::Add) => {
                match checked_members(attribute.sub, value.clone(), written)? {
                    Some(Value::Object(new)) => merge(members, attribute, new, written)?,
                    _ => return Err(ScimError::InvalidValue(format!("{written} needs an object"))),
                }
            }
            // The whole value is replaced (RFC 7644 section 3.5.2.3).
            (None, slot, _) => *slot = checked_one(attribute, value.clone(), written)?.unwrap_or_default(),
            (Some(_), _, _) => {}
        }
    }
    keep_one_primary(values, &hits);
    Ok(())
}

/// If one of the values just written is primary, the former primary one is so no longer (RFC 7644 section 3.5.2).
fn keep_one_primary(values: &mut [Value], written: &[usize]) {
    let Some(&new) = written.iter().find(|&&index| values.get(index).is_some_and(is_primary)) else { return };
    for (index, value) in values.iter_mut().enumerate() {
        if index != new
            && is_primary(value)
            && let Value::Object(members) = value
        {
            members.insert("primary".to_owned(), Value::Bool(false));
        }
    }
}
