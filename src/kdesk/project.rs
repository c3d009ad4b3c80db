//! What of a resource is shown: `attributes` and `excludedAttributes` (RFC 7644 section 3.9).

use serde_json::{Map, Value};

use super::document::Document;
use super::error::ScimError;
use super::schema::{Path, Prefix, Returned};

/// A choice of attributes.
#[derive(Debug, Default)]
pub(super) enum Projection {
    #[default]
    All,
    Only(Vec<Prefix>),
    Except(Vec<Prefix>),
}

impl Projection {
    /// Names that no schema defines choose nothing.
    pub(super) fn new(attributes: Option<Vec<String>>, excluded: Option<Vec<String>>) -> Result<Self, ScimError> {
        let resolve = |names: Vec<String>| -> Vec<Prefix> {
            names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).map(Path::resolve).collect()
        };
        let some = |names: Option<Vec<String>>| names.map(resolve).filter(|names| !names.is_empty());
        match (some(attributes), some(excluded)) {
            (None, None) => Ok(Self::All),
            (Some(only), None) => Ok(Self::Only(only)),
            (None, Some(except)) => Ok(Self::Except(except)),
            (Some(_), Some(_)) => Err(ScimError::InvalidValue(
                "attributes and excludedAttributes exclude each other (RFC 7644 section 3.9)".to_owned(),
            )),
        }
    }

    pub(super) fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    pub(super) fn apply(&self, document: Document) -> Document {
        match self {
            Self::All => document,
            Self::Only(chosen) => only(&document, chosen),
            Self::Except(unwanted) => except(document, unwanted),
        }
    }
}

fn only(document: &Document, chosen: &[Prefix]) -> Document {
    let mut out = Document::new();
    for (name, value) in document {
        match Path::resolve(name) {
            Prefix::Attribute(path) if path.attribute.returned == Returned::Always => {
                out.insert(name.clone(), value.clone());
            }
            Prefix::Attribute(_) => {
                if let Some(value) = chosen_value(name, None, value, chosen) {
                    out.insert(name.clone(), value);
                }
            }
            Prefix::Extension(schema) => {
                if chosen.iter().any(|prefix| matches!(prefix, Prefix::Extension(wanted) if wanted.urn == schema.urn)) {
                    out.insert(name.clone(), value.clone());
                } else if let Value::Object(members) = value {
                    let kept: Map<String, Value> = members
                        .iter()
                        .filter_map(|(member, value)| {
                            Some((member.clone(), chosen_value(member, Some(schema.urn), value, chosen)?))
                        })
                        .collect();
                    if !kept.is_empty() {
                        out.insert(name.clone(), Value::Object(kept));
                    }
                }
            }
            Prefix::Unknown => {}
        }
    }
    out
}

/// An attribute, whole or reduced to the sub-attributes that were asked for.
fn chosen_value(name: &str, extension: Option<&str>, value: &Value, chosen: &[Prefix]) -> Option<Value> {
    let mut subs = Vec::new();
    for prefix in chosen {
        if let Prefix::Attribute(path) = prefix
            && path.attribute.name == name
            && path.extension == extension
        {
            match path.sub {
                None => return Some(value.clone()),
                Some(sub) => subs.push(sub.name),
            }
        }
    }
    if subs.is_empty() {
        return None;
    }
    let narrow = |value: &Value| -> Option<Value> {
        let members: Map<String, Value> = value
            .as_object()?
            .iter()
            .filter(|(name, _)| subs.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        (!members.is_empty()).then_some(Value::Object(members))
    };
    match value {
        Value::Array(values) => {
            let kept: Vec<Value> = values.iter().filter_map(narrow).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        other => narrow(other),
    }
}

fn except(mut document: Document, unwanted: &[Prefix]) -> Document {
    for prefix in unwanted {
        match prefix {
            Prefix::Unknown => {}
            Prefix::Extension(schema) => {
                document.shift_remove(schema.urn);
            }
            Prefix::Attribute(path) if path.attribute.returned == Returned::Always => {}
            Prefix::Attribute(path) => {
                let holder = match path.extension {
                    None => Some(&mut document),
                    Some(urn) => document.get_mut(urn).and_then(Value::as_object_mut),
                };
                if let Some(holder) = holder {
                    remove(holder, path);
                }
            }
        }
    }
    document.retain(|_, value| value.as_object().is_none_or(|members| !members.is_empty()));
    document
}

fn remove(holder: &mut Map<String, Value>, path: &Path) {
    let name = path.attribute.name;
    match (path.sub, holder.get_mut(name)) {
        (None, _) => {
            holder.shift_remove(name);
        }
        (Some(sub), Some(Value::Array(values))) => {
            for value in values.iter_mut().filter_map(Value::as_object_mut) {
                value.shift_remove(sub.name);
            }
        }
        (Some(sub), Some(Value::Object(members))) => {
            members.shift_remove(sub.name);
        }
        (Some(_), _) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim;

    fn shown(attributes: Option<&str>, excluded: Option<&str>) -> Value {
        let Value::Object(document) = json!({
            "schemas": [scim::USER], "id": "1", "userName": "a", "title": "T",
            "name": {"givenName": "G", "familyName": "F"},
            "emails": [{"type": "work", "value": "w"}, {"type": "home", "value": "h"}],
            scim::KDESK_CONTACT: {"notes": "n", "connection": "c"},
            "meta": {"version": "W/\"1\""},
        }) else {
            unreachable!()
        };
        let names = |list: Option<&str>| list.map(|list| list.split(',').map(str::to_owned).collect());
        Value::Object(Projection::new(names(attributes), names(excluded)).unwrap().apply(document))
    }

    #[test]
    fn shows_only_what_is_asked_for_and_what_is_always_shown() {
        assert_eq!(shown(Some("USERNAME"), None), json!({"schemas": [scim::USER], "id": "1", "userName": "a"}));
        assert_eq!(
            shown(Some("emails.value, name.givenName"), None),
            json!({"schemas": [scim::USER], "id": "1", "name": {"givenName": "G"}, "emails": [{"value": "w"}, {"value": "h"}]})
        );
        let notes = format!("{}:notes", scim::KDESK_CONTACT);
        assert_eq!(shown(Some(&notes), None)[scim::KDESK_CONTACT], json!({"notes": "n"}));
        assert_eq!(shown(Some("shoeSize"), None), json!({"schemas": [scim::USER], "id": "1"}));
    }

    #[test]
    fn hides_what_is_excluded_but_never_the_id() {
        let left = shown(None, Some("id,schemas,emails,name.givenName,meta"));
        assert_eq!(left["id"], "1");
        assert_eq!(left["name"], json!({"familyName": "F"}));
        assert!(left.get("emails").is_none() && left.get("meta").is_none());
        assert!(shown(None, Some(scim::KDESK_CONTACT)).get(scim::KDESK_CONTACT).is_none());
    }

    #[test]
    fn rejects_both_at_once() {
        assert!(Projection::new(Some(vec!["a".into()]), Some(vec!["b".into()])).is_err());
    }
}
