//! Active Directory, as Samba plays it: `objectGUID`, `userAccountControl`, `sAMAccountName`, nested and primary groups.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contactsync::api::{GroupRef, LdapFlavor, Membership};
use contactsync::directory::{Directory as _, Error, ReadQuery, Who};
use contactsync::person::{Person, PersonId};

use super::ldap::{asking, groups, read};
use crate::support::samba::{ADMIN, PASSWORD, SUFFIX, Samba};

/// Four people: Ann (a comma in her DN), Bo, disabled Cem, Dee in an OU of her own; Sales holds Ann and North, North
/// holds Bo and, in a ring, Sales; Everybody holds Domain Users, which is the primary group of all.
pub(super) fn server() -> Arc<Samba> {
    let mut ldif = String::new();
    for unit in ["Staff", "Guests"] {
        write!(ldif, "dn: OU={unit},{SUFFIX}\nobjectClass: organizationalUnit\n\n").unwrap();
    }
    let people = [
        ("ann", r"CN=Lee\, Ann,OU=Staff", 544),
        ("bo", "CN=Bo Berg,OU=Staff", 544),
        ("cem", "CN=Cem Can,OU=Staff", 546),
        ("dee", "CN=Dee Day,OU=Guests", 544),
    ];
    for (name, dn, control) in people {
        write!(
            ldif,
            "dn: {dn},{SUFFIX}\nobjectClass: user\nsAMAccountName: {name}\nmail: {name}@acme.example\nuserAccountControl: {control}\ndepartment: {}\n\n",
            if name == "bo" { "North" } else { "Sales" }
        )
        .unwrap();
    }
    let bo = format!("dn: {},{SUFFIX}\n", people[1].1);
    ldif = ldif.replace(
        &bo,
        &format!(
            "{bo}displayName: Bo Berg\ngivenName: Bo\nsn: Berg\ncompany: Acme AB\ntitle: Engineer\ndivision: EMEA\n\
             telephoneNumber: +46 8 465 004 10\nmobile: +46 70 174 06 05\nstreetAddress: Storgatan 1\nl:: {}\nst:: {}\n\
             postalCode: 211 34\nc: SE\nco: Sweden\n",
            STANDARD.encode("Malmö"),
            STANDARD.encode("Skåne")
        ),
    );
    // Ann was called Ek before; her old address still reaches her.
    let ann = format!("dn: {},{SUFFIX}\n", people[0].1);
    ldif = ldif.replace(
        &ann,
        &format!("{ann}proxyAddresses: SMTP:ann@acme.example\nproxyAddresses: smtp:ann.ek@acme.example\n"),
    );
    let group = |ldif: &mut String, name: &str, account: &str, members: &[&str]| {
        write!(ldif, "dn: CN={name},OU=Staff,{SUFFIX}\nobjectClass: group\nsAMAccountName: {account}\n").unwrap();
        for member in members {
            writeln!(ldif, "member: {member},{SUFFIX}").unwrap();
        }
        ldif.push('\n');
    };
    group(&mut ldif, "Sales", "sales-emea", &[r"CN=Lee\, Ann,OU=Staff"]);
    group(&mut ldif, "North", "north", &["CN=Bo Berg,OU=Staff", "CN=Sales,OU=Staff"]);
    group(&mut ldif, "South", "south", &["CN=North,OU=Staff"]);
    group(&mut ldif, "Everybody", "everybody", &["CN=Domain Users,CN=Users"]);
    Samba::shared(&ldif)
}

fn account(person: &Person) -> &str {
    person.attributes["samaccountname"][0].as_str().unwrap()
}

fn in_group(people: &std::collections::BTreeMap<String, Person>, group: usize) -> BTreeSet<&str> {
    let ours = |name: &&str| ["ann", "bo", "cem", "dee"].contains(name);
    people.values().filter(|person| person.groups.contains(group)).map(account).filter(ours).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ad_people_have_guids_and_say_whether_they_are_disabled() {
    let samba = server();
    let query = ReadQuery {
        segment: Some(format!("ou=staff,{SUFFIX}")),
        ..asking(&["samaccountname", "objectGUID", "objectSid", "mail"])
    };
    let people = read(&samba.directory(|_| {}), &query).await.unwrap();
    let seen: BTreeSet<_> = people.values().map(|person| (account(person), person.disabled)).collect();
    assert_eq!(seen, [("ann", false), ("bo", false), ("cem", true)].into());
    for (id, person) in &people {
        assert_eq!(uuid::Uuid::parse_str(id).unwrap().to_string(), *id);
        assert_eq!(person.attributes["objectGUID"], [id.as_str()]);
        assert!(person.attributes["objectSid"][0].as_str().unwrap().starts_with("S-1-5-21-"));
    }
    // What administrators see: ldbsearch and Windows write the same text.
    let ann = people.values().find(|person| account(person) == "ann").unwrap();
    assert_eq!(shown_guid(&samba, "ann"), ann.id.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn ad_people_are_shown_by_guid_and_by_every_address() {
    let samba = server();
    let directory = samba.directory(|_| {});
    let guid = shown_guid(&samba, "ann");
    let ann = directory.show(&Who::Id(guid.to_uppercase())).await.unwrap();
    assert_eq!((ann.len(), ann[0].id.as_str(), ann[0].disabled), (1, guid.as_str(), false));
    assert_eq!(ann[0].attributes["objectGUID"], guid.as_str());
    assert!(ann[0].attributes["objectSid"].as_str().unwrap().starts_with("S-1-5-21-"));
    assert_eq!(ann[0].attributes["sAMAccountName"], "ann");
    for address in ["ann@acme.example", "Ann.Ek@acme.example"] {
        assert_eq!(directory.show(&Who::Email(address.to_owned())).await.unwrap(), ann, "{address}");
    }
    assert!(directory.show(&Who::Email("cem@acme.example".to_owned())).await.unwrap()[0].disabled);
    assert_eq!(directory.show(&Who::Id("ann".to_owned())).await.unwrap(), [], "no GUID is spelt so");
}

/// The GUID of an account as Samba's own LDAP extended DN control writes it.
fn shown_guid(samba: &Samba, name: &str) -> String {
    let mut search = Command::new("ldapsearch");
    search.env("LDAPTLS_REQCERT", "never").args([
        "-x",
        "-LLL",
        "-o",
        "ldif-wrap=no",
        "-H",
        &format!("ldaps://{}", samba.address),
    ]);
    search.args(["-D", ADMIN, "-w", PASSWORD, "-b", SUFFIX, "-E", "!1.2.840.113556.1.4.529=::MAMCAQE="]);
    let output = search.args([&format!("(sAMAccountName={name})"), "1.1"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let dn = text.lines().find_map(|line| line.strip_prefix("dn:: ")).unwrap_or_else(|| panic!("{text}"));
    let dn = String::from_utf8(STANDARD.decode(dn).unwrap()).unwrap();
    dn.strip_prefix("<GUID=").unwrap()[..36].to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn ad_groups_nest_and_the_primary_group_counts() {
    let samba = server();
    let directory = samba.directory(|_| {});
    let mut queries =
        groups(&directory, &["sales-emea", "South", "Everybody", "Domain Users", "Everybody", "North"]).await;
    queries[4].membership = Membership::Direct;
    queries[5].membership = Membership::Direct;
    let people = read(&directory, &ReadQuery { groups: queries, ..asking(&["samaccountname"]) }).await.unwrap();
    assert_eq!(in_group(&people, 0), ["ann"].into());
    assert_eq!(in_group(&people, 1), ["ann", "bo"].into(), "two levels down");
    let all: BTreeSet<_> = ["ann", "bo", "cem", "dee"].into();
    assert_eq!(in_group(&people, 2), all, "through the primary group, nested");
    assert_eq!(in_group(&people, 3), all, "the primary group itself");
    assert_eq!(in_group(&people, 4), BTreeSet::new());
    assert_eq!(in_group(&people, 5), ["bo"].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn ad_groups_are_found_by_guid_and_never_guessed() {
    let samba = server();
    let directory = samba.directory(|_| {});
    let by = |name: Option<&str>, id: Option<&str>| [GroupRef { name: name.map(Into::into), id: id.map(Into::into) }];
    let named = directory.resolve_groups(&by(Some("Sales"), None)).await.unwrap();
    let same = directory.resolve_groups(&by(None, Some(&named[0].id))).await.unwrap();
    assert_eq!((named[0].id.as_str(), &named), (shown_guid(&samba, "sales-emea").as_str(), &same));
    let error = directory.resolve_groups(&by(Some("ann"), None)).await.unwrap_err();
    assert!(matches!(error, Error::GroupNotFound { .. }), "a person is no group: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn l03_ad_people_are_read_again_by_guid() {
    let samba = server();
    let directory = samba.directory(|_| {});
    let everybody = read(&directory, &asking(&["samaccountname"])).await.unwrap();
    let mut ids: Vec<_> = everybody.values().map(|person| person.id.clone()).collect();
    ids.push(PersonId::new("00112233-4455-6677-8899-aabbccddeeff").unwrap());
    let query = ReadQuery {
        segment: Some(format!("OU=Staff,{SUFFIX}")),
        filter: Some("(department=Sales)".into()),
        ..asking(&["samaccountname"])
    };
    let again = directory.read_again(&query, &ids).await.unwrap();
    assert_eq!(again.len(), everybody.len());
    let matching: BTreeSet<_> = again.iter().filter(|person| person.in_query).map(account).collect();
    assert_eq!(matching, ["ann", "cem"].into(), "dee has the department and lies outside the segment");
}

#[tokio::test(flavor = "multi_thread")]
async fn ad_wants_tls_and_gets_it() {
    let samba = server();
    let clear = Command::new("ldapsearch")
        .args([
            "-x",
            "-H",
            &format!("ldap://{}", samba.address),
            "-D",
            ADMIN,
            "-w",
            PASSWORD,
            "-b",
            SUFFIX,
            "-s",
            "base",
        ])
        .output()
        .unwrap();
    assert_eq!(clear.status.code(), Some(8), "strongerAuthRequired: the server itself refuses a bind in clear");
    let upgraded = samba.directory(|settings| settings.source.url = format!("ldap://{}", samba.address));
    upgraded.resolve_groups(&[]).await.unwrap();
    let wrong = samba.directory(|settings| settings.password = Some(contactsync::net::Secret::new("wrong")));
    let error = wrong.resolve_groups(&[]).await.unwrap_err();
    assert!(matches!(&error, Error::Denied { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ad_under_another_flavor_is_refused() {
    let samba = server();
    for flavor in [None, Some(LdapFlavor::OpenLdap)] {
        let error = samba.directory(|settings| settings.source.flavor = flavor).resolve_groups(&[]).await.unwrap_err();
        assert!(
            matches!(&error, Error::Settings { field, reason } if field == "source.ldap.flavor" && reason.contains("ActiveDirectory")),
            "{error}"
        );
    }
}
