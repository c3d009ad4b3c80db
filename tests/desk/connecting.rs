//! Signing in, and answers that are none.

use std::time::{Duration, Instant};

use axum::http::Method;
use contactsync::contact::Field;
use contactsync::desk::{Desk, Error};
use contactsync::net::{Budget, Credentials};

use super::*;
use crate::support::misbehaving_desk::Fault;

async fn refused(fault: Fault) -> Error {
    let server = MisbehavingDesk::start(Profile::default()).await;
    server.rule(Method::GET, "/ServiceProviderConfig", 0, 1000, fault);
    Desk::connect_with(settings(&server), Budget::new(1000, 4), tuning()).await.unwrap_err()
}

#[tokio::test]
async fn a_web_page_is_no_desk() {
    let page = Fault::Answer(200, vec![("content-type", "text/html".into())], "<html>ann@acme.example".into());
    let error = refused(page).await;
    assert!(matches!(&error, Error::NotADesk { reason, .. } if reason.contains("path")), "{error}");
    assert!(!error.to_string().contains("acme"), "L20: {error}");
}

#[tokio::test]
async fn half_an_answer_is_no_desk() {
    assert!(matches!(refused(Fault::HalfJson).await, Error::NotADesk { .. }));
}

#[tokio::test]
async fn an_endless_answer_is_refused() {
    assert!(matches!(refused(Fault::Huge).await, Error::NotADesk { .. }));
}

#[tokio::test]
async fn a_redirect_is_named_not_followed() {
    let error =
        refused(Fault::Answer(302, vec![("location", "https://elsewhere.example/login".into())], String::new()));
    let error = error.await;
    assert!(matches!(&error, Error::NotADesk { reason, .. } if reason.contains("elsewhere.example")), "{error}");
}

#[tokio::test]
async fn refused_credentials_are_denied_at_once() {
    assert!(matches!(refused(Fault::status(401)).await, Error::Denied { .. }));
    assert!(matches!(refused(Fault::status(403)).await, Error::Denied { .. }));
}

#[tokio::test]
async fn a_desk_that_never_comes_back_is_unavailable() {
    let error = refused(Fault::status(503)).await;
    assert!(matches!(error, Error::Unavailable { .. }) && error.is_retryable());
}

#[tokio::test]
async fn reading_is_tried_again() {
    let server = MisbehavingDesk::start(Profile::default()).await;
    for fault in [Fault::status(503), Fault::status(502), Fault::CutBefore, Fault::status(429)] {
        server.once(Method::GET, "/ServiceProviderConfig", fault);
    }
    connect(&server).await;
    server.assert_met();
}

async fn waits_for(headers: Vec<(&'static str, String)>) {
    let server = MisbehavingDesk::start(Profile::default()).await;
    server.once(Method::GET, "/ServiceProviderConfig", Fault::Answer(429, headers, String::new()));
    let before = Instant::now();
    connect(&server).await;
    assert!(before.elapsed() >= Duration::from_secs(1), "{:?}", before.elapsed());
}

#[tokio::test]
async fn retry_after_in_seconds_is_honoured() {
    waits_for(vec![("retry-after", "1".into())]).await;
}

#[tokio::test]
async fn retry_after_as_a_date_is_honoured() {
    let date = |second: u8| format!("Sun, 06 Nov 1994 08:49:{second:02} GMT");
    waits_for(vec![("retry-after", date(37)), ("date", date(36))]).await;
}

#[tokio::test]
async fn plain_http_to_elsewhere_is_refused() {
    let server = MisbehavingDesk::start(Profile::default()).await;
    let mut settings = settings(&server);
    settings.endpoint = "http://desk.example/scim".parse().unwrap();
    let error = Desk::connect(settings, Budget::new(1000, 4)).await.unwrap_err();
    assert!(matches!(error, Error::Settings { field: "endpoint", .. }), "{error}");
}

#[tokio::test]
async fn without_schemas_only_the_core_is_taken_to_be_there() {
    let (_server, desk) = start(Profile { schemas: false, ..Profile::default() }).await;
    assert!(!desk.lacks(&Field::JobTitle));
    assert!(desk.lacks(&Field::Company) && desk.lacks(&Field::PortalAccess));
    let (_server, desk) = start(Profile::default()).await;
    assert!(!desk.lacks(&Field::Company) && !desk.lacks(&Field::PortalAccess));
}

fn with_oauth(server: &MisbehavingDesk) -> Settings {
    let token_url = format!("{}/token", server.url).parse().unwrap();
    let (client_id, client_secret) = ("id".to_owned(), Secret::new("s3cret"));
    let auth = Credentials::OAuth2 { token_url, client_id, client_secret, scopes: vec!["scim".to_owned()] };
    Settings { auth, ..settings(server) }
}

fn issues(server: &MisbehavingDesk, token: &str) {
    let answer = format!(r#"{{"access_token": "{token}", "token_type": "Bearer", "expires_in": 3600}}"#);
    server.once(Method::POST, "/token", Fault::Answer(200, vec![], answer));
}

#[tokio::test]
async fn one_oauth_token_serves_until_it_is_refused() {
    let server = MisbehavingDesk::start(Profile::default()).await;
    issues(&server, "first");
    issues(&server, "second");
    server.once(Method::GET, "/Users", Fault::status(401));
    Desk::connect_with(with_oauth(&server), Budget::new(1000, 4), tuning()).await.unwrap();
    server.assert_met();
    let sent: Vec<String> = server.requests(&Method::GET, "/").into_iter().map(|l| l.auth).collect();
    assert_eq!(sent, ["Bearer first", "Bearer first", "Bearer first", "Bearer second"]);
}

#[tokio::test]
async fn a_token_that_is_said_to_live_for_ever_is_a_token() {
    let server = MisbehavingDesk::start(Profile::default()).await;
    let answer = format!(r#"{{"access_token": "first", "token_type": "Bearer", "expires_in": {}}}"#, u64::MAX);
    server.once(Method::POST, "/token", Fault::Answer(200, vec![], answer));
    Desk::connect_with(with_oauth(&server), Budget::new(1000, 4), tuning()).await.unwrap();
    server.assert_met();
}

#[tokio::test]
async fn an_oauth_client_that_is_refused_is_denied_without_its_secret() {
    let server = MisbehavingDesk::start(Profile::default()).await;
    server.rule(Method::POST, "/token", 0, 2, Fault::status(401));
    let settings = with_oauth(&server);
    assert!(!format!("{settings:?}").contains("s3cret"));
    let error = Desk::connect_with(settings, Budget::new(1000, 4), tuning()).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error}");
    server.assert_met();
}
