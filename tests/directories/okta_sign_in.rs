//! How Okta is signed in to, and what is said when it refuses.

use contactsync::directory::{Directory, Error};
use serde_json::json;

use super::conformance::{asking, by_id, named, read};
use super::okta::{directory, with_key, with_token};
use crate::support::okta::{KEY_ID, OktaService, serve, user};
use crate::support::service::{Misbehaving as _, Server};

async fn server() -> Server<OktaService> {
    serve(OktaService::new(vec![user("1", "ACTIVE", json!({"email": "ann@acme.example"}))], vec![])).await
}

fn over_key(server: &Server<OktaService>, key_id: Option<&str>) -> impl Directory + use<> {
    directory(server, |settings| (settings.source.auth, settings.credential) = with_key(key_id))
}

fn denied(error: &Error, words: &[&str]) {
    let text = error.to_string();
    assert!(matches!(error, Error::Denied { .. }), "{text}");
    for word in words {
        assert!(text.contains(word), "{text}");
    }
    for word in ["ann@", "hunter2", "token-", "PRIVATE"] {
        assert!(!text.contains(word), "{text}");
    }
}

#[tokio::test]
async fn an_api_token_that_is_wrong_is_said_to_be() {
    let server = server().await;
    let directory = directory(&server, |settings| {
        (settings.source.auth, settings.credential) = with_token("hunter2-wrong");
    });
    let error = directory.resolve_groups(&[]).await.unwrap_err();
    denied(&error, &["HTTP 401, E0000011", "API token"]);
}

#[tokio::test]
async fn what_a_role_may_not_see_is_named() {
    let server = server().await;
    for (sees, missing) in [("groups", "View users"), ("users", "View groups")] {
        server.change(|okta| okta.rights.sees = [sees].into());
        let (token, key) = (directory(&server, |_| ()), over_key(&server, Some(KEY_ID)));
        let directories: [(&dyn Directory, &str); 2] = [(&token, "made the API token"), (&key, "Admin roles")];
        for (directory, whose) in directories {
            let error = match sees {
                "groups" => read(directory, &asking(&["email"])).await.unwrap_err(),
                _ => directory.resolve_groups(&[named("Sales")]).await.unwrap_err(),
            };
            denied(&error, &["HTTP 403, E0000006", "Read-Only Administrator", missing, whose]);
        }
    }
}

#[tokio::test]
async fn an_application_signs_for_itself() {
    let server = server().await;
    let directory = over_key(&server, Some(KEY_ID));
    directory.resolve_groups(&[]).await.unwrap();
    assert_eq!(by_id(&directory, &asking(&["email"])).await.len(), 1);
    assert_eq!(server.change(|okta| okta.rights.tokens.count), 1);
    // A token that is taken back is had anew, with an assertion of its own.
    server.change(|okta| okta.rights.tokens.revoke());
    assert_eq!(by_id(&directory, &asking(&["email"])).await.len(), 1);
    assert_eq!(server.change(|okta| okta.rights.tokens.count), 2);
}

#[tokio::test]
async fn users_alone_are_enough_where_no_group_is_named() {
    let server = server().await;
    server.change(|okta| okta.rights.scopes.remove("okta.groups.read"));
    let directory = over_key(&server, Some(KEY_ID));
    assert_eq!(by_id(&directory, &asking(&["email"])).await.len(), 1);
    let error = directory.resolve_groups(&[named("Sales")]).await.unwrap_err();
    denied(&error, &["HTTP 403", "grant the application the scope okta.groups.read"]);
    server.change(|okta| okta.rights.scopes.clear());
    let error = read(&over_key(&server, Some(KEY_ID)), &asking(&["email"])).await.unwrap_err();
    denied(&error, &["HTTP 400, invalid_scope", "okta.users.read"]);
}

#[tokio::test]
async fn a_key_that_is_not_known_is_said_to_be() {
    let server = server().await;
    let error = read(&over_key(&server, Some("another")), &asking(&["email"])).await.unwrap_err();
    denied(&error, &["invalid_client", "keyID"]);
    let error = read(&over_key(&server, None), &asking(&["email"])).await.unwrap_err();
    denied(&error, &["invalid_client", "name it by keyID"]);
    assert!(server.log().iter().all(|ask| ask.path == "/oauth2/v1/token"), "nothing is asked without a token");
}

#[tokio::test]
async fn an_application_that_asks_for_dpop_is_told_how_to_stop() {
    let server = server().await;
    server.change(|okta| okta.rights.asks_for_dpop = true);
    let error = read(&over_key(&server, Some(KEY_ID)), &asking(&["email"])).await.unwrap_err();
    denied(&error, &["invalid_dpop_proof", "Require Demonstrating Proof of Possession"]);
}
