//! Contacts to filter and to patch: between them every attribute that has a column, and some that have none.

use contactsync::fuzzing::kdesk::document;
use serde_json::{Map, Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const KDESK: &str = "urn:seraphex:params:scim:schemas:extension:kdesk:2.0:Contact";

/// The contacts as the workspace keeps them.
pub fn documents() -> Vec<Map<String, Value>> {
    let bodies = [
        json!({"userName": "a@x"}),
        json!({"userName": "É@x", "externalId": "a/b/1", "active": true, "displayName": "É"}),
        json!({"userName": "b@x", "externalId": "a/b/2!left=2026-01-01T00:00:00Z", "active": false, "title": "Chef"}),
        json!({"userName": "C@x", "externalId": "A/b/3", "active": true, "emails": [
            {"type": "work", "value": "C@x", "primary": true}, {"type": "home", "value": "Home@x"}, {"value": "a@x"}]}),
        json!({"userName": "d", "externalId": "", "emails": [{"type": "work"}], "name": {"givenName": "D", "familyName": "e"},
            "addresses": [{"type": "work", "locality": "Umeå", "country": "SE"}], "phoneNumbers": [{"value": "+46", "type": "work"}]}),
        json!({"userName": "zz\u{10FFFF}", "externalId": "a/\u{10FFFF}", ENTERPRISE: {"organization": "Acme", "manager": {"value": "id-001"}},
            KDESK: {"notes": "one\ntwo", "portalAccess": true, "emailNotifications": [{"type": "TicketUpdates", "value": true}]}}),
        json!({"userName": "ß%_'\"\\", "externalId": "a/b", "active": true, "roles": [{"value": "x"}], "nickName": "N"}),
    ];
    bodies.into_iter().map(|body| document(body.as_object().expect("an object").clone()).expect("a contact")).collect()
}
