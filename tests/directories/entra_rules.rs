//! Signing in to Entra, and what its refusals are told as.

use std::time::Duration;

use contactsync::api::{EntraCloud, GroupRef, Membership};
use contactsync::directory::entra::EntraCredential;
use contactsync::directory::{Directory, Error, ReadQuery};
use contactsync::net::Secret;
use contactsync::person::PersonId;
use serde_json::json;

use super::conformance::{about, asking, by_id, group, named, person, read};
use super::entra::{guid, tenant};
use super::faults::patience;
use crate::support::graph::{Graph, WORKLOAD_TOKEN, open, open_with, secret};
use crate::support::service::{Misbehaving, PUBLIC_CERTIFICATE, SIGNING_KEY, Server};

async fn one() -> Server<Graph> {
    Server::start(tenant(&[person("1", "Ann")], &[group("Sales", &["1"])])).await
}

fn certificate(certificate: &str, key: &str) -> EntraCredential {
    EntraCredential::Certificate { certificate: Secret::new(certificate), private_key: Secret::new(key) }
}

fn token(token: &str) -> EntraCredential {
    EntraCredential::Token(Secret::new(token))
}

#[tokio::test]
async fn every_way_to_sign_in_reads() {
    for credential in [secret(), certificate(PUBLIC_CERTIFICATE, SIGNING_KEY), token(WORKLOAD_TOKEN)] {
        let server = one().await;
        let directory = open(&server.url, credential.clone(), None, patience());
        assert_eq!(by_id(&directory, &asking(&["mail"])).await.len(), 1, "{credential:?}");
    }
}

#[tokio::test]
async fn both_halves_of_a_certificate_may_be_one_pem() {
    let server = one().await;
    let pem = format!("{SIGNING_KEY}\n{PUBLIC_CERTIFICATE}");
    let directory = open(&server.url, certificate(&pem, &pem), None, patience());
    assert_eq!(by_id(&directory, &asking(&["mail"])).await.len(), 1);
}

#[tokio::test]
async fn l20_refused_credentials_are_told_by_code_and_mend() {
    let server = one().await;
    let wrong = |credential| open(&server.url, credential, None, patience());
    let other = open_with(&server.url, secret(), patience(), |source| {
        "00000000-0000-4000-8000-000000000000".clone_into(&mut source.client_id);
    });
    for (directory, code) in [
        (wrong(EntraCredential::ClientSecret(Secret::new("hunter3"))), "AADSTS7000215"),
        (wrong(token("eyJ.workload.other")), "AADSTS70021"),
        (other.unwrap(), "AADSTS700016"),
    ] {
        let error = directory.resolve_groups(&[]).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::Denied { .. }) && text.contains(code), "{text}");
        assert!(!text.contains("ann@") && !text.contains("hunter"), "{text}");
    }
}

#[test]
fn l20_what_is_wrong_with_a_certificate_is_told_without_quoting_it() {
    let url = "https://graph.example".parse().unwrap();
    let ec = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem();
    for (pem, key, field) in [
        ("hunter2", SIGNING_KEY, "source.entra.auth.certificate.certificate"),
        (PUBLIC_CERTIFICATE, "hunter2", "source.entra.auth.certificate.privateKey"),
        (PUBLIC_CERTIFICATE, &*ec, "source.entra.auth.certificate.privateKey"),
    ] {
        let error = open_with(&url, certificate(pem, key), patience(), |_| {}).unwrap_err();
        assert!(matches!(&error, Error::Settings { field: told, .. } if told == field), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn resolving_nothing_proves_the_credentials_and_asks_graph_nothing() {
    let server = one().await;
    let directory = open(&server.url, secret(), None, patience());
    directory.resolve_groups(&[]).await.unwrap();
    by_id(&directory, &asking(&["mail"])).await;
    let paths: Vec<_> = server.log().into_iter().map(|ask| ask.path).collect();
    assert_eq!(paths.len(), 2, "{paths:?}");
}

#[tokio::test]
async fn a_token_that_expires_in_the_middle_is_renewed() {
    let people: Vec<_> = (0..9).map(|id| person(&id.to_string(), "Somebody")).collect();
    let mut graph = tenant(&people, &[]);
    // Shorter than it is renewed early: each request asks for a new one.
    graph.tokens.life = Duration::from_secs(20);
    let server = Server::start(graph).await;
    let directory = open(&server.url, secret(), Some(3), patience());
    assert_eq!(by_id(&directory, &asking(&["mail"])).await.len(), 9);
    assert_eq!(server.change(|graph| graph.tokens.count), 3);
}

#[tokio::test]
async fn a_cloud_is_where_its_tenants_are() {
    let url = "https://graph.example".parse().unwrap();
    for cloud in [EntraCloud::Global, EntraCloud::USGovernment, EntraCloud::USGovernmentDoD, EntraCloud::China] {
        let change = |source: &mut contactsync::api::EntraSource| {
            source.cloud = Some(cloud);
            source.endpoints = None;
        };
        assert!(open_with(&url, secret(), patience(), change).is_ok(), "{cloud:?}");
    }
    let plain = "http://graph.example".parse().unwrap();
    let error = open_with(&plain, secret(), patience(), |_| {}).unwrap_err();
    assert!(matches!(&error, Error::Settings { field, .. } if field == "source.entra.endpoints.login"), "{error}");
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let server = one().await;
    let directory = open(&server.url, secret(), None, patience());
    let sales = about(&directory, &[("Sales", Membership::Nested)]).await;
    let unit = ReadQuery { segment: Some("Staff".into()), ..asking(&["mail"]) };
    for (permission, query) in
        [("User.Read.All", asking(&["mail"])), ("GroupMember.Read.All", sales), ("AdministrativeUnit.Read.All", unit)]
    {
        server.change(|graph| graph.permissions.remove(permission));
        let error = read(&directory, &query).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::Denied { .. }), "{text}");
        assert!(text.contains(permission) && text.contains("Authorization_RequestDenied"), "{text}");
        let error = directory.read_again(&query, &[PersonId::new(guid("1")).unwrap()]).await.unwrap_err();
        assert!(error.to_string().contains(permission), "{error}");
        server.change(|graph| graph.permissions.insert(permission));
    }
    server.change(|graph| graph.permissions.remove("GroupMember.Read.All"));
    for group in [named("Sales"), GroupRef { name: None, id: Some(guid("group Sales")) }] {
        let error = directory.resolve_groups(&[group]).await.unwrap_err();
        assert!(error.to_string().contains("GroupMember.Read.All"), "{error}");
    }
}

#[tokio::test]
async fn l02_members_with_nothing_but_an_id_fail_the_read() {
    let server = one().await;
    let directory = open(&server.url, secret(), None, patience());
    let sales = about(&directory, &[("Sales", Membership::Nested)]).await;
    let query = ReadQuery { only_members_of: vec![0], ..sales };
    server.change(|graph| graph.permissions.remove("User.Read.All"));
    let error = read(&directory, &query).await.unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. }) && error.to_string().contains("User.Read.All"), "{error}");
}

#[tokio::test]
async fn a_property_that_is_none_is_named() {
    let server = one().await;
    let directory = open(&server.url, secret(), None, patience());
    for name in ["divison", "jobTitle,mail", "phones[work]", "aboutMe", "customSecurityAttributes.hr", "extension"] {
        let query = asking(&["displayName", name]);
        let again = directory.read_again(&query, &[PersonId::new(guid("1")).unwrap()]).await.unwrap_err();
        for error in [read(&directory, &query).await.unwrap_err(), again] {
            let first = name.split(['.', '[']).next().unwrap();
            assert!(matches!(error, Error::Settings { .. }) && error.to_string().contains(first), "{error}");
            assert!(!error.to_string().contains("displayName"), "{error}");
        }
    }
}

#[tokio::test]
async fn attributes_within_properties_and_extensions_come() {
    let server = one().await;
    let extension = "extension_2b7c3ad40b1a4b6c8a4d0b1c2d3e4f50_costCenter";
    server.change(|graph| {
        graph.edit(&guid("1"), "employeeOrgData", json!({"division": "EMEA", "costCenter": null}));
        graph.edit(&guid("1"), "onPremisesExtensionAttributes", json!({"extensionAttribute1": "gold"}));
        graph.edit(&guid("1"), extension, json!("42"));
    });
    let directory = open(&server.url, secret(), None, patience());
    let division = "employeeOrgData.division";
    let on_premises = "onPremisesExtensionAttributes.extensionAttribute1";
    let people = by_id(&directory, &asking(&[division, on_premises, extension])).await;
    let ann = people.values().next().unwrap();
    let values = ann.attributes.iter().map(|(name, values)| (&**name, values.clone())).collect::<Vec<_>>();
    assert_eq!(
        values,
        [(division, vec![json!("EMEA")]), (extension, vec![json!("42")]), (on_premises, vec![json!("gold")])]
    );
    let asked = &server.log()[1];
    assert_eq!(
        asked.param("$select"),
        format!("id,accountEnabled,userType,employeeOrgData,{extension},onPremisesExtensionAttributes")
    );
}
