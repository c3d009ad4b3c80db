//! What the desk says about itself.

use contactsync::scim;
use serde_json::{Value, json};

use super::profile::Profile;

pub(super) fn config(profile: &Profile) -> Value {
    let Profile { bulk, patch, etag, filter, cursor, page, .. } = *profile;
    let (operations, payload) = bulk.unwrap_or_default();
    json!({
        "schemas": [scim::SERVICE_PROVIDER_CONFIG],
        "bulk": {"supported": bulk.is_some(), "maxOperations": operations, "maxPayloadSize": payload},
        "patch": {"supported": patch}, "etag": {"supported": etag}, "sort": {"supported": false},
        "filter": {"supported": filter, "maxResults": page}, "pagination": {"cursor": cursor, "index": true},
    })
}

pub(super) fn schemas() -> Value {
    let plain = |names: &[&str]| -> Vec<Value> { names.iter().map(|name| json!({"name": name})).collect() };
    let complex = |name: &str, parts: &[&str]| json!({"name": name, "subAttributes": plain(parts)});
    let mut user = plain(&["userName", "displayName", "title", "userType", "active"]);
    user.push(complex("name", &["formatted", "givenName", "familyName"]));
    user.push(complex("emails", &["value", "type", "primary"]));
    user.push(complex("phoneNumbers", &["value", "type"]));
    user.push(complex("addresses", &["type", "streetAddress", "locality", "region", "postalCode", "country"]));
    json!({"totalResults": 3, "Resources": [
        {"id": scim::USER, "attributes": user},
        {"id": scim::ENTERPRISE_USER, "attributes": plain(&["organization", "division"])},
        {"id": scim::KDESK_CONTACT, "attributes": plain(&["notes", "portalAccess", "emailNotifications", "connection"])},
    ]})
}
