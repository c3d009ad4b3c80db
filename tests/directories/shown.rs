//! Who is shown whole, and what of them.

use contactsync::directory::{Directory as _, MOST_SHOWN, Who};
use serde_json::json;

use super::file::open;
use crate::support::company::SUFFIX;
use crate::support::slapd::Slapd;

fn by_email(address: &str) -> Who {
    Who::Email(address.to_owned())
}

/// People with these lines beside what everybody has.
fn people(lines: &[&str]) -> Slapd {
    let mut ldif = format!("dn: {SUFFIX}\nobjectClass: domain\ndc: acme\n\n");
    for (number, lines) in lines.iter().enumerate() {
        let person = "objectClass: inetOrgPerson\nsn: Test\ncn: Somebody";
        ldif.push_str(&format!("dn: uid={number},{SUFFIX}\n{person}\nuid: {number}\n{lines}\n\n"));
    }
    Slapd::with(&ldif)
}

#[tokio::test(flavor = "multi_thread")]
async fn ldap_shows_every_attribute_under_the_servers_names_but_no_password() {
    let photo = "mail: bo@acme.example\njpegPhoto:: /9j/\ntelephoneNumber: 1\ntelephoneNumber: 2\nuserPassword: secret";
    let server = people(&[photo, "mail: other@acme.example"]);
    let shown = server.directory(|_| {}).show(&by_email("BO@acme.example")).await.unwrap();
    assert_eq!(shown.len(), 1);
    let attributes = &shown[0].attributes;
    assert_eq!(attributes["telephoneNumber"], json!(["1", "2"]), "several are a list");
    assert_eq!(attributes["uid"], "0", "one is itself");
    assert_eq!(attributes["jpegPhoto"], "/9j/", "what is no text comes as base64");
    assert_eq!(attributes["entryUUID"], shown[0].id.as_str(), "the id is operational, and there");
    assert!(!attributes.contains_key("userPassword"), "{attributes:?}");
    assert_eq!(shown[0].location.as_deref(), Some(&*format!("uid=0,{SUFFIX}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn ldap_takes_an_address_for_a_value_and_never_for_a_filter() {
    let server = people(&["mail: bo@acme.example", "mail: cy@acme.example"]);
    for strange in ["*", "bo@acme.example)(uid=*", "*@acme.example", "\\"] {
        assert_eq!(server.directory(|_| {}).show(&by_email(strange)).await.unwrap(), [], "{strange}");
    }
    assert_eq!(server.directory(|_| {}).show(&Who::Id("1".to_owned())).await.unwrap(), [], "no UUID is spelt so");
    let other = server.directory(|settings| settings.source.id_attribute = Some("uid".to_owned()));
    assert_eq!(other.show(&Who::Id("1".to_owned())).await.unwrap()[0].attributes["mail"], "cy@acme.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_with_one_address_some_are_shown() {
    let lines = vec!["mail: info@acme.example"; MOST_SHOWN + 3];
    let server = people(&lines);
    for page in [4, 1000] {
        let directory = server.directory(|settings| settings.source.page_size = Some(page));
        assert_eq!(directory.show(&by_email("info@acme.example")).await.unwrap().len(), MOST_SHOWN);
    }
    let rows: Vec<String> = (0..MOST_SHOWN + 3).map(|id| format!("{id},info@acme.example\n")).collect();
    let rows = rows.concat();
    let file = open(json!({"format": "CSV", "idField": "id"}), format!("id,mail\n{rows}"));
    assert_eq!(file.show(&by_email("info@acme.example")).await.unwrap().len(), MOST_SHOWN);
}

#[tokio::test]
async fn files_show_whole_records_as_they_are() {
    let csv = "id,Mail, ,teams,note\n7,bo@acme.example,x,A; B,\n";
    let csv = open(json!({"format": "CSV", "idField": "id", "groupsField": "teams"}), csv);
    let shown = csv.show(&by_email("Bo@Acme.example")).await.unwrap();
    let columns = json!({"id": "7", "Mail": "bo@acme.example", "teams": ["A", "B"]});
    assert_eq!(
        serde_json::Value::from(shown[0].attributes.clone()),
        columns,
        "no empty cell, no column without a name"
    );
    let record = json!({"id": 7, "age": 41, "emails": [{"type": "work", "value": "bo@acme.example"}]});
    let jsonl = open(json!({"format": "JSONL", "idField": "id"}), format!("{record}\n"));
    let shown = jsonl.show(&by_email("BO@acme.example")).await.unwrap();
    assert_eq!(serde_json::Value::from(shown[0].attributes.clone()), record);
    assert_eq!(jsonl.show(&Who::Id("7".to_owned())).await.unwrap(), shown);
    let ldif = "dn: cn=Bo\nobjectClass: person\nobjectGUID:: MyIRAFVEd2aImaq7zN3u/w==\nmail;lang-sv: bo@acme.example\nuserPassword: secret\n";
    let ldif = open(json!({"format": "LDIF", "idField": "objectGUID"}), ldif);
    let shown = ldif.show(&by_email("bo@acme.example")).await.unwrap();
    assert_eq!(shown[0].attributes["objectGUID"], "00112233-4455-6677-8899-aabbccddeeff");
    assert_eq!(shown[0].attributes["mail;lang-sv"], "bo@acme.example");
    assert!(!shown[0].attributes.contains_key("userPassword"));
    assert_eq!(ldif.show(&Who::Id("00112233-4455-6677-8899-aabbccddeeff".to_owned())).await.unwrap(), shown);
}

#[tokio::test]
async fn a_broken_file_shows_nobody() {
    let directory = open(json!({"format": "CSV", "idField": "id"}), "id,mail\n7,bo@acme.example\n8\n");
    let error = directory.show(&Who::Id("7".to_owned())).await.unwrap_err().to_string();
    assert!(error.contains("people:3: "), "{error}");
}
