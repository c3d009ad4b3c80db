//! What PATCH does, and what it refuses.

use serde_json::{Value, json};

use super::PatchRequest;
use crate::kdesk::document::Document;
use crate::kdesk::error::ScimError;
use crate::scim;

fn user() -> Document {
    let Value::Object(user) = json!({
        "userName": "a@x.example", "title": "Guide", "name": {"givenName": "A", "familyName": "X"},
        "emails": [{"type": "work", "value": "a@x.example", "primary": true}, {"type": "home", "value": "a@home.example"}],
        scim::ENTERPRISE_USER: {"organization": "Acme"},
    }) else {
        unreachable!()
    };
    user
}

#[expect(clippy::needless_pass_by_value, reason = "reads better with json!")]
fn patch(operations: Value) -> Result<Value, ScimError> {
    let request = PatchRequest::read(json!({"schemas": [scim::PATCH_OP], "Operations": operations}))?;
    request.apply(&user()).map(Value::Object)
}

#[expect(clippy::needless_pass_by_value, reason = "reads better with json!")]
fn one(operation: Value) -> Result<Value, ScimError> {
    patch(json!([operation]))
}

#[test]
fn adds() {
    let got = one(
        json!({"op": "Add", "path": "emails", "value": [{"type": "other", "value": "b@x.example", "primary": true}]}),
    );
    let emails = got.unwrap()["emails"].clone();
    assert_eq!(emails[0]["primary"], false, "the new primary unseats the old");
    assert_eq!(emails[2]["primary"], true);
    let twice = json!({"op": "add", "path": "emails", "value": {"type": "home", "value": "a@home.example"}});
    assert_eq!(one(twice).unwrap(), Value::Object(user()), "a value that is there changes nothing");
    let got =
        one(json!({"op": "add", "value": {"nickName": "Al", "name": {"givenName": "B"}, "title": "Chief"}})).unwrap();
    assert_eq!(got["name"], json!({"givenName": "B", "familyName": "X"}));
    assert_eq!((&got["nickName"], &got["title"]), (&json!("Al"), &json!("Chief")));
    let path = format!("{}:notes", scim::KDESK_CONTACT);
    assert_eq!(one(json!({"op": "add", "path": path, "value": "n"})).unwrap()[scim::KDESK_CONTACT]["notes"], "n");
}

#[test]
fn replaces() {
    let got = one(json!({"op": "replace", "path": "emails[type eq \"WORK\"].value", "value": "n@x.example"})).unwrap();
    assert_eq!(got["emails"][0], json!({"type": "work", "value": "n@x.example", "primary": true}));
    let got = one(
        json!({"op": "replace", "path": "emails[type eq \"home\"]", "value": {"value": "n@x.example", "primary": true}}),
    );
    let got = got.unwrap();
    assert_eq!(got["emails"][1], json!({"value": "n@x.example", "primary": true}), "the whole value");
    assert_eq!(got["emails"][0]["primary"], false);
    let got = one(json!({"op": "replace", "path": "emails", "value": [{"value": "only@x.example"}]})).unwrap();
    assert_eq!(got["emails"], json!([{"value": "only@x.example"}]));
    let path = format!("{}:organization", scim::ENTERPRISE_USER.to_uppercase());
    assert_eq!(
        one(json!({"op": "replace", "path": path, "value": "B"})).unwrap()[scim::ENTERPRISE_USER]["organization"],
        "B"
    );
    let got =
        one(json!({"op": "replace", "value": {scim::ENTERPRISE_USER: {"division": "D"}, "id": "ignored"}})).unwrap();
    assert_eq!(got[scim::ENTERPRISE_USER], json!({"organization": "Acme", "division": "D"}));
    assert!(one(json!({"op": "replace", "path": "title", "value": null})).unwrap().get("title").is_none());
    assert!(one(json!({"op": "replace", "path": "emails", "value": []})).unwrap().get("emails").is_none());
    let got = one(json!({"op": "replace", "value": {"name.givenName": "Dotted"}})).unwrap();
    assert_eq!(got["name"]["givenName"], "Dotted");
}

#[test]
fn removes() {
    assert!(one(json!({"op": "remove", "path": "title"})).unwrap().get("title").is_none());
    assert_eq!(
        one(json!({"op": "remove", "path": "emails[type eq \"work\"]"})).unwrap()["emails"].as_array().unwrap().len(),
        1
    );
    assert!(one(json!({"op": "remove", "path": "emails[value pr]"})).unwrap().get("emails").is_none());
    assert!(one(json!({"op": "remove", "path": scim::ENTERPRISE_USER})).unwrap().get(scim::ENTERPRISE_USER).is_none());
    assert_eq!(one(json!({"op": "remove", "path": "name.givenName"})).unwrap()["name"], json!({"familyName": "X"}));
    let gone = one(json!({"op": "remove", "path": format!("{}:organization", scim::ENTERPRISE_USER)})).unwrap();
    assert!(gone.get(scim::ENTERPRISE_USER).is_none(), "an empty extension goes too");
    assert_eq!(one(json!({"op": "remove", "path": "nickName"})).unwrap(), Value::Object(user()), "absent already");
    // Found by fuzzing: the last sub-attribute of a value within an extension left an empty value behind.
    let notifications = format!("{}:emailNotifications", scim::KDESK_CONTACT);
    let got = patch(json!([
        {"op": "add", "path": notifications, "value": [{"type": "News", "value": true}]},
        {"op": "remove", "path": format!("{notifications}[type eq \"News\"].value")},
        {"op": "remove", "path": format!("{notifications}[type eq \"News\"].type")},
    ]));
    assert_eq!(got.unwrap(), Value::Object(user()));
}

#[test]
fn rejects_with_the_rfcs_keyword() {
    for (operation, keyword) in [
        (json!({"op": "remove"}), "noTarget"),
        (json!({"op": "replace", "path": "emails[type eq \"fax\"].value", "value": "x"}), "noTarget"),
        (json!({"op": "remove", "path": "emails[type eq \"fax\"]"}), "noTarget"),
        (json!({"op": "replace", "path": "phoneNumbers[type eq \"work\"].value", "value": "1"}), "noTarget"),
        (json!({"op": "replace", "path": "shoeSize", "value": 1}), "invalidPath"),
        (json!({"op": "replace", "path": "emails[type eq", "value": 1}), "invalidPath"),
        (json!({"op": "replace", "path": "id", "value": "x"}), "mutability"),
        (json!({"op": "add", "path": "meta.created", "value": "x"}), "mutability"),
        (json!({"op": "remove", "path": "userName"}), "mutability"),
        (json!({"op": "replace", "path": "userName", "value": null}), "mutability"),
        (json!({"op": "replace", "path": "userName", "value": ""}), "invalidValue"),
        (json!({"op": "replace", "path": "active", "value": "False"}), "invalidValue"),
        (json!({"op": "add", "path": "title"}), "invalidValue"),
        (json!({"op": "add", "value": "x"}), "invalidValue"),
        (json!({"op": "replace", "path": "emails.primary", "value": true}), "invalidValue"),
        (
            json!({"op": "add", "path": "emails", "value": [{"value": "p", "primary": true}, {"value": "q", "primary": true}]}),
            "invalidValue",
        ),
        (json!({"op": "move", "path": "title"}), "invalidSyntax"),
        (json!({"path": "title"}), "invalidSyntax"),
    ] {
        assert_eq!(one(operation.clone()).map_err(|error| error.scim_type()), Err(Some(keyword)), "{operation}");
    }
    assert_eq!(patch(json!([])).map_err(|error| error.scim_type()), Err(Some("invalidSyntax")));
}

#[test]
fn leaves_the_document_untouched_if_one_operation_fails() {
    let before = user();
    let request = PatchRequest::read(json!({"schemas": [scim::PATCH_OP], "Operations": [
        {"op": "replace", "path": "title", "value": "Changed"}, {"op": "remove", "path": "emails[type eq \"fax\"]"},
    ]}));
    assert!(request.unwrap().apply(&before).is_err());
    assert_eq!(before, user());
}
