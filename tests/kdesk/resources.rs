//! One contact at a time: what is kept, what is answered, what is refused.

use contactsync::scim;
use reqwest::Method;
use serde_json::json;

use super::support::{Server, answer, user};

#[tokio::test]
async fn creates_a_contact_with_both_extensions_and_reads_it_back() {
    let server = Server::start().await;
    let body = user(json!({
        "userName": "Ada@X.example", "externalId": "key/1", "displayName": "Ada", "name": {"formatted": "Ada L"},
        "emails": [{"value": "ada@x.example", "type": "work", "primary": true}], "active": true,
        scim::ENTERPRISE_USER: {"organization": "Acme", "division": "D"},
        scim::KDESK_CONTACT: {
            "notes": "n\nn", "portalAccess": true, "connection": "emea",
            "emailNotifications": [{"type": "TicketUpdates", "value": true}, {"type": "News", "value": false}],
        },
    }));
    let made = server.send(Method::POST, "/Users", &body).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.header("content-type"), scim::MEDIA_TYPE);
    assert_eq!(made.header("etag"), "W/\"1\"");
    let id = made.body["id"].as_str().unwrap();
    let location = format!("{}/Users/{id}", server.base);
    assert_eq!(made.header("location"), location);
    assert_eq!(made.body["meta"]["location"], location);
    assert_eq!(made.body["meta"]["version"], "W/\"1\"");
    assert_eq!(made.body["schemas"], json!([scim::USER, scim::ENTERPRISE_USER, scim::KDESK_CONTACT]));
    for attribute in [
        "userName",
        "externalId",
        "displayName",
        "name",
        "emails",
        "active",
        scim::ENTERPRISE_USER,
        scim::KDESK_CONTACT,
    ] {
        assert_eq!(made.body[attribute], body[attribute], "{attribute}");
    }
    let read = server.get(&format!("/Users/{id}")).await;
    assert_eq!((read.status.as_u16(), &read.body), (200, &made.body));
}

#[tokio::test]
async fn rejects_a_user_name_that_is_taken_regardless_of_case() {
    let server = Server::start().await;
    let first = server.create(json!({"userName": "Åsa@x.example"})).await;
    let second = server.create(json!({"userName": "b@x.example"})).await;
    let again = server.send(Method::POST, "/Users", &user(json!({"userName": "åSA@X.EXAMPLE"}))).await;
    assert_eq!(again.refusal(), (409, "uniqueness"));
    let renamed =
        server.patch(&second["id"], json!([{"op": "replace", "path": "userName", "value": "ÅSA@x.example"}])).await;
    assert_eq!(renamed.refusal(), (409, "uniqueness"));
    let itself =
        server.patch(&first["id"], json!([{"op": "replace", "path": "userName", "value": "ÅSA@x.example"}])).await;
    assert_eq!(itself.status, 200, "its own name in another case");
}

#[tokio::test]
async fn replaces_a_contact_and_keeps_what_is_the_servers() {
    let server = Server::start().await;
    let made = server.create(json!({"userName": "a", "title": "T", "nickName": "N"})).await;
    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    let put = server
        .send(
            Method::PUT,
            &path,
            &user(json!({"userName": "a", "title": "U", "id": "other", "meta": {"created": "x"}})),
        )
        .await;
    assert_eq!((put.status.as_u16(), &put.body["title"]), (200, &json!("U")));
    assert!(put.body.get("nickName").is_none());
    assert_eq!((&put.body["id"], &put.body["meta"]["created"]), (&made["id"], &made["meta"]["created"]));
    assert_eq!(put.header("etag"), "W/\"2\"");
    let same = server.send(Method::PUT, &path, &put.body).await;
    assert_eq!(same.header("etag"), "W/\"2\"", "what changes nothing makes no new version");
}

#[tokio::test]
async fn l13_patches_by_replacing_whole_attributes_under_if_match() {
    let server = Server::start().await;
    let made =
        server.create(json!({"userName": "a", "emails": [{"type": "work", "value": "a@x", "primary": true}]})).await;
    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    let body = json!({"schemas": [scim::PATCH_OP], "Operations": [
        {"op": "replace", "path": "emails", "value": [{"type": "work", "value": "b@x", "primary": true}, {"type": "home", "value": "h@x"}]},
        {"op": "replace", "path": format!("{}:portalAccess", scim::KDESK_CONTACT), "value": true},
        {"op": "remove", "path": "title"},
    ]});
    let stale = answer(server.request(Method::PATCH, &path).header("if-match", "W/\"9\"").body(body.to_string())).await;
    assert_eq!(stale.refusal(), (412, ""));
    let fresh =
        answer(server.request(Method::PATCH, &path).header("if-match", "\"0\", W/\"1\"").body(body.to_string())).await;
    assert_eq!(fresh.status, 200);
    assert_eq!(fresh.body["emails"][0]["value"], "b@x");
    assert_eq!(fresh.body[scim::KDESK_CONTACT], json!({"portalAccess": true}));
    assert_eq!(fresh.body["schemas"], json!([scim::USER, scim::KDESK_CONTACT]));
    let cached = answer(server.request(Method::GET, &path).header("if-none-match", "W/\"2\"")).await;
    assert_eq!(cached.status, 304);
    let changed = answer(server.request(Method::GET, &path).header("if-none-match", "W/\"1\"")).await;
    assert_eq!(changed.status, 200);
}

#[tokio::test]
async fn a_patch_that_fails_leaves_the_contact_untouched() {
    let server = Server::start().await;
    let made = server.create(json!({"userName": "a", "title": "T"})).await;
    for (operations, refusal) in [
        (
            json!([{"op": "replace", "path": "title", "value": "X"}, {"op": "remove", "path": "emails[type eq \"fax\"]"}]),
            (400, "noTarget"),
        ),
        (
            json!([{"op": "replace", "path": "title", "value": "X"}, {"op": "replace", "path": "id", "value": "X"}]),
            (400, "mutability"),
        ),
        (
            json!([{"op": "replace", "path": "title", "value": "X"}, {"op": "add", "path": "shoe", "value": "X"}]),
            (400, "invalidPath"),
        ),
        (
            json!([{"op": "replace", "path": "title", "value": "X"}, {"op": "add", "path": "active", "value": "yes"}]),
            (400, "invalidValue"),
        ),
        (json!([{"op": "turn"}]), (400, "invalidSyntax")),
    ] {
        assert_eq!(server.patch(&made["id"], operations).await.refusal(), refusal);
    }
    assert_eq!(server.get(&format!("/Users/{}", made["id"].as_str().unwrap())).await.body, made);
}

#[tokio::test]
async fn deletes() {
    let server = Server::start().await;
    let made = server.create(json!({"userName": "a", "emails": [{"value": "other@x"}]})).await;
    assert_eq!(server.delete(&made["id"]).await.status, 204);
    assert_eq!(server.delete(&made["id"]).await.refusal(), (404, ""));
    assert_eq!(server.get(&format!("/Users/{}", made["id"].as_str().unwrap())).await.refusal(), (404, ""));
    assert_eq!(server.list(&[("filter", "emails.value eq \"other@x\"")]).await.body["totalResults"], 0);
    server.create(json!({"userName": "A"})).await;
}

#[tokio::test]
async fn shows_the_attributes_that_were_asked_for_in_every_answer() {
    let server = Server::start().await;
    let body = user(json!({"userName": "a", "title": "T", "emails": [{"type": "work", "value": "w"}]}));
    let made = server.send(Method::POST, "/Users?attributes=emails.value", &body).await;
    assert_eq!(made.body, json!({"schemas": [scim::USER], "id": made.body["id"], "emails": [{"value": "w"}]}));
    let id = made.body["id"].as_str().unwrap();
    let put = server.send(Method::PUT, &format!("/Users/{id}?excludedAttributes=meta,emails"), &body).await;
    assert_eq!(put.body, json!({"schemas": [scim::USER], "id": id, "userName": "a", "title": "T"}));
    let listed = server.list(&[("attributes", "userName")]).await;
    assert_eq!(listed.body["Resources"], json!([{"schemas": [scim::USER], "id": id, "userName": "a"}]));
}

#[tokio::test]
async fn keeps_all_over_a_restart() {
    let server = Server::start().await;
    let made = server.create(json!({"userName": "a"})).await;
    let server = server.restart().await;
    let read = server.get(&format!("/Users/{}", made["id"].as_str().unwrap())).await;
    assert_eq!((read.status.as_u16(), &read.body["userName"]), (200, &json!("a")));
    assert_eq!(read.body["meta"]["lastModified"], made["meta"]["lastModified"]);
}
