//! What a User resource says (RFC 7643 sections 4.1 and 4.3, and KDesk's extension), read as servers really write it.

use crate::contact::{Field, Value};
use crate::scim;
use crate::scim::json::{self, Fields, Node as _};

/// What stands in a field; `None` when nothing does.
pub(super) fn value<F: Fields>(user: &F, field: &Field) -> Option<Value> {
    let text = |object: Option<&F>, name| json::text(object?, name).map(|text| Value::Text(text.to_owned()));
    // Of several addresses at work each part is the first one's that has it.
    let work = || json::entries(user, "addresses").filter(|entry| json::is_labeled(*entry, "work"));
    let address = |part| work().find_map(|entry| text(Some(entry), part));
    match field {
        Field::Name => text(Some(user), "displayName").or_else(|| text(json::object(user, "name"), "formatted")),
        Field::GivenName => text(json::object(user, "name"), "givenName"),
        Field::FamilyName => text(json::object(user, "name"), "familyName"),
        Field::Email => email(user).map(|email| Value::Text(email.to_owned())),
        Field::Company => text(json::object(user, scim::ENTERPRISE_USER), "organization"),
        Field::JobTitle => text(Some(user), "title"),
        Field::Division => text(json::object(user, scim::ENTERPRISE_USER), "division"),
        Field::Notes => text(json::object(user, scim::KDESK_CONTACT), "notes"),
        Field::EmailLabeled(label) => labeled(user, "emails", label),
        Field::PhoneLabeled(label) => labeled(user, "phoneNumbers", label),
        Field::Street => address("streetAddress"),
        Field::City => address("locality"),
        Field::Region => address("region"),
        Field::PostalCode => address("postalCode"),
        Field::Country => address("country"),
        Field::PortalAccess => json::flag(json::object(user, scim::KDESK_CONTACT)?, "portalAccess").map(Value::Flag),
        Field::Notification(kind) => {
            let extension = json::object(user, scim::KDESK_CONTACT)?;
            let entry = json::entries(extension, "emailNotifications").find(|e| json::is_labeled(*e, kind))?;
            json::flag(entry, "value").map(Value::Flag)
        }
    }
}

/// Whether it may be used; absent means true.
pub(super) fn is_active<F: Fields>(user: &F) -> bool {
    json::flag(user, "active").unwrap_or(true)
}

/// Whether it can be reached or signed in with under this address, by `userName` or any of `emails`.
pub(super) fn has_email<F: Fields>(user: &F, email: &str) -> bool {
    json::text(user, "userName").is_some_and(|name| same(name, email))
        || json::entries(user, "emails").any(|e| json::text(e, "value").is_some_and(|value| same(value, email)))
}

/// The address that people sign in with and get mail at; `None` while those differ.
fn email<F: Fields>(user: &F) -> Option<&str> {
    let user_name = json::text(user, "userName").unwrap_or_default();
    let values = || json::entries(user, "emails").filter_map(|e| Some((e, json::text(e, "value")?)));
    let mut primaries = values().filter(|(entry, _)| json::flag(*entry, "primary") == Some(true));
    match (primaries.next(), primaries.next()) {
        (Some((_, primary)), None) => same(primary, user_name).then_some(primary),
        (Some(_), Some(_)) => None,
        // A desk that keeps no primary mark, or no emails at all.
        (None, _) => {
            let known = values().next().is_none() || values().any(|(_, value)| same(value, user_name));
            (known && !user_name.is_empty()).then_some(user_name)
        }
    }
}

/// Whether two addresses are one, whatever their case.
fn same(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() {
        return one.eq_ignore_ascii_case(other);
    }
    one.to_lowercase() == other.to_lowercase()
}

fn labeled<F: Fields>(user: &F, attribute: &str, label: &str) -> Option<Value> {
    let mut values: Vec<String> = json::entries(user, attribute)
        .filter(|entry| json::is_labeled(*entry, label))
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
pub(super) fn is_staff<F: Fields>(user: &F) -> bool {
    let says = |object: &F, name: &str| json::text(object, name).is_some_and(names_staff);
    let roles = json::get(user, "roles").and_then(|roles| roles.as_list()).unwrap_or_default();
    says(user, "userType")
        || roles.iter().any(|role| match (role.as_text(), role.as_fields()) {
            (Some(role), _) => names_staff(role),
            (None, Some(role)) => ["value", "display", "type"].iter().any(|name| says(role, name)),
            (None, None) => false,
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
