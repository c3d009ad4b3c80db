//! One person, as each directory has them: the Standard preset makes the same contact of all.

use contactsync::contact::{Field, Wanted};
use contactsync::directory::google::GoogleDirectory;
use contactsync::directory::{Directory, ReadQuery};
use contactsync::net::RetryPolicy;
use contactsync::person::Program;
use serde_json::{Value, json};

use super::conformance::by_id;
use super::ldap_ad;
use crate::support::google::{self, Google};
use crate::support::graph::{self, Graph};
use crate::support::okta::{self, OktaService};
use crate::support::scim_idp::ScimIdp;
use crate::support::service::Server;
use crate::support::slapd::Slapd;

const ID: &str = "22222222-3333-4444-8555-666666666666";

/// What the preset of a source makes of Bo, whose address is in the attribute `mail`.
async fn contact(source: Value, mail: &str, directory: &dyn Directory) -> Vec<(Field, Wanted)> {
    let spec = json!({
        "state": "Enabled", "workspaceRef": {"name": "desk"}, "source": source,
        "scope": {"mode": "Pattern", "pattern": {"match": {"attribute": mail, "glob": "*"}}},
        "mapping": {"preset": "Standard"}, "leavers": {"policy": "Deactivate"}, "deletionPolicy": "Keep",
    });
    let program =
        Program::compile(&serde_json::from_value(spec).unwrap()).unwrap_or_else(|errors| panic!("{errors:?}"));
    let attributes = program.attributes().clone();
    let people = by_id(directory, &ReadQuery { attributes, ..ReadQuery::default() }).await;
    let has_mail = |person: &&contactsync::person::Person| {
        person.attributes.values().flatten().any(|value| value.as_str() == Some("bo@acme.example"))
    };
    let bo = people.values().find(has_mail).expect("Bo is there");
    let mapped = program.map(bo);
    assert_eq!(mapped.problems, []);
    program.fields().iter().cloned().zip(mapped.wanted).collect()
}

async fn of_active_directory() -> Vec<(Field, Wanted)> {
    let samba = ldap_ad::server();
    let source = json!({"type": "LDAP", "ldap": {"url": "ldaps://dc", "baseDN": "dc=acme,dc=example", "flavor": "ActiveDirectory"}});
    contact(source, "mail", &samba.directory(|_| {})).await
}

async fn of_entra() -> Vec<(Field, Wanted)> {
    let mut user = graph::user(ID, "Bo Berg");
    let more = json!({
        "givenName": "Bo", "surname": "Berg", "mail": "bo@acme.example", "companyName": "Acme AB", "jobTitle": "Engineer",
        "department": "North", "employeeOrgData": {"division": "EMEA", "costCenter": "7"},
        "businessPhones": ["+46 8 465 004 10"], "mobilePhone": "070-174 06 05", "streetAddress": "Storgatan 1",
        "city": "Malmö", "state": "Skåne", "postalCode": "211 34", "country": "Sweden",
    });
    user.extend(more.as_object().unwrap().clone());
    let server = Server::start(Graph::new(graph::Users::Held(vec![user]))).await;
    let directory = graph::open(&server.url, graph::secret(), None, RetryPolicy::default());
    contact(json!({"type": "Entra"}), "mail", &directory).await
}

async fn of_google() -> Vec<(Field, Wanted)> {
    let user = google::user(
        "1",
        &json!({
            "primaryEmail": "bo@acme.example", "name": {"fullName": "Bo Berg", "givenName": "Bo", "familyName": "Berg"},
            "organizations": [
                {"name": "Elsewhere", "title": "Adviser"},
                {"primary": true, "name": "Acme AB", "title": "Engineer", "department": "EMEA"},
            ],
            "phones": [{"type": "home", "value": "1"}, {"type": "work", "value": "08-465 004 10"}, {"type": "mobile", "value": "+46701740605"}],
            "addresses": [
                {"type": "home", "locality": "Lund"},
                {"type": "work", "streetAddress": "Storgatan 1", "locality": "Malmö", "region": "Skåne", "postalCode": "211 34", "countryCode": "SE", "country": "Sverige"},
            ],
        }),
    );
    let server = Server::start(Google::new(google::People::Held(vec![user]))).await;
    let directory: GoogleDirectory = google::directory(&server, |_| {}).unwrap();
    contact(json!({"type": "Google"}), "primaryEmail", &directory).await
}

async fn of_scim() -> Vec<(Field, Wanted)> {
    let user = json!({
        "id": "1", "userName": "bo", "active": true, "displayName": "Bo Berg", "title": "Engineer",
        "name": {"givenName": "Bo", "familyName": "Berg"},
        "emails": [{"value": "bo@home.example", "type": "home"}, {"value": "bo@acme.example", "type": "work", "primary": true}],
        "phoneNumbers": [{"value": "tel:+46-8-46500410", "type": "Work"}, {"value": "+46 70 174 06 05", "type": "mobile"}],
        "addresses": [{"type": "work", "streetAddress": "Storgatan 1", "locality": "Malmö", "region": "Skåne", "postalCode": "211 34", "country": "se"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"organization": "Acme AB", "division": "EMEA", "department": "North"},
    });
    let server = Server::start(ScimIdp::new(vec![user], Vec::new())).await;
    let directory = super::scim::directory(&server.url, |_| {});
    contact(json!({"type": "SCIM"}), "emails[primary]", &directory).await
}

async fn of_okta() -> Vec<(Field, Wanted)> {
    let user = okta::user(
        "1",
        "ACTIVE",
        json!({
            "firstName": "Bo", "lastName": "Berg", "email": "bo@acme.example", "organization": "Acme AB", "title": "Engineer",
            "division": "EMEA", "department": "North", "primaryPhone": "+46 8 465 004 10", "mobilePhone": "+46 70 174 06 05",
            "streetAddress": "Storgatan 1", "city": "Malmö", "state": "Skåne", "zipCode": "211 34", "countryCode": "SE",
        }),
    );
    let server = okta::serve(OktaService::new(vec![user], Vec::new())).await;
    let directory = super::okta::directory(&server, |_| {});
    contact(json!({"type": "Okta"}), "email", &directory).await
}

async fn of_openldap() -> Vec<(Field, Wanted)> {
    let ldif = "dn: dc=acme,dc=example\nobjectClass: domain\ndc: acme\n\n\
        dn: uid=bo,dc=acme,dc=example\nobjectClass: inetOrgPerson\nuid: bo\ncn: bo\ndisplayName: Bo Berg\ngivenName: Bo\nsn: Berg\n\
        mail: bo@acme.example\no: Acme AB\ntitle: Engineer\nou: EMEA\ntelephoneNumber: +46 8 465 004 10\nmobile: +46 70 174 06 05\n\
        street: Storgatan 1\nl: Malmö\nst: Skåne\npostalCode: 211 34\n";
    let slapd = Slapd::with(ldif);
    let source = json!({"type": "LDAP", "ldap": {"url": "ldaps://ldap", "baseDN": "dc=acme,dc=example"}});
    contact(source, "mail", &slapd.directory(|_| {})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_person_gives_the_same_contact_from_every_directory() {
    let entra = of_entra().await;
    let clear: Vec<_> = entra.iter().filter(|(_, wanted)| *wanted == Wanted::Clear).collect();
    assert!(clear.is_empty() && entra.len() == 15, "{clear:?}");
    assert_eq!(of_active_directory().await, entra);
    assert_eq!(of_google().await, entra);
    assert_eq!(of_scim().await, entra);
    assert_eq!(of_okta().await, entra);
    // inetOrgPerson has no attribute for the country.
    let without_country = |contact: &[(Field, Wanted)]| {
        contact.iter().filter(|(field, _)| *field != Field::Country).cloned().collect::<Vec<_>>()
    };
    assert_eq!(without_country(&of_openldap().await), without_country(&entra));
}
