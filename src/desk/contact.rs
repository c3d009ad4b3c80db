//! A contact as the desk stores it, read field by field.

use std::fmt;
use std::sync::Arc;

use serde_json_borrow::ObjectAsVec;

use super::user;
use crate::contact::{Field, Value};
use crate::scim::json::{self, Object};

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
            active: user::is_active(&resource),
            version: meta.and_then(|meta| json::text(meta, "version")).map(str::to_owned),
            staff: user::is_staff(&resource),
            resource: Box::new(resource),
        })
    }

    /// What stands in a field, as the desk stores it; `None` when nothing does.
    ///
    /// The email is what people sign in with and what they get mail at: while `userName` and the primary address differ
    /// it is none of both, so that it is put right.
    pub fn value(&self, field: &Field) -> Option<Value> {
        user::value(self.resource.as_ref(), field)
    }

    /// Whether it can be reached or signed in with under this address, by `userName` or any of `emails`.
    pub(super) fn has_email(&self, email: &str) -> bool {
        user::has_email(self.resource.as_ref(), email)
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact").field("id", &self.id).finish_non_exhaustive()
    }
}

/// One contact of a page that is being listed: nothing of it is copied, so a million of them can be looked at.
#[derive(Clone, Copy)]
pub struct Listed<'a> {
    /// The desk's id.
    pub id: &'a str,
    /// `externalId`.
    pub external_id: Option<&'a str>,
    resource: &'a ObjectAsVec<'a>,
}

impl<'a> Listed<'a> {
    /// Reads a User resource; `None` when it has no id.
    pub(super) fn read(resource: &'a ObjectAsVec<'a>) -> Option<Self> {
        Some(Self { id: json::text(resource, "id")?, external_id: json::text(resource, "externalId"), resource })
    }

    /// The sign-in name; empty when the desk tells none.
    pub fn user_name(&self) -> &'a str {
        json::text(self.resource, "userName").unwrap_or_default()
    }

    /// Whether it may be used; absent means true.
    pub fn active(&self) -> bool {
        user::is_active(self.resource)
    }

    /// An agent or administrator of the desk (L6).
    pub fn staff(&self) -> bool {
        user::is_staff(self.resource)
    }

    /// What stands in a field, as [`Contact::value`].
    pub fn value(&self, field: &Field) -> Option<Value> {
        user::value(self.resource, field)
    }

    /// As [`Contact::has_email`].
    pub(super) fn has_email(&self, email: &str) -> bool {
        user::has_email(self.resource, email)
    }

    /// A copy to keep.
    pub fn to_contact(&self) -> Option<Contact> {
        Contact::read(self.resource.into())
    }
}

impl fmt::Debug for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listed").field("id", &self.id).finish_non_exhaustive()
    }
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
