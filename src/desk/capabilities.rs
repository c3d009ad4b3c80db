//! What a desk can do (`ServiceProviderConfig`, RFC 7643 section 5; paging, RFC 9865) and which fields it has a place
//! for (`Schemas`, RFC 7643 section 7).

use std::collections::HashSet;

use serde_json::Value;

use crate::contact::Field;
use crate::scim;
use crate::scim::json::{self, Object};
use crate::scim::lists::Lists;

/// Most operations that are put into one Bulk request, however many the desk takes.
const MOST_OPERATIONS: usize = 500;
/// Most contacts that are asked for at once.
const MOST_CONTACTS: usize = 500;

/// How large one Bulk request may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BulkLimits {
    /// Operations.
    pub max_operations: usize,
    /// Bytes.
    pub max_payload_size: usize,
}

/// What the desk says that it can do.
#[expect(clippy::struct_excessive_bools, reason = "each is one `supported` of ServiceProviderConfig")]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Capabilities {
    /// Bulk requests, if it takes any.
    pub bulk: Option<BulkLimits>,
    /// Whether it takes PATCH; without it contacts are replaced whole.
    pub patch: bool,
    /// Whether it filters, and the most contacts that one answer holds.
    pub filter: Option<usize>,
    /// Whether it sorts.
    pub sort: bool,
    /// Whether it has entity tags.
    pub etag: bool,
    /// Whether it pages by cursor (RFC 9865).
    pub cursor: bool,
    pub(super) places: Places,
}

impl Capabilities {
    pub(super) fn read(config: &Object, places: Places) -> Self {
        let section = |name| json::object(config, name);
        let supported = |name| section(name).and_then(|s| json::flag(s, "supported")).unwrap_or(false);
        let number = |object: Option<&Object>, name| json::number(object?, name);
        let bulk = supported("bulk").then(|| BulkLimits {
            max_operations: number(section("bulk"), "maxOperations").unwrap_or(100).min(MOST_OPERATIONS),
            max_payload_size: number(section("bulk"), "maxPayloadSize").unwrap_or(1024 * 1024),
        });
        let lists = Lists::read(config);
        let most = lists.most.unwrap_or(MOST_CONTACTS);
        Self {
            bulk: bulk.filter(|bulk| bulk.max_operations > 1),
            patch: supported("patch"),
            filter: (lists.filter == Some(true)).then_some(most),
            sort: supported("sort"),
            etag: supported("etag"),
            cursor: lists.cursor,
            places,
        }
    }

    /// How many contacts to ask for at once.
    pub(super) fn page(&self) -> usize {
        self.filter.unwrap_or(MOST_CONTACTS).min(MOST_CONTACTS)
    }
}

/// The attributes that a desk has, in lower case: `<urn>:<attribute>` and `<urn>:<attribute>.<sub-attribute>`.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one attribute that the desk has or has not")]
pub(super) struct Places {
    attributes: HashSet<String>,
    /// Schemas that are there but of which nothing more is known.
    whole: HashSet<String>,
    /// Which fields have a place, by [`kind`]: asked for every field of every contact.
    fields: [bool; KINDS],
    /// `displayName`.
    pub(super) display_name: bool,
    /// `name.formatted`.
    pub(super) formatted: bool,
    /// `emails`.
    pub(super) emails: bool,
    /// KDesk's `connection`.
    pub(super) connection: bool,
}

impl Places {
    /// What a desk without `Schemas` is taken to have: the core user, and the extensions that its resource types name.
    pub(super) fn assumed(extensions: impl IntoIterator<Item = String>) -> Self {
        let mut whole: HashSet<String> = extensions.into_iter().map(|urn| urn.to_lowercase()).collect();
        whole.insert(scim::USER.to_lowercase());
        Self::of(HashSet::new(), whole)
    }

    fn of(attributes: HashSet<String>, whole: HashSet<String>) -> Self {
        let mut places = Self {
            attributes,
            whole,
            fields: [false; KINDS],
            display_name: false,
            formatted: false,
            emails: false,
            connection: false,
        };
        let core = |path| places.has_attribute(scim::USER, path);
        (places.display_name, places.formatted, places.emails) =
            (core("displayName"), core("name.formatted"), core("emails"));
        places.connection = places.has_attribute(scim::KDESK_CONTACT, "connection");
        let label = String::new;
        let (email, phone) = (Field::EmailLabeled(label()), Field::PhoneLabeled(label()));
        for field in PLAIN_FIELDS.iter().chain([&email, &phone, &Field::Notification(label())]) {
            let found = places.look_up(field);
            if let Some(slot) = places.fields.get_mut(kind(field)) {
                *slot = found;
            }
        }
        places
    }

    /// Reads the answer of `Schemas`; `None` when it tells no user schema.
    pub(super) fn read(schemas: &Object) -> Option<Self> {
        let (mut attributes, mut whole) = (HashSet::new(), HashSet::new());
        for schema in json::entries(schemas, "Resources") {
            let Some(urn) = json::text(schema, "id").map(str::to_lowercase) else { continue };
            let mut none = true;
            for attribute in json::entries(schema, "attributes") {
                none = false;
                note(&mut attributes, &format!("{urn}:"), attribute);
            }
            if none {
                whole.insert(urn);
            }
        }
        let places = Self::of(attributes, whole);
        (places.has_attribute(scim::USER, "userName")).then_some(places)
    }

    /// Whether there is such an attribute, or sub-attribute (`name.givenName`), and it may be written.
    pub(super) fn has_attribute(&self, urn: &str, path: &str) -> bool {
        let urn = urn.to_lowercase();
        self.whole.contains(&urn) || self.attributes.contains(&format!("{urn}:{}", path.to_lowercase()))
    }

    /// Whether a field has a place.
    pub(super) fn has(&self, field: &Field) -> bool {
        self.fields.get(kind(field)).copied().unwrap_or_default()
    }

    fn look_up(&self, field: &Field) -> bool {
        let core = |path| self.has_attribute(scim::USER, path);
        match field {
            Field::Name => core("displayName") || core("name.formatted"),
            Field::GivenName => core("name.givenName"),
            Field::FamilyName => core("name.familyName"),
            Field::Email => core("userName"),
            Field::Company => self.has_attribute(scim::ENTERPRISE_USER, "organization"),
            Field::JobTitle => core("title"),
            Field::Division => self.has_attribute(scim::ENTERPRISE_USER, "division"),
            Field::Notes => self.has_attribute(scim::KDESK_CONTACT, "notes"),
            Field::EmailLabeled(_) => core("emails.value") && core("emails.type"),
            Field::PhoneLabeled(_) => core("phoneNumbers.value") && core("phoneNumbers.type"),
            Field::Street => core("addresses.streetAddress"),
            Field::City => core("addresses.locality"),
            Field::Region => core("addresses.region"),
            Field::PostalCode => core("addresses.postalCode"),
            Field::Country => core("addresses.country"),
            Field::PortalAccess => self.has_attribute(scim::KDESK_CONTACT, "portalAccess"),
            Field::Notification(_) => self.has_attribute(scim::KDESK_CONTACT, "emailNotifications"),
        }
    }
}

/// Notes an attribute that may be written, and its sub-attributes.
fn note(attributes: &mut HashSet<String>, before: &str, attribute: &Object) {
    let writable = !json::text(attribute, "mutability").is_some_and(|m| m.eq_ignore_ascii_case("readOnly"));
    let Some(name) = json::text(attribute, "name").filter(|_| writable) else { return };
    let path = format!("{before}{}", name.to_lowercase());
    for part in json::entries(attribute, "subAttributes") {
        note(attributes, &format!("{path}."), part);
    }
    attributes.insert(path);
}

/// The fields that have no label.
const PLAIN_FIELDS: [Field; KINDS - 3] = [
    Field::Name,
    Field::GivenName,
    Field::FamilyName,
    Field::Email,
    Field::Company,
    Field::JobTitle,
    Field::Division,
    Field::Notes,
    Field::Street,
    Field::City,
    Field::Region,
    Field::PostalCode,
    Field::Country,
    Field::PortalAccess,
];
const KINDS: usize = 17;

/// A number for each kind of field.
fn kind(field: &Field) -> usize {
    match field {
        Field::Name => 0,
        Field::GivenName => 1,
        Field::FamilyName => 2,
        Field::Email => 3,
        Field::Company => 4,
        Field::JobTitle => 5,
        Field::Division => 6,
        Field::Notes => 7,
        Field::EmailLabeled(_) => 8,
        Field::PhoneLabeled(_) => 9,
        Field::Street => 10,
        Field::City => 11,
        Field::Region => 12,
        Field::PostalCode => 13,
        Field::Country => 14,
        Field::PortalAccess => 15,
        Field::Notification(_) => 16,
    }
}

/// The extensions that `ResourceTypes` (RFC 7643 section 6) names for users.
pub(super) fn extensions(resource_types: &Object) -> Vec<String> {
    let urn = |extension: &Object| json::get(extension, "schema").and_then(Value::as_str).map(str::to_owned);
    json::entries(resource_types, "Resources")
        .filter(|kind| json::text(*kind, "schema").is_some_and(|schema| schema.eq_ignore_ascii_case(scim::USER)))
        .flat_map(|kind| json::entries(kind, "schemaExtensions"))
        .filter_map(urn)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_without_a_writable_attribute_is_lacking() {
        let schemas = json!({"Resources": [
            {"id": scim::USER, "attributes": [
                {"name": "userName"}, {"name": "displayName", "mutability": "readOnly"},
                {"name": "name", "subAttributes": [{"name": "givenName"}]},
            ]},
        ]});
        let places = Places::read(schemas.as_object().unwrap()).unwrap();
        assert!(places.has(&Field::Email));
        assert!(places.has(&Field::GivenName));
        assert!(!places.has(&Field::Name));
        assert!(!places.has(&Field::Company));
        assert!(!places.has(&Field::PortalAccess));
    }

    #[test]
    fn limits_are_bounded_and_absent_sections_are_not_supported() {
        let config = json!({"bulk": {"supported": true, "maxOperations": 100_000, "maxPayloadSize": 1000},
            "filter": {"supported": true, "maxResults": "200"}});
        let read = Capabilities::read(config.as_object().unwrap(), Places::assumed([]));
        assert_eq!(read.bulk, Some(BulkLimits { max_operations: 500, max_payload_size: 1000 }));
        assert_eq!((read.page(), read.patch, read.cursor), (200, false, false));
    }
}
