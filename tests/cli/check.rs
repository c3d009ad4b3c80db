//! `contactsync check`: what it proves, what it tells, and that it tells nobody's data unless it is asked for.

use std::path::Path;

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Checkout, Ran};
use crate::support::company::SUFFIX;
use crate::support::scim_idp::{BASE, ENTERPRISE, Group, ScimIdp, TOKEN};
use crate::support::service::{Fault, Misbehaving as _, Server};
use crate::support::slapd::{ADMIN, PASSWORD, Slapd};

const CHECK: [&str; 3] = ["check", "-f", "quickstart"];

fn check(checkout: &Checkout, more: &[&str]) -> Ran {
    checkout.run(&[&CHECK[..], more].concat())
}

#[test]
fn the_quickstart_passes_and_names_nobody() {
    let checkout = Checkout::of("quickstart");
    let ran = check(&checkout, &[]);
    assert_eq!(ran.code(), 0, "{}", ran.err());
    assert_snapshot!(ran.out(), @r#"
    support/emea-sales
      ok       manifest     scope and mapping are understood: 16 fields, 33 attributes, 4 groups
      ok       credentials  the directory answers, and lets the reader in
      ok       groups       scope.list.groups[0]: "Sales EMEA" is there
      ok       groups       scope.list.groups[1]: "Support" is there
      ok       groups       scope.exclude.groups[0]: "Contractors" is there
      ok       groups       mapping.access.portalAccess.expression: "Portal Users" is there
      ok       read         the directory was read whole: 122 people; others than members of the groups in scope need not be read
      ok       scope        110 people in scope, 11 excluded, 1 disabled
      ok       mapping      110 of 110 in scope can be mapped in every field
      ok       attributes   each that the manifest names is there
    "#);
    assert_eq!(ran.err(), "");
    let files: Vec<_> =
        std::fs::read_dir(checkout.folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["quickstart"], "nothing is written");
}

#[test]
fn every_group_that_is_not_there_is_told() {
    let checkout = Checkout::of("quickstart");
    checkout.edit("quickstart/connection.yaml", "name: Sales EMEA", "name: Sails EMEA");
    checkout.edit("quickstart/connection.yaml", "name: Contractors", "name: Contractor");
    let ran = check(&checkout, &[]);
    assert_eq!(ran.code(), 1);
    assert_snapshot!(ran.out(), @r#"
    support/emea-sales
      ok       manifest     scope and mapping are understood: 16 fields, 33 attributes, 4 groups
      ok       credentials  the directory answers, and lets the reader in
      failed   groups       scope.list.groups[0]: the directory has no group "Sails EMEA": check the spelling, or what the reader may see
      ok       groups       scope.list.groups[1]: "Support" is there
      failed   groups       scope.exclude.groups[0]: the directory has no group "Contractor": check the spelling, or what the reader may see
      ok       groups       mapping.access.portalAccess.expression: "Portal Users" is there
      skipped  read         what failed above comes first
    "#);
}

#[test]
fn what_does_not_compile_is_told_and_the_directory_is_asked_all_the_same() {
    let checkout = Checkout::of("quickstart");
    checkout.edit("quickstart/connection.yaml", "inGroup('Portal Users')", "inGrup('Portal Users')");
    checkout.edit("quickstart/connection.yaml", "company: {from: o}", "company: {expression: 'person.'}");
    let ran = check(&checkout, &["--person", "10016"]);
    assert_eq!(ran.code(), 1);
    let failed = |line: &&str| line.starts_with("  failed   manifest     mapping.");
    assert_eq!(ran.out().lines().filter(failed).count(), 2, "{}", ran.out());
    assert!(
        ran.out().contains("mapping.access.portalAccess.expression") && ran.out().contains("inGrup"),
        "{}",
        ran.out()
    );
    assert!(ran.out().contains("ok       credentials"), "{}", ran.out());
    assert!(ran.out().contains("skipped  groups") && ran.out().contains("skipped  read"), "{}", ran.out());
    assert!(ran.out().contains("nuria.munoz@acme.example"), "raw attributes need no mapping: {}", ran.out());
    assert!(ran.out().contains("scope and mapping cannot be told"), "{}", ran.out());
}

#[test]
fn a_misspelt_attribute_and_people_who_cannot_be_mapped_are_counted() {
    let checkout = Checkout::of("quickstart");
    checkout.edit("quickstart/connection.yaml", "company: {from: o}", "company: {from: compny}");
    checkout.edit("quickstart/people.csv", "nuria.munoz@acme.example", "nuria.munoz@elsewhere.example");
    let ran = check(&checkout, &[]);
    assert_eq!(ran.code(), 0, "it works, and deserves a look: {}", ran.out());
    let told = ran.out();
    let warnings: Vec<&str> = told.lines().filter(|line| line.contains("warning")).collect();
    assert_snapshot!(warnings.join("\n"), @"
      warning  mapping      109 of 110 in scope can be mapped in every field
      warning  mapping      identity.email (1 person): its value lies outside spec.emailDomains, the domains this directory may speak for (L17)
      warning  attributes   nobody has compny: check the spelling (--person shows how the directory spells them), and what the reader may see
    ");
    assert!(!told.contains('@'), "{told}");
}

#[test]
fn a_file_cut_short_is_told() {
    let checkout = Checkout::of("quickstart");
    checkout.edit("quickstart/connection.yaml", "minRecords: 200", "minRecords: 2000");
    let ran = check(&checkout, &["emea-sales"]);
    assert_eq!(ran.code(), 1);
    assert!(ran.out().contains("failed   read") && ran.out().contains("minRecords"), "{}", ran.out());
    let ran = check(&checkout, &["--no-count"]);
    assert_eq!(ran.code(), 0, "{}", ran.out());
    assert!(ran.out().contains("skipped  read"), "{}", ran.out());
}

#[test]
fn somebody_is_shown_by_id_and_by_address_with_scope_and_mapping() {
    let checkout = Checkout::of("quickstart");
    let by_id = check(&checkout, &["--no-count", "--person", "10016", "-o", "json"]);
    let by_email = check(&checkout, &["--no-count", "--person", "Nuria.Munoz@acme.example", "-o", "json"]);
    assert_eq!((by_id.code(), by_id.out()), (0, by_email.out()));
    let told: Value = serde_json::from_str(&by_id.out()).unwrap();
    let person = &told[0]["people"][0];
    assert_eq!((&person["id"], &person["attributes"]["title"]), (&json!("10016"), &json!("Sales Engineer")));
    assert_eq!(person["attributes"]["groups"], json!(["Staff", "Sales EMEA", "Portal Users"]));
    assert_eq!(person["scope"]["decision"], "In");
    let field =
        |name: &str| person["fields"].as_array().unwrap().iter().find(|field| field["field"] == name).unwrap().clone();
    assert_eq!(
        field("address.country"),
        json!({"field": "address.country", "from": "c // co // country", "outcome": "Set", "value": "ES"})
    );
    assert_eq!(field("access.portalAccess")["value"], json!(true));
    let yaml = check(&checkout, &["--no-count", "--person", "10016", "-o", "yaml"]);
    assert_eq!(serde_yaml::from_str::<Value>(&yaml.out()).unwrap(), told);
    let out = check(&checkout, &["--no-count", "--person", "10002"]).out();
    assert!(out.contains("out of scope: excluded"), "{out}");
    assert!(out.contains(r#"scope.exclude.groups  yes  is in group "Contractors""#), "{out}");
    let nobody = check(&checkout, &["--no-count", "--person", "nobody@acme.example"]);
    assert_eq!(nobody.code(), 1);
    assert!(nobody.out().contains("failed   person       nobody has this id or address"), "{}", nobody.out());
}

#[test]
fn other_mistakes_end_with_2_as_everywhere() {
    let checkout = Checkout::of("quickstart");
    assert_eq!(checkout.run(&["check"]).code(), 2);
    assert_eq!(checkout.run(&["check", "-f", "nowhere"]).code(), 2);
    assert_eq!(
        check(&checkout, &["emea"]).err().trim(),
        r#"error: there is no connection "emea": there are support/emea-sales"#
    );
    assert_eq!(check(&checkout, &["-n", "support"]).code(), 2);
    checkout.edit("quickstart/connection.yaml", "  scope:\n", "  scop:\n");
    let ran = check(&checkout, &[]);
    assert_eq!(ran.code(), 2);
    assert!(ran.err().contains("spec.scop") && ran.err().contains("nothing was checked"), "{}", ran.err());
}

/// Two people and a group, and a checkout of a connection that reads them.
struct Ldap {
    server: Slapd,
    checkout: Checkout,
}

fn ldap() -> Ldap {
    let class = "objectClass: inetOrgPerson\nsn: Test";
    let server = Slapd::with(&format!(
        "dn: {SUFFIX}\nobjectClass: domain\ndc: acme\n\n\
         dn: uid=ann,{SUFFIX}\n{class}\ncn: Ann\nmail: ann@acme.example\nuserPassword: hidden\n\n\
         dn: uid=bo,{SUFFIX}\n{class}\ncn: Bo\nmail: bo@acme.example\n\n\
         dn: cn=Staff,{SUFFIX}\nobjectClass: groupOfNames\nmember: uid=ann,{SUFFIX}\n"
    ));
    let checkout = Checkout { folder: tempfile::tempdir().unwrap() };
    std::fs::create_dir(checkout.path("staff")).unwrap();
    let source = json!({"type": "LDAP", "ldap": {
        "url": server.ldaps(), "baseDN": SUFFIX, "tls": {"ca": {"configMapRef": {"name": "ca", "key": "ca.crt"}}},
        "bind": {"dn": ADMIN, "password": {"secretRef": {"name": "ldap", "key": "password"}}},
    }});
    let connection = json!({
        "apiVersion": "kdesk.seraphex.net/v1alpha1", "kind": "ContactSyncConnection",
        "metadata": {"name": "staff", "namespace": "support"},
        "spec": {
            "state": "Draft", "workspaceRef": {"name": "none-is-needed"}, "source": source,
            "scope": {"mode": "List", "list": {"groups": [{"name": "Staff"}]}},
            "mapping": {"preset": "Standard"}, "leavers": {"policy": "Deactivate"}, "deletionPolicy": "Keep",
        },
    });
    let ca = String::from_utf8(server.ca.clone()).unwrap();
    write(&checkout.path("staff/connection.json"), &connection);
    let about = |name: &str| json!({"name": name, "namespace": "support"});
    write(
        &checkout.path("staff/ca.json"),
        &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": about("ca"), "data": {"ca.crt": ca}}),
    );
    write(
        &checkout.path("staff/secret.json"),
        &json!({"apiVersion": "v1", "kind": "Secret", "metadata": about("ldap"), "stringData": {"password": PASSWORD}}),
    );
    Ldap { server, checkout }
}

fn write(path: &Path, object: &Value) {
    std::fs::write(path, object.to_string()).unwrap();
}

#[test]
fn a_directory_over_ldap_is_proven_without_a_workspace() {
    let Ldap { server, checkout } = ldap();
    let ran = checkout.run(&["check", "-f", "staff", "--person", "ann@acme.example"]);
    assert_eq!(ran.code(), 0, "{}{}", ran.out(), ran.err());
    let id = regex::Regex::new("[0-9a-f]{8}-[0-9a-f-]{27}").unwrap();
    assert_snapshot!(id.replace_all(&ran.out(), "[id]"), @r#"
    support/staff
      ok       manifest     scope and mapping are understood: 15 fields, 17 attributes, 1 group
      ok       credentials  the directory answers, and lets the reader in
      ok       groups       scope.list.groups[0]: "Staff" is there: [id]
      ok       read         the directory was read whole: 1 person; others than members of the groups in scope need not be read
      ok       scope        1 person in scope
      ok       mapping      1 of 1 in scope can be mapped in every field
      ok       attributes   each that the manifest names is there
      ok       person       found

      person [id]
        lies at uid=ann,dc=acme,dc=example
        attributes
          objectClass  "inetOrgPerson"
          sn           "Test"
          cn           "Ann"
          mail         "ann@acme.example"
          uid          "ann"
          entryUUID    "[id]"
        in scope
          scope.list.groups  yes  is in group "Staff", or in one within it
        contact
          identity.name                 "Ann" (from displayName // cn)
          identity.givenName            empty (from givenName)
          identity.familyName           "Test" (from sn)
          identity.email                "ann@acme.example" (from mail)
          identity.company              empty (from o)
          identity.jobTitle             empty (from title)
          identity.division             empty (from ou // departmentNumber)
          communication.emails[work]    "ann@acme.example" (from mail)
          communication.phones[mobile]  empty (from mobile)
          communication.phones[work]    empty (from telephoneNumber)
          address.street                empty (from street)
          address.city                  empty (from l)
          address.region                empty (from st)
          address.postalCode            empty (from postalCode)
          address.country               empty (from c // co)
    "#);
    drop(server);
    let ran = checkout.run(&["check", "-f", "staff"]);
    assert_eq!(ran.code(), 1);
    assert!(ran.out().contains("failed   credentials") && ran.out().contains("cannot be reached"), "{}", ran.out());
}

#[test]
fn a_wrong_password_and_a_missing_one_are_told() {
    let Ldap { server: _server, checkout } = ldap();
    let secrets = checkout.path("secrets/ldap");
    std::fs::create_dir_all(&secrets).unwrap();
    std::fs::write(secrets.join("password"), "wrong-horse").unwrap();
    let ran = checkout.run(&["check", "-f", "staff", "--secrets-dir", "secrets"]);
    assert_eq!(ran.code(), 1);
    assert!(ran.out().contains("failed   credentials") && ran.out().contains("refuses access"), "{}", ran.out());
    assert!(!ran.out().contains("wrong-horse"), "{}", ran.out());
    std::fs::remove_file(checkout.path("staff/secret.json")).unwrap();
    let ran = checkout.run(&["check", "-f", "staff", "--person", "ann@acme.example"]);
    assert_eq!(ran.code(), 1);
    assert_snapshot!(ran.out(), @"
    support/staff
      ok       manifest     scope and mapping are understood: 15 fields, 17 attributes, 1 group
      failed   credentials  source.ldap.bind.password.secretRef: Secret support/ldap is not there: looked in the manifests given
      skipped  groups       what failed above comes first
      skipped  read         what failed above comes first
      skipped  person       what failed above comes first
    ");
}

/// A checkout of a connection that reads a SCIM service.
fn over_scim(server: &Server<ScimIdp>) -> Checkout {
    let checkout = Checkout { folder: tempfile::tempdir().unwrap() };
    std::fs::create_dir(checkout.path("staff")).unwrap();
    let token = json!({"type": "BearerToken", "bearerToken": {"secretRef": {"name": "idp", "key": "token"}}});
    let endpoint = server.url.join(BASE).unwrap();
    let connection = json!({
        "apiVersion": "kdesk.seraphex.net/v1alpha1", "kind": "ContactSyncConnection",
        "metadata": {"name": "staff", "namespace": "support"},
        "spec": {
            "state": "Draft", "workspaceRef": {"name": "none-is-needed"},
            "source": {"type": "SCIM", "scim": {"endpoint": endpoint, "auth": token}},
            "scope": {"mode": "List", "list": {"groups": [{"name": "Staff"}]}}, "mapping": {"preset": "Standard"},
            "leavers": {"policy": "Deactivate"}, "deletionPolicy": "Keep",
        },
    });
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "idp", "namespace": "support"},
        "stringData": {"token": TOKEN}});
    write(&checkout.path("staff/connection.json"), &connection);
    write(&checkout.path("staff/secret.json"), &secret);
    checkout
}

fn staff() -> ScimIdp {
    let ann = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "1", "userName": "ann", "active": true,
        "name": {"givenName": "Ann"}, "addresses": [{"type": "work", "locality": "Uppsala"}, {"locality": "Lund"}],
        "emails": [{"value": "ann@acme.example", "type": "work", "primary": true},
            {"value": "berg@acme.example", "primary": true}],
        ENTERPRISE: {"department": "Sales", "manager": {"value": "2"}},
    });
    let group = Group { id: "g".into(), name: "Staff".into(), people: vec!["1".into()], groups: Vec::new() };
    ScimIdp::new(vec![ann], vec![group])
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_stand_under_the_names_that_manifests_have_for_them() {
    let server = Server::start(staff()).await;
    let ran = over_scim(&server).run(&["check", "-f", "staff", "--no-count", "--person", "1"]);
    assert_eq!(ran.code(), 0, "{}{}", ran.out(), ran.err());
    let out = ran.out();
    let shown: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    for (name, value) in [
        ("name.givenName", r#""Ann""#),
        ("emails[work]", r#""ann@acme.example""#),
        ("emails[primary]", r#""berg@acme.example""#),
        ("addresses[work].locality", r#""Uppsala""#),
        ("addresses.locality", r#""Lund""#),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", r#""Sales""#),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value", r#""2""#),
    ] {
        assert!(shown.contains(&vec![name, value]), "{name}: {out}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_down_is_told_soon_and_not_as_one_that_asks_for_patience() {
    let server = Server::start(staff()).await;
    server.rule("", 0, usize::MAX, Fault::status(503));
    let started = std::time::Instant::now();
    let ran = over_scim(&server).run(&["check", "-f", "staff"]);
    assert!(started.elapsed() < std::time::Duration::from_mins(1), "{:?}", started.elapsed());
    assert_eq!(ran.code(), 1);
    let host = format!("127.0.0.1:{}", server.url.port().unwrap());
    let told = ran.out().replace(&host, "[host]");
    assert!(told.contains("failed   credentials  [host] cannot be reached: HTTP 503"), "{told}");
    assert!(!told.contains("throttling"), "{told}");
}
