//! A contact as the desk stores it, read field by field.

use std::fmt;
use std::sync::Arc;

use super::json::{self, Object};
use crate::contact::{Field, Value};
use crate::scim;

/// The desk's own id of a contact (RFC 7643 section 3.1).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ContactId(Arc<str>);

impl ContactId {
    /// An id as the desk gave it; `None` when it is empty, which is no id.
    pub fn new(id: impl AsRef<str>) -> Option<Self> {
        let id = id.as_ref();
        (!id.is_empty()).then(|| Self(id.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One contact as it was fetched. Its Debug shows the id and nothing personal.
#[derive(Clone)]
pub struct Contact {
    /// The desk's id.
    pub id: ContactId,
    /// `externalId`: who owns it (see [`crate::contact::ExternalId`]).
    pub external_id: Option<String>,
    /// The sign-in name; empty when the desk tells none.
    pub user_name: String,
    /// Whether it may be used; absent means true.
    pub active: bool,
    /// The entity tag, quoted as it came, where the desk has them.
    pub version: Option<String>,
    /// An agent or administrator of the desk: never adopted, changed or removed (L6).
    pub staff: bool,
    pub(super) resource: Box<Object>,
}

impl Contact {
    /// Reads a User resource; `None` when it has no id.
    pub(super) fn read(resource: Object) -> Option<Self> {
        let id = ContactId::new(json::text(&resource, "id")?)?;
        let meta = json::object(&resource, "meta");
        Some(Self {
            id,
            external_id: json::text(&resource, "externalId").map(str::to_owned),
            user_name: json::text(&resource, "userName").unwrap_or_default().to_owned(),
            active: json::flag(&resource, "active").unwrap_or(true),
            version: meta.and_then(|meta| json::text(meta, "version")).map(str::to_owned),
            staff: is_staff(&resource),
            resource: Box::new(resource),
        })
    }

    /// What stands in a field, as the desk stores it; `None` when nothing does.
    ///
    /// The email is what people sign in with and what they get mail at: while `userName` and the primary address differ
    /// it is none of both, so that it is put right.
    pub fn value(&self, field: &Field) -> Option<Value> {
        let top = self.resource.as_ref();
        match field {
            Field::Name => text(Some(top), "displayName").or_else(|| text(json::object(top, "name"), "formatted")),
            Field::GivenName => text(json::object(top, "name"), "givenName"),
            Field::FamilyName => text(json::object(top, "name"), "familyName"),
            Field::Email => self.email().map(|email| Value::Text(email.to_owned())),
            Field::Company => text(json::object(top, scim::ENTERPRISE_USER), "organization"),
            Field::JobTitle => text(Some(top), "title"),
            Field::Division => text(json::object(top, scim::ENTERPRISE_USER), "division"),
            Field::Notes => text(json::object(top, scim::KDESK_CONTACT), "notes"),
            Field::EmailLabeled(label) => labeled(top, "emails", label),
            Field::PhoneLabeled(label) => labeled(top, "phoneNumbers", label),
            Field::Street => self.address("streetAddress"),
            Field::City => self.address("locality"),
            Field::Region => self.address("region"),
            Field::PostalCode => self.address("postalCode"),
            Field::Country => self.address("country"),
            Field::PortalAccess => json::flag(json::object(top, scim::KDESK_CONTACT)?, "portalAccess").map(Value::Flag),
            Field::Notification(kind) => {
                let extension = json::object(top, scim::KDESK_CONTACT)?;
                let entry = json::entries(extension, "emailNotifications").find(|e| json::is_labeled(e, kind))?;
                json::flag(entry, "value").map(Value::Flag)
            }
        }
    }

    /// Whether it can be reached or signed in with under this address, by `userName` or any of `emails`.
    pub(super) fn has_email(&self, email: &str) -> bool {
        let wanted = email.to_lowercase();
        self.user_name.to_lowercase() == wanted
            || json::entries(&self.resource, "emails")
                .any(|e| json::text(e, "value").is_some_and(|value| value.to_lowercase() == wanted))
    }

    fn email(&self) -> Option<&str> {
        let is_sign_in = |value: &str| value.to_lowercase() == self.user_name.to_lowercase();
        let values = || json::entries(&self.resource, "emails").filter_map(|e| Some((e, json::text(e, "value")?)));
        let mut primaries = values().filter(|(entry, _)| json::flag(entry, "primary") == Some(true));
        match (primaries.next(), primaries.next()) {
            (Some((_, primary)), None) => is_sign_in(primary).then_some(primary),
            (Some(_), Some(_)) => None,
            // A desk that keeps no primary mark, or no emails at all.
            (None, _) => {
                let known = values().next().is_none() || values().any(|(_, value)| is_sign_in(value));
                (known && !self.user_name.is_empty()).then_some(&self.user_name)
            }
        }
    }

    fn address(&self, part: &str) -> Option<Value> {
        text(json::entries(&self.resource, "addresses").find(|entry| json::is_labeled(entry, "work")), part)
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact").field("id", &self.id).finish_non_exhaustive()
    }
}

fn text(object: Option<&Object>, name: &str) -> Option<Value> {
    json::text(object?, name).map(|text| Value::Text(text.to_owned()))
}

fn labeled(resource: &Object, attribute: &str, label: &str) -> Option<Value> {
    let mut values: Vec<String> = json::entries(resource, attribute)
        .filter(|entry| json::is_labeled(entry, label))
        .filter_map(|entry| json::text(entry, "value").map(str::to_owned))
        .collect();
    values.sort_unstable();
    values.dedup();
    match values.len() {
        0 => None,
        1 => values.pop().map(Value::Text),
        _ => Some(Value::Texts(values)),
    }
}

/// Whether `userType` or a role says that somebody works at the desk. Too many are better than too few: whoever counts
/// as staff is left alone.
fn is_staff(resource: &Object) -> bool {
    let says = |object: &Object, name: &str| json::text(object, name).is_some_and(names_staff);
    let roles = match json::get(resource, "roles") {
        Some(serde_json::Value::Array(roles)) => roles.as_slice(),
        _ => &[],
    };
    says(resource, "userType")
        || roles.iter().any(|role| match role {
            serde_json::Value::String(role) => names_staff(role),
            serde_json::Value::Object(role) => ["value", "display", "type"].iter().any(|name| says(role, name)),
            _ => false,
        })
}

fn names_staff(text: &str) -> bool {
    text.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| {
        matches!(
            word,
            "agent" | "agents" | "admin" | "admins" | "administrator" | "administrators" | "owner" | "superadmin"
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn contact(resource: serde_json::Value) -> Contact {
        let serde_json::Value::Object(resource) = resource else { panic!("an object") };
        Contact::read(resource).unwrap()
    }

    #[test]
    fn reads_fields_whatever_the_case_of_names() {
        let contact = contact(json!({
            "ID": "7", "USERNAME": "ann@acme.example", "displayname": "Ann", "Active": "False",
            "Emails": {"Value": "ann@acme.example", "Primary": true, "Type": "WORK"},
            "URN:ietf:params:scim:schemas:extension:enterprise:2.0:user": {"Organization": "Acme"},
        }));
        assert!(!contact.active);
        assert_eq!(contact.value(&Field::Name), Some(Value::Text("Ann".into())));
        assert_eq!(contact.value(&Field::Company), Some(Value::Text("Acme".into())));
        assert_eq!(contact.value(&Field::Email), Some(Value::Text("ann@acme.example".into())));
        assert_eq!(contact.value(&Field::EmailLabeled("work".into())), Some(Value::Text("ann@acme.example".into())));
    }

    #[test]
    fn an_email_that_is_not_the_sign_in_name_is_to_be_put_right() {
        let with = |emails| contact(json!({"id": "7", "userName": "ann@acme.example", "emails": emails}));
        let differs = with(json!([{"value": "old@acme.example", "primary": true}]));
        assert_eq!(differs.value(&Field::Email), None);
        let two =
            with(json!([{"value": "ann@acme.example", "primary": true}, {"value": "b@x.example", "primary": true}]));
        assert_eq!(two.value(&Field::Email), None);
        let unmarked = with(json!([{"value": "Ann@acme.example"}]));
        assert_eq!(unmarked.value(&Field::Email), Some(Value::Text("ann@acme.example".into())));
    }

    #[test]
    fn l06_agents_and_administrators_are_staff() {
        let staff = |extra: serde_json::Value| {
            let mut resource = json!({"id": "7", "userName": "ann"});
            resource.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            contact(resource).staff
        };
        assert!(staff(json!({"userType": "Agent"})));
        assert!(staff(json!({"roles": [{"value": "light-agent"}]})));
        assert!(staff(json!({"roles": [{"display": "Administrator"}]})));
        assert!(staff(json!({"roles": ["admin"]})));
        assert!(!staff(json!({"userType": "Employee", "roles": [{"value": "end-user"}]})));
        assert!(!staff(json!({})));
    }
}
