//! Bulk (RFC 7644 section 3.7): foreign testers never try it, so we do.

use contactsync::scim;
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Server, post};

fn statuses(body: &Value) -> Vec<&str> {
    body["Operations"].as_array().unwrap().iter().map(|done| done["status"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn l12_bulk_one_failed_operation_hurts_no_other() {
    let server = Server::start().await;
    let taken = server.create(json!({"userName": "taken", "title": "Before"})).await;
    let id = taken["id"].as_str().unwrap();
    let patch = |value: Value| json!({"schemas": [scim::PATCH_OP], "Operations": [{"op": "replace", "path": "title", "value": value}]});
    let done = server
        .bulk(json!([
            post("a", json!({"userName": "a"})),
            post("b", json!({"userName": "TAKEN"})),
            post("c", json!({"title": "nameless"})),
            {"method": "PATCH", "path": format!("/Users/{id}"), "data": patch(json!(5))},
            {"method": "PATCH", "path": format!("/Users/{id}"), "version": "W/\"7\"", "data": patch(json!("X"))},
            {"method": "DELETE", "path": "/Users/nobody"},
            {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {}},
            {"method": "POST", "path": "/Users", "data": {"schemas": [scim::USER], "userName": "no bulkId"}},
            {"method": "PATCH", "path": format!("/Users/{id}"), "version": "W/\"1\"", "data": patch(json!("After"))},
            post("d", json!({"userName": "d"})),
        ]))
        .await;
    assert_eq!(done.status, 200);
    assert_eq!(done.body["schemas"], json!([scim::BULK_RESPONSE]));
    assert_eq!(statuses(&done.body), ["201", "409", "400", "400", "412", "404", "404", "400", "200", "201"]);
    let operations = done.body["Operations"].as_array().unwrap();
    assert_eq!(operations[1]["response"]["scimType"], "uniqueness");
    assert_eq!(operations[1]["response"]["status"], "409");
    assert!(operations[1].get("location").is_none(), "a POST that failed has none");
    assert_eq!(operations[1]["bulkId"], "b");
    assert_eq!(operations[3]["location"], format!("{}/Users/{id}", server.base));
    assert_eq!(operations[8]["version"], "W/\"2\"");
    assert_eq!(server.list(&[]).await.names(), ["taken", "a", "d"]);
    let location = operations[0]["location"].as_str().unwrap();
    let read = server.get(location.strip_prefix(&server.base).unwrap()).await;
    assert_eq!((&read.body["userName"], &read.body["meta"]["version"]), (&json!("a"), &operations[0]["version"]));
}

#[tokio::test]
async fn stops_after_as_many_failures_as_were_allowed() {
    let server = Server::start().await;
    let body = json!({"schemas": [scim::BULK_REQUEST], "failOnErrors": 2, "Operations": [
        post("a", json!({"userName": "a"})), post("b", json!({"userName": "a"})), post("c", json!({"userName": "a"})),
        post("d", json!({"userName": "d"})),
    ]});
    let done = server.send(Method::POST, "/Bulk", &body).await;
    assert_eq!(statuses(&done.body), ["201", "409", "409"]);
    assert_eq!(server.list(&[]).await.names(), ["a"], "what came before stays, what comes after is not tried");
}

#[tokio::test]
async fn bulk_ids_stand_for_contacts_made_in_the_same_request() {
    let server = Server::start().await;
    let manager = |id: &str| json!({"manager": {"value": format!("bulkId:{id}")}});
    let done = server
        .bulk(json!([
            post("report", json!({"userName": "report", scim::ENTERPRISE_USER: manager("boss")})),
            post("boss", json!({"userName": "boss"})),
            {"method": "PATCH", "path": "/Users/bulkId:boss", "data":
                {"schemas": [scim::PATCH_OP], "Operations": [{"op": "add", "path": "title", "value": "Chief"}]}},
            post("x", json!({"userName": "x", scim::ENTERPRISE_USER: manager("y")})),
            post("y", json!({"userName": "y", scim::ENTERPRISE_USER: manager("x")})),
            post("lost", json!({"userName": "lost", scim::ENTERPRISE_USER: manager("nobody")})),
            post("twin", json!({"userName": "boss"})),
            post("orphan", json!({"userName": "orphan", scim::ENTERPRISE_USER: manager("twin")})),
        ]))
        .await;
    assert_eq!(statuses(&done.body), ["201", "201", "200", "201", "201", "400", "409", "409"]);
    let found = server.list(&[("filter", "userName eq \"report\" or userName eq \"boss\"")]).await;
    let users = found.body["Resources"].as_array().unwrap();
    assert_eq!(users.len(), 2);
    let by_name = |name: &str| users.iter().find(|user| user["userName"] == name).unwrap();
    assert_eq!(by_name("report")[scim::ENTERPRISE_USER]["manager"]["value"], by_name("boss")["id"]);
    assert_eq!(by_name("boss")["title"], "Chief");
}

#[tokio::test]
async fn rejects_more_than_it_advertises() {
    let server = Server::start().await;
    let config = server.get("/ServiceProviderConfig").await.body;
    let most = usize::try_from(config["bulk"]["maxOperations"].as_u64().unwrap()).unwrap();
    let operations: Vec<Value> =
        (0..=most).map(|n| post(&n.to_string(), json!({"userName": format!("{n}")}))).collect();
    assert_eq!(server.bulk(json!(operations)).await.refusal(), (413, ""));
    let bytes = usize::try_from(config["bulk"]["maxPayloadSize"].as_u64().unwrap()).unwrap();
    let operations = json!([post("a", json!({"userName": "a", "title": "x".repeat(bytes)}))]);
    assert_eq!(server.bulk(operations).await.refusal(), (413, ""));
    assert_eq!(server.list(&[]).await.body["totalResults"], 0);
    assert_eq!(server.bulk(json!("x")).await.refusal(), (400, "invalidSyntax"));
    let undeclared = json!({"schemas": [], "Operations": []});
    assert_eq!(server.send(Method::POST, "/Bulk", &undeclared).await.refusal(), (400, "invalidSyntax"));
}

#[tokio::test]
async fn writes_of_many_clients_at_once_are_all_kept() {
    let server = Server::start().await;
    let writes = (0..40).map(|n| server.create(json!({"userName": format!("u{}", n)})));
    let made = futures::future::join_all(writes).await;
    let clashes = (0..10).map(|_| async {
        server.send(Method::POST, "/Users", &super::support::user(json!({"userName": "same"}))).await
    });
    let clashes = futures::future::join_all(clashes).await;
    assert_eq!(clashes.iter().filter(|answer| answer.status == 201).count(), 1, "one wins, however they are committed");
    assert_eq!(server.list(&[("count", "0")]).await.body["totalResults"], made.len() + 1);
}
