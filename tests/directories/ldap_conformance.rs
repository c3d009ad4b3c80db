//! The LDAP source over a real slapd, held to the suite.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contactsync::api::DisabledWhen;
use contactsync::directory::Directory;
use contactsync::person::PersonId;

use super::conformance::{Kept, Source, TestGroup, TestPerson};
use crate::support::company::SUFFIX;
use crate::support::slapd::Slapd;

struct OpenLdap;

fn uuid(id: &str) -> String {
    let hash = blake3::hash(id.as_bytes());
    uuid::Uuid::from_slice(&hash.as_bytes()[..16]).unwrap().to_string()
}

fn place(unit: &str) -> String {
    let steps = unit.rsplit('/').map(|step| format!("ou={step}")).collect::<Vec<_>>();
    format!("{},{SUFFIX}", steps.join(","))
}

fn dn(person: &TestPerson) -> String {
    format!("uid={},{}", person.id, place(person.unit))
}

fn line(ldif: &mut String, name: &str, value: &str) {
    writeln!(ldif, "{name}:: {}", STANDARD.encode(value)).unwrap();
}

fn units(people: &[TestPerson]) -> String {
    // Whole paths and every step above, the upper ones first.
    let mut units = BTreeSet::from(["Staff".to_owned(), "Sales".to_owned()]);
    for person in people {
        let steps: Vec<&str> = person.unit.split('/').collect();
        units.extend((1..=steps.len()).map(|n| steps[..n].join("/")));
    }
    let mut ldif = format!(
        "dn: {SUFFIX}\nobjectClass: domain\ndc: acme\n\ndn: ou=Groups,{SUFFIX}\nobjectClass: organizationalUnit\nou: Groups\n\n"
    );
    for unit in units {
        writeln!(ldif, "dn: {}\nobjectClass: organizationalUnit\n", place(&unit)).unwrap();
    }
    ldif
}

fn people(people: &[TestPerson]) -> String {
    let mut ldif = String::new();
    for person in people {
        line(&mut ldif, "dn", &dn(person));
        writeln!(ldif, "objectClass: inetOrgPerson\nentryUUID: {}\nsn: Test", uuid(&person.id)).unwrap();
        if !person.attributes.iter().any(|(name, _)| *name == "cn") {
            line(&mut ldif, "cn", &person.id);
        }
        writeln!(ldif, "employeeType: {}", if person.disabled { "off" } else { "on" }).unwrap();
        for (name, values) in &person.attributes {
            for value in values {
                line(&mut ldif, name, value);
            }
        }
        ldif.push('\n');
    }
    ldif
}

fn group(group: &TestGroup, people: &[TestPerson]) -> String {
    let mut ldif = format!("dn: cn={},ou=Groups,{SUFFIX}\nobjectClass: groupOfNames\n", group.key);
    let names = BTreeSet::from([group.key, group.name]);
    for name in &names {
        line(&mut ldif, "cn", name);
    }
    // groupOfNames asks for a member; one without any names somebody who is not there.
    let mut members = vec![format!("cn=nobody,{SUFFIX}")];
    members.extend(people.iter().filter(|person| group.people.contains(&person.id.as_str())).map(dn));
    members.extend(group.groups.iter().map(|inner| format!("cn={inner},ou=Groups,{SUFFIX}")));
    for member in &members {
        line(&mut ldif, "member", member);
    }
    ldif.push('\n');
    ldif
}

#[async_trait]
impl Source for OpenLdap {
    async fn open(&self, staff: &[TestPerson], groups: &[TestGroup]) -> Box<dyn Directory> {
        let mut ldif = units(staff) + &people(staff);
        for one in groups {
            ldif.push_str(&group(one, staff));
        }
        let server = Slapd::with(&ldif);
        let disabled_when = DisabledWhen { attribute: "employeeType".into(), values: vec!["OFF".into()] };
        let directory = server.directory(|settings| settings.source.disabled_when = Some(disabled_when));
        Box::new(Kept { directory, server })
    }

    fn segment(&self, unit: &str) -> String {
        place(unit)
    }

    fn id(&self, id: &str) -> PersonId {
        PersonId::new(uuid(id)).unwrap()
    }
}

directory_conformance!(OpenLdap);
nested_groups!(OpenLdap);
many_values!(OpenLdap);
ambiguous_groups!(OpenLdap);
any_case!(OpenLdap);
