//! The User resource that a POST makes (RFC 7644 section 3.3), written straight from a contact's fields: a first run
//! makes a hundred thousand of them.
#![expect(clippy::struct_field_names, reason = "the names are those of RFC 7643")]

use serde::Serialize;
use serde_json::value::RawValue;

use super::capabilities::Places;
use crate::contact::{ExternalId, Field, Value};
use crate::scim;

/// The body; fields that the desk has no place for are left out.
///
/// # Errors
/// What cannot be written as JSON; there is no such contact.
pub(super) fn body(
    external_id: &ExternalId,
    active: bool,
    fields: &[(Field, Value)],
    connection: &str,
    places: &Places,
) -> Result<Box<RawValue>, serde_json::Error> {
    let mut user = User { external_id: external_id.to_string(), active, ..User::default() };
    // The sign-in email before the labels: an entry may be both.
    let mut fields: Vec<_> = fields.iter().filter(|(field, _)| places.has(field)).collect();
    if !fields.is_sorted_by_key(|(field, _)| field) {
        fields.sort_by_key(|(field, _)| field);
    }
    for (field, value) in fields {
        user.set(field, value, places);
    }
    if places.connection {
        user.kdesk.connection = Some(connection);
    }
    user.name_schemas();
    serde_json::value::to_raw_value(&user)
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct User<'a> {
    schemas: Vec<&'static str>,
    external_id: String,
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Name::is_empty")]
    name: Name<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    emails: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    phone_numbers: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    addresses: Option<[Address<'a>; 1]>,
    #[serde(rename = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", skip_serializing_if = "is_default")]
    enterprise: Enterprise<'a>,
    #[serde(
        rename = "urn:seraphex:params:scim:schemas:extension:kdesk:2.0:Contact",
        skip_serializing_if = "is_default"
    )]
    kdesk: KDesk<'a>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Name<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    formatted: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<&'a str>,
}

impl Name<'_> {
    fn is_empty(&self) -> bool {
        self.formatted.is_none() && self.given_name.is_none() && self.family_name.is_none()
    }
}

#[derive(Serialize)]
struct Entry<'a> {
    value: &'a str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    primary: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Address<'a> {
    #[serde(rename = "type")]
    label: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    street_address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locality: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<&'a str>,
}

#[derive(Default, PartialEq, Serialize)]
struct Enterprise<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    division: Option<&'a str>,
}

#[derive(Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct KDesk<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    portal_access: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    email_notifications: Vec<Notification<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<&'a str>,
}

#[derive(PartialEq, Serialize)]
struct Notification<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    value: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl<'a> User<'a> {
    fn set(&mut self, field: &'a Field, value: &'a Value, places: &Places) {
        match field {
            Field::Name => {
                self.display_name = text(value).filter(|_| places.display_name);
                self.name.formatted = text(value).filter(|_| places.formatted);
            }
            Field::GivenName => self.name.given_name = text(value),
            Field::FamilyName => self.name.family_name = text(value),
            Field::Email => {
                self.user_name = text(value);
                if let Some(value) = text(value).filter(|_| places.emails) {
                    self.emails.push(Entry { value, label: None, primary: true });
                }
            }
            Field::Company => self.enterprise.organization = text(value),
            Field::JobTitle => self.title = text(value),
            Field::Division => self.enterprise.division = text(value),
            Field::Notes => self.kdesk.notes = text(value),
            Field::EmailLabeled(label) => texts(value).for_each(|value| add_email(&mut self.emails, label, value)),
            Field::PhoneLabeled(label) => {
                let entries = texts(value).map(|value| Entry { value, label: Some(label), primary: false });
                self.phone_numbers.extend(entries);
            }
            Field::Street => self.address().street_address = text(value),
            Field::City => self.address().locality = text(value),
            Field::Region => self.address().region = text(value),
            Field::PostalCode => self.address().postal_code = text(value),
            Field::Country => self.address().country = text(value),
            Field::PortalAccess => self.kdesk.portal_access = flag(value),
            Field::Notification(kind) => {
                self.kdesk.email_notifications.extend(flag(value).map(|value| Notification { kind, value }));
            }
        }
    }

    fn address(&mut self) -> &mut Address<'a> {
        let [work] = self.addresses.get_or_insert([Address {
            label: "work",
            street_address: None,
            locality: None,
            region: None,
            postal_code: None,
            country: None,
        }]);
        work
    }

    /// `schemas` names the extensions that the resource uses (RFC 7643 section 3).
    fn name_schemas(&mut self) {
        self.schemas.push(scim::USER);
        if !is_default(&self.enterprise) {
            self.schemas.push(scim::ENTERPRISE_USER);
        }
        if !is_default(&self.kdesk) {
            self.schemas.push(scim::KDESK_CONTACT);
        }
    }
}

/// The sign-in address takes the label as well where it is the same; any other gets an entry of its own.
fn add_email<'a>(emails: &mut Vec<Entry<'a>>, label: &'a str, value: &'a str) {
    let same = |entry: &Entry<'_>| entry.value.to_lowercase() == value.to_lowercase();
    if emails.iter().any(|entry| entry.label.is_some_and(|other| other.eq_ignore_ascii_case(label)) && same(entry)) {
        return;
    }
    match emails.iter_mut().find(|entry| entry.primary && entry.label.is_none() && same(entry)) {
        Some(primary) => primary.label = Some(label),
        None => emails.push(Entry { value, label: Some(label), primary: false }),
    }
}

fn text(value: &Value) -> Option<&str> {
    texts(value).next()
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let texts = match value {
        Value::Text(text) => std::slice::from_ref(text),
        Value::Texts(texts) => texts,
        Value::Flag(_) => &[],
    };
    texts.iter().map(String::as_str)
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Flag(flag) => Some(*flag),
        Value::Text(_) | Value::Texts(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value as Json, json};

    use super::*;
    use crate::contact::OwnershipKey;
    use crate::desk::{ChangeKind, Contact, render};

    fn places() -> Places {
        Places::assumed([scim::ENTERPRISE_USER.to_owned(), scim::KDESK_CONTACT.to_owned()])
    }

    fn made(fields: &[(Field, Value)], places: &Places) -> Map<String, Json> {
        let id = ExternalId::new(OwnershipKey::new("a/b").unwrap(), "7");
        serde_json::from_str(body(&id, true, fields, "EMEA", places).unwrap().get()).unwrap()
    }

    fn value(of: &Field) -> BoxedStrategy<Value> {
        match of {
            Field::PortalAccess | Field::Notification(_) => any::<bool>().prop_map(Value::Flag).boxed(),
            Field::EmailLabeled(_) | Field::PhoneLabeled(_) => {
                prop::collection::btree_set("[a-cA-C]@x[.]example", 1..4)
                    .prop_map(|texts| match texts.len() {
                        1 => Value::Text(texts.into_iter().next().unwrap()),
                        _ => Value::Texts(texts.into_iter().collect()),
                    })
                    .boxed()
            }
            Field::Email => "[a-cA-C]@x[.]example".prop_map(Value::Text).boxed(),
            _ => "[a-zåé\"\\\\]{1,6}".prop_map(Value::Text).boxed(),
        }
    }

    fn some_fields() -> impl Strategy<Value = Vec<(Field, Value)>> {
        let label = || prop_oneof![Just("work".to_owned()), Just("home".to_owned())];
        let field = prop_oneof![
            Just(Field::Name),
            Just(Field::GivenName),
            Just(Field::FamilyName),
            Just(Field::Company),
            Just(Field::JobTitle),
            Just(Field::Division),
            Just(Field::Notes),
            label().prop_map(Field::EmailLabeled),
            label().prop_map(Field::PhoneLabeled),
            Just(Field::Street),
            Just(Field::City),
            Just(Field::Region),
            Just(Field::PostalCode),
            Just(Field::Country),
            Just(Field::PortalAccess),
            label().prop_map(Field::Notification),
        ];
        let fields = prop::collection::btree_set(field, 0..12);
        fields.prop_flat_map(|mut fields| {
            fields.insert(Field::Email);
            fields.into_iter().map(|field| (Just(field.clone()), value(&field))).collect::<Vec<_>>()
        })
    }

    proptest! {
        /// What a creation wrote, a change of the same fields has nothing to add to.
        #[test]
        fn l14_a_new_contact_needs_no_change(mut fields in some_fields(), turned: bool) {
            if turned {
                fields.reverse();
            }
            let mut resource = made(&fields, &places());
            resource.insert("id".into(), "1".into());
            let contact = Contact::read(resource).unwrap();
            let fields = fields.into_iter().map(|(field, value)| (field, Some(value))).collect();
            let change = ChangeKind::Update { contact: contact.clone(), fields, external_id: None, active: Some(true) };
            prop_assert_eq!(render::patch(&contact, &change, &places()), None);
        }
    }

    #[test]
    fn a_new_contact_is_written_whole() {
        let text = |text: &str| Value::Text(text.to_owned());
        let fields = [
            (Field::Name, text("Åsa \"Bo\" Ek")),
            (Field::Email, text("asa@acme.example")),
            (Field::EmailLabeled("work".into()), text("ASA@acme.example")),
            (Field::EmailLabeled("home".into()), text("asa@home.example")),
            (Field::PhoneLabeled("mobile".into()), text("+46701234567")),
            (Field::City, text("Malmö")),
            (Field::Company, text("Acme")),
            (Field::PortalAccess, Value::Flag(true)),
        ];
        assert_eq!(
            Json::Object(made(&fields, &places())),
            json!({
                "schemas": [scim::USER, scim::ENTERPRISE_USER, scim::KDESK_CONTACT],
                "externalId": "a/b/7", "active": true,
                "userName": "asa@acme.example", "displayName": "Åsa \"Bo\" Ek", "name": {"formatted": "Åsa \"Bo\" Ek"},
                "emails": [
                    {"value": "asa@acme.example", "type": "work", "primary": true},
                    {"value": "asa@home.example", "type": "home"},
                ],
                "phoneNumbers": [{"value": "+46701234567", "type": "mobile"}],
                "addresses": [{"type": "work", "locality": "Malmö"}],
                (scim::ENTERPRISE_USER): {"organization": "Acme"},
                (scim::KDESK_CONTACT): {"portalAccess": true, "connection": "EMEA"},
            })
        );
    }

    #[test]
    fn what_the_desk_has_no_place_for_is_left_out() {
        let fields = [
            (Field::Email, Value::Text("a@acme.example".into())),
            (Field::Notes, Value::Text("x".into())),
            (Field::Company, Value::Text("Acme".into())),
        ];
        let made = made(&fields, &Places::assumed([]));
        assert_eq!(made["schemas"], json!([scim::USER]));
        assert!(!made.keys().any(|key| key.starts_with("urn:")), "{made:?}");
    }
}
