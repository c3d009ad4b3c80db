//! An LDAP server's people: paging, attributes, scope, disabled accounts, reading again.

use std::collections::{BTreeMap, BTreeSet};

use contactsync::api::{DisabledWhen, GroupRef};
use contactsync::directory::ldap::LdapDirectory;
use contactsync::directory::{Directory, Error, GroupQuery, ReadQuery};
use contactsync::person::{Person, PersonId};
use tokio::sync::mpsc;

use crate::support::company::{Company, SUFFIX, company, escape};
use crate::support::slapd::Slapd;

/// A populated server, and a directory that reads it: what the conformance suite is given.
pub(super) fn populated(company: &Company) -> (Slapd, Box<dyn Directory>) {
    let slapd = Slapd::with(&company.to_ldif());
    let directory = Box::new(slapd.directory(|settings| settings.source.page_size = Some(100)));
    (slapd, directory)
}

pub(super) fn asking(attributes: &[&str]) -> ReadQuery {
    ReadQuery { attributes: attributes.iter().map(ToString::to_string).collect(), ..ReadQuery::default() }
}

/// Reads everybody, and the number that the proof of the whole read names.
pub(super) async fn read(directory: &dyn Directory, query: &ReadQuery) -> Result<BTreeMap<String, Person>, Error> {
    let (pages, mut received) = mpsc::channel(2);
    let collect = async {
        let mut people = Vec::new();
        while let Some(page) = received.recv().await {
            people.extend(page);
        }
        people
    };
    let (proof, people) = tokio::join!(directory.read(query, pages), collect);
    assert_eq!(proof?.people(), people.len() as u64);
    Ok(people.into_iter().map(|person| (person.id.to_string(), person)).collect())
}

pub(super) async fn groups(directory: &LdapDirectory, wanted: &[&str]) -> Vec<GroupQuery> {
    let named: Vec<_> = wanted.iter().map(|name| GroupRef { name: Some((*name).into()), id: None }).collect();
    let resolved = directory.resolve_groups(&named).await.unwrap();
    resolved.into_iter().map(|group| GroupQuery { group, membership: contactsync::api::Membership::Nested }).collect()
}

pub(super) fn ids(people: &BTreeMap<String, Person>) -> BTreeSet<String> {
    people.keys().cloned().collect()
}

fn values<'a>(person: &'a Person, attribute: &str) -> Vec<&'a str> {
    person
        .attributes
        .get(attribute)
        .map(|values| values.iter().map(|v| v.as_str().unwrap()).collect())
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_pages_hold_everybody_exactly_once() {
    let company = company(1, 1000);
    let (_slapd, directory) = populated(&company);
    let people = read(&*directory, &asking(&["mail", "DISPLAYNAME", "nothing"])).await.unwrap();
    assert_eq!(ids(&people), company.people.iter().map(|one| one.id.clone()).collect());
    for one in &company.people {
        let person = &people[&one.id];
        assert_eq!(values(person, "mail"), one.mail.iter().map(String::as_str).collect::<Vec<_>>());
        let name = &one.attributes.iter().find(|(name, _)| *name == "displayName").unwrap().1;
        assert_eq!(values(person, "DISPLAYNAME"), [name], "under the manifest's spelling");
        assert!(!person.attributes.contains_key("nothing") && !person.disabled && person.groups.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_end_where_the_people_end() {
    let company = company(2, 200);
    let slapd = Slapd::with(&company.to_ldif());
    for page_size in [1, 199, 200, 201] {
        let directory = slapd.directory(|settings| settings.source.page_size = Some(page_size));
        assert_eq!(read(&directory, &asking(&[])).await.unwrap().len(), 200, "pages of {page_size}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_is_a_part_of_the_tree() {
    let company = company(3, 300);
    let slapd = Slapd::with(&company.to_ldif());
    let directory = slapd.directory(|_| {});
    let in_segment = |segment: String| ReadQuery { segment: Some(segment), ..ReadQuery::default() };
    let sales = read(&directory, &in_segment(format!("OU=\"Sales, EMEA\",ou=people,{SUFFIX}"))).await.unwrap();
    let expected = company.people.iter().filter(|one| one.unit == "Sales, EMEA").map(|one| one.id.clone()).collect();
    assert_eq!(ids(&sales), expected);
    let above = read(&directory, &in_segment("dc=example".into())).await.unwrap();
    assert_eq!(above.len(), 300, "a segment above the base narrows nothing");
    for wrong in [format!("ou=Slaes,ou=People,{SUFFIX}"), "ou=People,dc=other".into(), "Sales".into()] {
        let error = read(&directory, &in_segment(wrong)).await.unwrap_err();
        assert!(matches!(&error, Error::Settings { field, .. } if field == "scope.pattern.segment"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_is_the_servers_to_apply_and_ours_to_check() {
    let company = company(4, 300);
    let slapd = Slapd::with(&company.to_ldif());
    let directory = slapd.directory(|_| {});
    let with = |filter: &str| ReadQuery { filter: Some(filter.into()), ..ReadQuery::default() };
    let contractors = read(&directory, &with("(employeeType=Contractor)")).await.unwrap();
    let is = |one: &&crate::support::company::Employee| one.attributes.contains(&("employeeType", "Contractor".into()));
    assert_eq!(ids(&contractors), company.people.iter().filter(is).map(|one| one.id.clone()).collect());
    assert!(!contractors.is_empty() && contractors.values().all(|person| person.in_query));
    for wrong in ["(employeeType=Contractor", "employeeType=Contractor", "(&)", ")(uid=*"] {
        let error = read(&directory, &with(wrong)).await.unwrap_err();
        assert!(matches!(&error, Error::Settings { field, .. } if field == "scope.pattern.filter"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn disabled_is_what_the_manifest_says() {
    let company = company(5, 200);
    let slapd = Slapd::with(&company.to_ldif());
    let directory = slapd.directory(|settings| {
        settings.source.disabled_when =
            Some(DisabledWhen { attribute: "employeetype".into(), values: vec!["gone".into(), "CONTRACTOR".into()] });
    });
    for person in read(&directory, &asking(&["employeeType"])).await.unwrap().values() {
        assert_eq!(person.disabled, values(person, "employeeType") == ["Contractor"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l03_reading_again_tells_gone_moved_and_out_of_filter_apart() {
    let company = company(6, 120);
    let slapd = Slapd::with(&company.to_ldif());
    let directory = slapd.directory(|_| {});
    let [gone, moved, changed, left] = [0, 1, 2, 3].map(|n| &company.people[n]);
    let segment = moved.dn.split_once(',').unwrap().1.to_owned();
    let query = ReadQuery {
        groups: groups(&directory, &["Ring A"]).await,
        segment: Some(segment),
        filter: Some("(!(title=Poet))".into()),
        ..asking(&["title"])
    };
    slapd.modify(&format!(
        "dn: {}\nchangetype: delete\n\ndn: {}\nchangetype: modrdn\nnewrdn: uid={}\ndeleteoldrdn: 0\nnewsuperior: ou=Groups,{SUFFIX}\n\n\
         dn: {}\nchangetype: modify\nreplace: title\ntitle: Poet\n\n\
         dn: cn=Ring A,ou=Groups,{SUFFIX}\nchangetype: modify\ndelete: member\nmember: {}\n",
        gone.dn, moved.dn, moved.uid, changed.dn, left.dn
    ));
    let asked: Vec<_> = company.people.iter().map(|one| PersonId::new(&one.id).unwrap()).collect();
    let again = directory.read_again(&query, &asked).await.unwrap();
    let again: BTreeMap<_, _> = again.into_iter().map(|person| (person.id.to_string(), person)).collect();
    assert_eq!(again.len(), 119);
    assert!(!again.contains_key(&gone.id));
    let is_there = format!("uid={},ou=Groups,{SUFFIX}", moved.uid);
    assert_eq!(again[&moved.id].location.as_deref(), Some(is_there.as_str()), "moved out of the segment, but there");
    assert!(!again[&moved.id].in_query, "out of the segment");
    assert!(!again[&changed.id].in_query, "out of the filter");
    assert!(!again[&left.id].groups.contains(0), "groups are walked anew");
    assert!(again[&company.people[4].id].groups.contains(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn l03_ids_of_another_attribute_remove_nobody() {
    let slapd = Slapd::with(&company(7, 3).to_ldif());
    let numbers = slapd.directory(|settings| settings.source.id_attribute = Some("employeeNumber".into()));
    assert_eq!(
        ids(&read(&numbers, &asking(&[])).await.unwrap()),
        ["100000", "100001", "100002"].map(String::from).into()
    );
    let error =
        slapd.directory(|_| {}).read_again(&asking(&[]), &[PersonId::new("100000").unwrap()]).await.unwrap_err();
    assert!(matches!(&error, Error::Settings { field, .. } if field == "source.ldap.idAttribute"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn awkward_names_and_values_come_through() {
    let mut ldif = company(8, 0).to_ldif();
    let cn = r#"Lee, "Ann" + Søn; #1 \ =x"#;
    crate::support::company::line(&mut ldif, "dn", &format!("cn={},ou=People,{SUFFIX}", escape(cn)));
    ldif.push_str(
        "objectClass: inetOrgPerson\nsn: Lee\njpegPhoto:: /9g=\nmail: a@acme.example\nmail: b@acme.example\n",
    );
    crate::support::company::line(&mut ldif, "cn", cn);
    let slapd = Slapd::with(&ldif);
    let query = asking(&["CN", "jpegPhoto", "mail", "Mail"]);
    let people = read(&slapd.directory(|_| {}), &query).await.unwrap();
    let person = people.values().next().unwrap();
    assert_eq!(values(person, "CN"), [cn]);
    assert_eq!(values(person, "jpegPhoto"), ["/9g="], "what is no text comes as base64");
    assert_eq!(values(person, "mail").len(), 2);
    assert_eq!(values(person, "Mail"), values(person, "mail"), "both spellings are served");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listening_ends_the_read() {
    let (_slapd, directory) = populated(&company(9, 300));
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    assert!(matches!(directory.read(&asking(&[]), sender).await, Err(Error::Cancelled)));
}
