//! Changes of a contact as SCIM writes them: the whole resource (PUT) or the operations of a PATCH (RFC 7644 section
//! 3.5.2).
//!
//! The resource as it should be is made first; what a PATCH sends is the difference at the places that were touched,
//! and nothing else (L10, L13).

use serde_json::{Map, Value as Json, json};

use super::capabilities::Places;
use super::entries;
use super::{ChangeKind, Contact};
use crate::contact::{Field, Value};
use crate::scim;
use crate::scim::json::{self, Object};

/// One attribute, as PATCH addresses it.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Place {
    Top(&'static str),
    Sub(&'static str, &'static str),
    Extension(&'static str, &'static str),
}

impl Place {
    fn path(&self) -> String {
        match self {
            Self::Top(name) => (*name).to_owned(),
            Self::Sub(name, part) => format!("{name}.{part}"),
            Self::Extension(urn, name) => format!("{urn}:{name}"),
        }
    }

    fn get<'a>(&self, resource: &'a Object) -> Option<&'a Json> {
        let found = match self {
            Self::Top(name) => json::get(resource, name),
            Self::Sub(outer, name) | Self::Extension(outer, name) => json::get(json::object(resource, outer)?, name),
        };
        found.filter(|value| !matches!(value, Json::Array(list) if list.is_empty()) && value.as_str() != Some(""))
    }

    fn put(&self, resource: &mut Object, value: Option<Json>) {
        match self {
            Self::Top(name) => json::put(resource, name, value),
            Self::Sub(outer, name) | Self::Extension(outer, name) => {
                if value.is_none() && json::object(resource, outer).is_none() {
                    return;
                }
                let slot = json::slot(resource, outer);
                if !slot.is_object() {
                    *slot = Json::Object(Map::new());
                }
                if let Some(inner) = slot.as_object_mut() {
                    json::put(inner, name, value);
                }
            }
        }
    }
}

/// The body of a PATCH; `None` when the contact already is as it should be.
pub(super) fn patch(contact: &Contact, change: &ChangeKind, places: &Places) -> Option<Json> {
    let (target, touched) = target(contact, change, places);
    let mut operations = Vec::new();
    for place in touched {
        let operation = match (place.get(&contact.resource), place.get(&target)) {
            (old, new) if old == new => continue,
            (_, None) => json!({"op": "remove", "path": place.path()}),
            (None, Some(value)) => json!({"op": "add", "path": place.path(), "value": value}),
            (Some(_), Some(value)) => json!({"op": "replace", "path": place.path(), "value": value}),
        };
        operations.push(operation);
    }
    (!operations.is_empty()).then(|| json!({"schemas": [scim::PATCH_OP], "Operations": operations}))
}

/// The whole resource, for a desk without PATCH; `None` when the contact already is as it should be.
pub(super) fn put(contact: &Contact, change: &ChangeKind, places: &Places) -> Option<Json> {
    let (mut target, touched) = target(contact, change, places);
    if touched.iter().all(|place| place.get(&contact.resource) == place.get(&target)) {
        return None;
    }
    for read_only in ["meta", "groups"] {
        json::remove(&mut target, read_only);
    }
    name_schemas(&mut target);
    Some(Json::Object(target))
}

fn target(contact: &Contact, change: &ChangeKind, places: &Places) -> (Object, Vec<Place>) {
    let mut target = contact.resource.as_ref().clone();
    let ChangeKind::Update { fields, external_id, active, .. } = change else { return (target, Vec::new()) };
    let mut touched = apply(&mut target, fields.iter().map(|(field, value)| (field, value.as_ref())), places);
    if let Some(external_id) = external_id {
        json::put(&mut target, "externalId", external_id.as_ref().map(|id| id.to_string().into()));
        touched.push(Place::Top("externalId"));
    }
    // Absent is active, so only a real difference is sent.
    if let Some(active) = active.filter(|&active| active != contact.active) {
        json::put(&mut target, "active", Some(active.into()));
        touched.push(Place::Top("active"));
    }
    (target, touched)
}

/// Puts fields into a resource and tells which places they touch. Fields that the desk has no place for are left out.
fn apply<'a>(
    resource: &mut Object,
    fields: impl Iterator<Item = (&'a Field, Option<&'a Value>)>,
    places: &Places,
) -> Vec<Place> {
    let mut fields: Vec<_> = fields.filter(|(field, _)| places.has(field)).collect();
    // The sign-in email before the labels: an entry may be both. An address gets its parts before it loses others: one that
    // is emptied goes, with what else is known of it.
    fields.sort_by_key(|(field, value)| (value.is_none() && is_address(field), *field));
    let mut touched: Vec<Place> = Vec::new();
    for (field, value) in fields {
        for place in set(resource, field, value, places) {
            if !touched.contains(&place) {
                touched.push(place);
            }
        }
    }
    touched
}

fn set(resource: &mut Object, field: &Field, value: Option<&Value>, places: &Places) -> Vec<Place> {
    let simple = |resource: &mut Object, place: Place| {
        place.put(resource, value.map(scalar));
        vec![place]
    };
    match field {
        Field::Name => {
            let mut both = vec![("displayName", Place::Top("displayName"))];
            both.push(("name.formatted", Place::Sub("name", "formatted")));
            both.retain(|(path, _)| places.has_attribute(scim::USER, path));
            both.into_iter().flat_map(|(_, place)| simple(resource, place)).collect()
        }
        Field::GivenName => simple(resource, Place::Sub("name", "givenName")),
        Field::FamilyName => simple(resource, Place::Sub("name", "familyName")),
        Field::Email => set_email(resource, value, places),
        Field::Company => simple(resource, Place::Extension(scim::ENTERPRISE_USER, "organization")),
        Field::JobTitle => simple(resource, Place::Top("title")),
        Field::Division => simple(resource, Place::Extension(scim::ENTERPRISE_USER, "division")),
        Field::Notes => simple(resource, Place::Extension(scim::KDESK_CONTACT, "notes")),
        Field::EmailLabeled(label) => {
            let mut emails = entries::entries(resource, "emails");
            entries::set_label(&mut emails, label, &texts(value), true);
            let user_name = json::text(resource, "userName").unwrap_or_default().to_owned();
            entries::one_primary(&mut emails, &user_name);
            put_entries(resource, "emails", emails)
        }
        Field::PhoneLabeled(label) => {
            let mut phones = entries::entries(resource, "phoneNumbers");
            entries::set_label(&mut phones, label, &texts(value), false);
            put_entries(resource, "phoneNumbers", phones)
        }
        Field::Street => set_address(resource, "streetAddress", value),
        Field::City => set_address(resource, "locality", value),
        Field::Region => set_address(resource, "region", value),
        Field::PostalCode => set_address(resource, "postalCode", value),
        Field::Country => set_address(resource, "country", value),
        Field::PortalAccess => simple(resource, Place::Extension(scim::KDESK_CONTACT, "portalAccess")),
        Field::Notification(kind) => set_notification(resource, kind, value),
    }
}

/// Sign-in name and primary address go together. Neither is ever cleared (L15).
fn set_email(resource: &mut Object, value: Option<&Value>, places: &Places) -> Vec<Place> {
    let Some(email) = texts(value).into_iter().next() else { return Vec::new() };
    let old = json::text(resource, "userName").unwrap_or_default().to_owned();
    Place::Top("userName").put(resource, Some(email.as_str().into()));
    let mut touched = vec![Place::Top("userName")];
    if places.has_attribute(scim::USER, "emails") {
        let mut emails = entries::entries(resource, "emails");
        entries::set_primary(&mut emails, &email, &old);
        touched.extend(put_entries(resource, "emails", emails));
    }
    touched
}

fn is_address(field: &Field) -> bool {
    matches!(field, Field::Street | Field::City | Field::Region | Field::PostalCode | Field::Country)
}

/// Sets a part of the first address at work, or takes it from all of them: no other may step in for one that is cleared.
fn set_address(resource: &mut Object, part: &'static str, value: Option<&Value>) -> Vec<Place> {
    let mut addresses = entries::entries(resource, "addresses");
    let is_work = |entry: &Object| json::is_labeled(entry, "work");
    if let Some(value) = value {
        match addresses.iter_mut().find(|entry| is_work(entry)) {
            Some(work) => {
                put_part(work, part, Some(scalar(value)));
            }
            None => addresses.push(entries::entry(&[("type", "work".into()), (part, scalar(value))])),
        }
    } else {
        addresses.retain_mut(|entry| !(is_work(entry) && put_part(entry, part, None) && is_bare(entry)));
    }
    put_entries(resource, "addresses", addresses)
}

/// Whether that changed the address.
fn put_part(address: &mut Object, part: &str, wanted: Option<Json>) -> bool {
    if json::get(address, part) == wanted.as_ref() {
        return false;
    }
    json::put(address, part, wanted);
    // It speaks of the address as it was.
    json::remove(address, "formatted");
    true
}

fn is_bare(address: &Object) -> bool {
    address.keys().all(|name| ["type", "primary"].iter().any(|bare| name.eq_ignore_ascii_case(bare)))
}

fn set_notification(resource: &mut Object, kind: &str, value: Option<&Value>) -> Vec<Place> {
    let place = Place::Extension(scim::KDESK_CONTACT, "emailNotifications");
    let extension = json::object(resource, scim::KDESK_CONTACT);
    let mut all = extension.map(|extension| entries::entries(extension, "emailNotifications")).unwrap_or_default();
    let at = all.iter().position(|entry| json::is_labeled(entry, kind));
    match (at.and_then(|at| all.get_mut(at)), value) {
        (Some(entry), Some(value)) => json::put(entry, "value", Some(scalar(value))),
        (None, Some(value)) => all.push(entries::entry(&[("type", kind.into()), ("value", scalar(value))])),
        (_, None) => all.retain(|entry| !json::is_labeled(entry, kind)),
    }
    place.put(resource, entries::value(all));
    vec![place]
}

fn put_entries(resource: &mut Object, attribute: &'static str, list: Vec<Object>) -> Vec<Place> {
    let place = Place::Top(attribute);
    place.put(resource, entries::value(list));
    vec![place]
}

fn scalar(value: &Value) -> Json {
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Texts(texts) => texts.first().map(String::as_str).into(),
        Value::Flag(flag) => (*flag).into(),
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Text(text)) => vec![text.clone()],
        Some(Value::Texts(texts)) => texts.clone(),
        Some(Value::Flag(_)) | None => Vec::new(),
    }
}

/// `schemas` names the extensions that the resource uses (RFC 7643 section 3).
fn name_schemas(resource: &mut Object) {
    let used: Vec<&str> = [scim::ENTERPRISE_USER, scim::KDESK_CONTACT]
        .into_iter()
        .filter(|urn| json::object(resource, urn).is_some_and(|extension| !extension.is_empty()))
        .collect();
    let slot = json::slot(resource, "schemas");
    if !slot.is_array() {
        *slot = json!([scim::USER]);
    }
    if let Some(named) = slot.as_array_mut() {
        for urn in used {
            if !named.iter().any(|name| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(urn))) {
                named.push(urn.into());
            }
        }
    }
}
