//! The Okta source over an organization that answers as Okta's pages say, held to the suites.

use std::collections::BTreeSet;

use async_trait::async_trait;
use contactsync::api::{OktaAuth, OktaAuthType, OktaPrivateKeyJwt, OktaSource, SecretSource};
use contactsync::directory::Directory;
use contactsync::directory::okta::{OktaCredential, OktaDirectory, OktaSettings, open};
use contactsync::net::Secret;
use contactsync::person::PersonId;
use serde_json::{Value, json};

use super::conformance::{Kept, Source, TestGroup, TestPerson};
use super::faults::{Fake, Served, wiring};
use crate::support::okta::{API_TOKEN, CLIENT_ID, Group, KEY_ID, OktaService, group_id, serve, user, user_id};
use crate::support::service::{Fault, SIGNING_KEY, Server};

/// Signing in with an API token.
pub(super) fn with_token(token: &str) -> (OktaAuth, OktaCredential) {
    let auth = OktaAuth { type_: OktaAuthType::ApiToken, api_token: None, private_key_jwt: None };
    (auth, OktaCredential::ApiToken(Secret::new(token.to_owned())))
}

/// Signing in with a key.
pub(super) fn with_key(key_id: Option<&str>) -> (OktaAuth, OktaCredential) {
    let private_key: SecretSource =
        serde_json::from_value(json!({"secretRef": {"name": "okta", "key": "key"}})).unwrap();
    let application =
        OktaPrivateKeyJwt { client_id: CLIENT_ID.to_owned(), key_id: key_id.map(str::to_owned), private_key };
    let auth = OktaAuth { type_: OktaAuthType::PrivateKeyJwt, api_token: None, private_key_jwt: Some(application) };
    (auth, OktaCredential::PrivateKey(Secret::new(SIGNING_KEY.to_owned())))
}

/// A directory over a server, with changes to its settings.
pub(super) fn directory(server: &Server<OktaService>, change: impl FnOnce(&mut OktaSettings)) -> OktaDirectory {
    let (auth, credential) = with_token(API_TOKEN);
    let segment_attribute = Some("orgPath".to_owned());
    let source = OktaSource { org_url: server.url.to_string(), auth, segment_attribute, page_size: None, tls: None };
    let wiring = wiring();
    let mut settings = OktaSettings { source, credential, wiring };
    change(&mut settings);
    open(settings).unwrap()
}

/// So many people at 200 a page, read by an application with a key.
pub async fn generated(count: usize) -> (Box<dyn Directory>, Server<OktaService>) {
    let server = serve(OktaService::generated(count)).await;
    let directory = directory(&server, |settings| {
        (settings.source.auth, settings.credential) = with_key(Some(KEY_ID));
    });
    (Box::new(directory), server)
}

/// Okta calls what inetOrgPerson has.
fn called(name: &str) -> &str {
    match name {
        "mail" => "email",
        "telephoneNumber" => "officePhones",
        "l" => "city",
        "cn" => "nickName",
        other => other,
    }
}

fn okta_user(person: &TestPerson) -> Value {
    let mut profile = json!({"orgPath": person.unit});
    for (name, values) in &person.attributes {
        let several = *name == "telephoneNumber";
        profile[called(name)] = if several { json!(values) } else { json!(values.first()) };
    }
    user(&person.id, if person.disabled { "DEPROVISIONED" } else { "ACTIVE" }, profile)
}

/// Groups as they are imported from a directory with groups in groups: each with everybody below it.
fn okta_group(group: &TestGroup, all: &[TestGroup]) -> Group {
    let (mut waiting, mut members, mut met) = (vec![group.key], BTreeSet::new(), BTreeSet::new());
    while let Some(key) = waiting.pop() {
        let Some(group) = all.iter().find(|group| group.key == key).filter(|_| met.insert(key)) else { continue };
        members.extend(group.people.iter().map(|id| user_id(id)));
        waiting.extend(&group.groups);
    }
    let kind = if group.key == group.name { "OKTA_GROUP" } else { "APP_GROUP" };
    Group { id: group_id(group.key), name: group.name.to_owned(), kind, members }
}

fn organization(people: &[TestPerson], groups: &[TestGroup]) -> OktaService {
    OktaService::new(people.iter().map(okta_user).collect(), groups.iter().map(|one| okta_group(one, groups)).collect())
}

struct OverToken;
struct OverKey;

macro_rules! okta {
    ($source:ty, $sign_in:expr) => {
        #[async_trait]
        impl Source for $source {
            async fn open(&self, people: &[TestPerson], groups: &[TestGroup]) -> Box<dyn Directory> {
                let server = serve(organization(people, groups)).await;
                let directory = directory(&server, |settings| {
                    (settings.source.auth, settings.credential) = $sign_in;
                });
                Box::new(Kept { directory, server })
            }

            fn segment(&self, unit: &str) -> String {
                unit.to_owned()
            }

            fn id(&self, id: &str) -> PersonId {
                PersonId::new(user_id(id)).unwrap()
            }

            fn attribute(&self, name: &str) -> String {
                called(name).to_owned()
            }
        }

        #[async_trait]
        impl Served for $source {
            async fn serve(&self, people: &[TestPerson], groups: &[TestGroup]) -> (Box<dyn Directory>, Box<dyn Fake>) {
                let server = serve(organization(people, groups)).await;
                let directory = directory(&server, |settings| {
                    (settings.source.auth, settings.credential) = $sign_in;
                    settings.source.page_size = Some(3);
                });
                (Box::new(directory), Box::new(server))
            }

            /// Lists say nowhere how long they are, and pages may be short.
            fn hides(&self, fault: &Fault) -> bool {
                matches!(fault, Fault::ShortPage | Fault::EmptyPage | Fault::LostLink)
            }
        }
    };
}

okta!(OverToken, with_token(API_TOKEN));
okta!(OverKey, with_key(Some(KEY_ID)));

impl Fake for Server<OktaService> {
    fn remove_group(&self, key: &str) {
        self.change(|okta| okta.groups.retain(|group| group.id != group_id(key)));
    }

    fn revoke(&self) {
        self.change(|okta| {
            okta.rights.active = false;
            okta.rights.tokens.revoke();
        });
    }
}

directory_conformance!(OverToken);
many_values!(OverToken);
ambiguous_groups!(OverToken);
fault_conformance!(OverToken);

mod over_key {
    use super::OverKey;
    use crate::directories::faults;

    #[tokio::test]
    async fn l02_no_fault_shortens_a_read() {
        faults::l02_no_fault_shortens_a_read(&OverKey).await;
    }

    #[tokio::test]
    async fn revoked_credentials_are_denied() {
        faults::revoked_credentials_are_denied(&OverKey).await;
    }
}
