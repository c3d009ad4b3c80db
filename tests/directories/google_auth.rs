//! How Google is signed in to: key files that are none, administrators, workload identity.

use contactsync::api::{ContactSyncConnection, GoogleAuth};
use contactsync::directory::google::{GoogleCredential, GoogleSettings};
use contactsync::directory::{Directory, Error};
use contactsync::net::{Reach, Secret};
use serde_json::{Value, json};
use std::time::Duration;

use super::conformance::{asking, by_id, read};
use crate::support::google::{ACCOUNT, CLUSTER_TOKEN, Google, PROVIDER, People, directory, key_file, user};
use crate::support::service::{Misbehaving, Server};

async fn server() -> Server<Google> {
    Server::start(Google::new(People::Held(vec![user("1", &json!({}))]))).await
}

async fn count(directory: &dyn Directory) -> Result<usize, Error> {
    read(directory, &asking(&["primaryEmail"])).await.map(|(people, _)| people.len())
}

fn with_key(change: impl Fn(&mut Value)) -> impl FnOnce(&mut GoogleSettings) {
    let mut file = key_file();
    change(&mut file);
    move |settings| settings.credential = GoogleCredential::Key(Secret::new(file.to_string()))
}

fn with_workload(settings: &mut GoogleSettings, provider: &str, account: &str, token: &str) {
    let auth = json!({"type": "WorkloadIdentity", "workloadIdentity": {
        "serviceAccountRef": {"name": "contactsync"}, "provider": provider, "serviceAccount": account}});
    settings.source.auth = serde_json::from_value::<GoogleAuth>(auth).unwrap();
    settings.credential = GoogleCredential::Token(Secret::new(token));
}

#[tokio::test]
async fn a_key_file_that_is_none_is_refused_without_quoting_it() {
    let server = server().await;
    let refused = |change: Box<dyn Fn(&mut Value)>| {
        let error = directory(&server, with_key(change)).unwrap_err();
        assert!(matches!(&error, Error::Settings { field, .. } if field == "source.google.auth.serviceAccountKey"));
        assert!(!error.to_string().contains("hunter2"), "{error}");
        error.to_string()
    };
    assert!(refused(Box::new(|file| file["type"] = "authorized_user".into())).contains("its type"));
    assert!(refused(Box::new(|file| file["client_email"] = "".into())).contains("client_email"));
    assert!(refused(Box::new(|file| file["private_key"] = "hunter2".into())).contains("private_key"));
    assert!(refused(Box::new(|file| *file = "hunter2".into())).contains("no JSON key file"));
    let ec = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem();
    assert!(refused(Box::new(move |file| file["private_key"] = ec.as_str().into())).contains("no RSA key"));
}

#[tokio::test]
async fn the_key_files_own_token_address_is_used_only_where_none_is_given_and_as_far_as_it_may_be_called() {
    let server = server().await;
    let own = server.url.join("token").unwrap();
    let without = |settings: &mut GoogleSettings, file: &Value| {
        settings.source.endpoints.as_mut().unwrap().token_url = None;
        settings.credential = GoogleCredential::Key(Secret::new(file.to_string()));
    };
    let mut file = key_file();
    file["token_uri"] = own.as_str().into();
    assert_eq!(count(&directory(&server, |settings| without(settings, &file)).unwrap()).await.unwrap(), 1);
    file["token_uri"] = "http://169.254.169.254/token".into();
    let error = directory(&server, |settings| without(settings, &file)).unwrap_err();
    assert!(matches!(error, Error::Settings { .. }), "{error}");
    assert_eq!(count(&directory(&server, with_key(|file| file["token_uri"] = "x".into())).unwrap()).await.unwrap(), 1);
}

#[tokio::test]
async fn endpoints_that_may_not_be_called_are_refused_by_their_field() {
    let server = server().await;
    let error = directory(&server, |settings| settings.wiring.reach = Reach::limited(false, false, Vec::new()));
    assert!(matches!(error.unwrap_err(), Error::Settings { field, .. } if field == "source.google.endpoints.tokenURL"));
}

#[tokio::test]
async fn a_service_account_reads_in_its_own_name_when_it_has_a_role() {
    let server = server().await;
    let alone = directory(&server, |settings| settings.source.subject = None).unwrap();
    let error = count(&alone).await.unwrap_err();
    assert!(
        matches!(error, Error::Denied { .. }) && error.to_string().contains("the service account may not"),
        "{error}"
    );
    server.change(|google| google.acts_alone = true);
    let alone = directory(&server, |settings| settings.source.subject = None).unwrap();
    assert_eq!(count(&alone).await.unwrap(), 1);
}

#[tokio::test]
async fn an_administrator_who_is_none_is_denied_and_not_named() {
    let server = server().await;
    let other = directory(&server, |settings| settings.source.subject = Some("ann@acme.example".to_owned())).unwrap();
    let error = count(&other).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Denied { .. }), "{text}");
    assert!(
        text.contains("invalid_grant") && text.contains("source.google.subject") && !text.contains("ann@"),
        "{text}"
    );
}

#[tokio::test]
async fn without_groups_to_resolve_the_credentials_are_proven_all_the_same() {
    let server = server().await;
    let directory = directory(&server, |_| {}).unwrap();
    assert_eq!(directory.resolve_groups(&[]).await.unwrap(), []);
    server.change(|google| google.granted.clear());
    server.change(|google| google.tokens.revoke());
    assert!(matches!(directory.resolve_groups(&[]).await, Err(Error::Denied { .. })));
}

#[tokio::test]
async fn a_cluster_signs_in_without_a_key_and_its_tokens_are_renewed() {
    let server = server().await;
    let directory = directory(&server, |settings| with_workload(settings, PROVIDER, ACCOUNT, CLUSTER_TOKEN)).unwrap();
    assert_eq!(by_id(&directory, &asking(&["primaryEmail"])).await.len(), 1);
    assert_eq!(
        server.log().iter().map(|ask| ask.path.clone()).collect::<Vec<_>>(),
        [
            "/v1/token".to_owned(),
            format!("/v1/projects/-/serviceAccounts/{ACCOUNT}:signJwt"),
            "/token".to_owned(),
            "/admin/directory/v1/users".to_owned(),
        ]
    );
    server.change(|google| google.tokens.revoke());
    assert_eq!(by_id(&directory, &asking(&["primaryEmail"])).await.len(), 1);
}

#[tokio::test]
async fn tokens_are_renewed_before_they_expire() {
    let server = server().await;
    server.change(|google| google.tokens.life = Duration::from_secs(20));
    let directory = directory(&server, |_| {}).unwrap();
    for _ in 0..3 {
        assert_eq!(count(&directory).await.unwrap(), 1);
    }
    assert_eq!(server.change(|google| google.tokens.count), 3, "one that is good for 20 seconds is not kept");
}

#[tokio::test]
async fn what_a_pool_refuses_is_told_with_what_to_check() {
    let server = server().await;
    for (provider, account, token, says) in [
        ("//iam.googleapis.com/other", ACCOUNT, CLUSTER_TOKEN, "workloadIdentity.provider"),
        (PROVIDER, ACCOUNT, "hunter2", "does not take the cluster's token"),
        (PROVIDER, "other@acme.iam.gserviceaccount.com", CLUSTER_TOKEN, "roles/iam.serviceAccountTokenCreator"),
    ] {
        let directory = directory(&server, |settings| with_workload(settings, provider, account, token)).unwrap();
        let error = count(&directory).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::Denied { .. }) && text.contains(says) && !text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn the_example_opens_as_it_stands() {
    let text = include_str!("../../examples/google/connection.yaml");
    let connection: ContactSyncConnection = serde_yaml::from_str(text).unwrap();
    let server = server().await;
    let opened = directory(&server, |settings| {
        let endpoints = settings.source.endpoints.take();
        settings.source = *connection.spec.source.google.unwrap();
        settings.source.subject = Some(crate::support::google::ADMIN.to_owned());
        settings.source.endpoints = endpoints;
    });
    assert_eq!(count(&opened.unwrap()).await.unwrap(), 1);
}
