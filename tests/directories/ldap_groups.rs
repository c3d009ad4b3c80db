//! Groups of an LDAP server: found by name and id, nested, in rings, large, with awkward names.

use contactsync::api::{DisabledWhen, GroupRef, Membership};
use contactsync::directory::{Directory, Error, ReadQuery};

use super::conformance::read as read_whole;
use super::ldap::{asking, groups, ids, read};
use crate::support::company::{ALL_HANDS, SUFFIX, company, group_dn};
use crate::support::slapd::Slapd;

fn by_name(name: &str) -> [GroupRef; 1] {
    [GroupRef { name: Some(name.into()), id: None }]
}

fn by_id(id: &str) -> [GroupRef; 1] {
    [GroupRef { name: None, id: Some(id.into()) }]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_found_by_name_dn_or_id_exactly_once() {
    let company = company(10, 50);
    let mut ldif = company.to_ldif();
    let member = &company.people[0].dn;
    for place in ["ou=People", "ou=Groups"] {
        ldif.push_str(&format!(
            "dn: cn=Twins,{place},{SUFFIX}\nobjectClass: groupOfUniqueNames\ncn: Twins\nuniqueMember: {member}\n\n"
        ));
    }
    let slapd = Slapd::with(&ldif);
    let directory = slapd.directory(|_| {});
    let sales = company.group("Sales, EMEA");
    for asked in [by_name("sales, emea"), by_id(&sales.id.to_uppercase()), by_id(&sales.dn.to_uppercase())] {
        let found = directory.resolve_groups(&asked).await.unwrap();
        assert_eq!(found[0].id, sales.id);
    }
    for asked in
        [by_name("Sales*"), by_name("*)(cn=*"), by_id("cn=None,dc=acme,dc=example"), by_id("none"), by_id(member)]
    {
        let error = directory.resolve_groups(&asked).await.unwrap_err();
        assert!(matches!(error, Error::GroupNotFound { .. }), "{asked:?}: {error}");
    }
    let error = directory.resolve_groups(&by_name("Twins")).await.unwrap_err();
    assert!(matches!(error, Error::GroupAmbiguous { count: 2, .. }), "{error}");
    let narrowed = slapd.directory(|settings| settings.source.group_base_dn = Some(format!("ou=Groups,{SUFFIX}")));
    assert_eq!(narrowed.resolve_groups(&by_name("Twins")).await.unwrap().len(), 1);
    let nowhere = slapd.directory(|settings| settings.source.group_base_dn = Some(format!("ou=Gruops,{SUFFIX}")));
    let error = nowhere.resolve_groups(&by_name("Twins")).await.unwrap_err();
    assert!(matches!(&error, Error::Settings { field, .. } if field == "source.ldap.groupBaseDN"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_rings_of_groups_end_and_hold_everybody() {
    let company = company(11, 100);
    let slapd = Slapd::with(&company.to_ldif());
    let directory = slapd.directory(|_| {});
    let mut queries = groups(&directory, &["Ring A", "Ring A", "Sales, EMEA"]).await;
    queries[1].membership = Membership::Direct;
    let query = ReadQuery { groups: queries, ..ReadQuery::default() };
    let people = read(&directory, &query).await.unwrap();
    for (n, one) in company.people.iter().enumerate() {
        let groups = &people[&one.id].groups;
        assert_eq!(groups.contains(0), n < 30, "nested, person {n}");
        assert_eq!(groups.contains(1), n < 10, "direct, person {n}");
        assert_eq!(groups.contains(2), one.unit == "Sales, EMEA", "by names with commas, person {n}");
    }
    let bounded = ReadQuery { only_members_of: vec![1], ..query };
    assert_eq!(
        ids(&read(&directory, &bounded).await.unwrap()),
        company.people[..10].iter().map(|one| one.id.clone()).collect()
    );
}

/// Who is not asked for is not gone: if asking again should not find them either, that is no proof of it.
#[tokio::test(flavor = "multi_thread")]
async fn l03_l08_a_read_bounded_by_groups_knows_whom_it_passed_over() {
    let company = company(11, 40);
    let slapd = Slapd::with(&company.to_ldif());
    slapd.modify(&format!("dn: {}\nchangetype: modify\nreplace: title\ntitle: Gone\n\n", company.people[39].dn));
    let directory = slapd.directory(|settings| {
        let (attribute, values) = ("title".into(), vec!["Gone".into()]);
        settings.source.disabled_when = Some(DisabledWhen { attribute, values });
    });
    let mut ring = groups(&directory, &["Ring A"]).await;
    ring[0].membership = Membership::Direct;
    let whole = async |only_members_of| {
        let query = ReadQuery { groups: ring.clone(), only_members_of, ..ReadQuery::default() };
        read_whole(&directory, &query).await.unwrap().1
    };
    let (all, bounded) = (whole(vec![]).await, whole(vec![0]).await);
    for (n, one) in company.people.iter().enumerate() {
        assert!(!all.passed_over(&one.id), "everybody is sent, person {n}");
        assert_eq!(bounded.passed_over(&one.id), (10..39).contains(&n), "members are sent, who is disabled left: {n}");
    }
    assert!(!bounded.passed_over("somebody else"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_five_thousand_is_read_whole() {
    let company = company(12, 5200);
    let slapd = Slapd::with(&company.to_ldif());
    let directory = slapd.directory(|_| {});
    let query =
        ReadQuery { groups: groups(&directory, &[ALL_HANDS]).await, only_members_of: vec![0], ..ReadQuery::default() };
    assert_eq!(read(&directory, &query).await.unwrap().len(), 5000);
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_outside_the_base_are_followed() {
    let company = company(13, 40);
    let mut ldif = company.to_ldif();
    let (inner, member) = (format!("cn=Inner,{SUFFIX}"), &company.people[20].dn);
    ldif.push_str(&format!(
        "dn: {inner}\nobjectClass: groupOfUniqueNames\ncn: Inner\nuniqueMember: {member}#'0101'B\n\n"
    ));
    ldif.push_str(&format!("dn: cn=Outer,ou=Groups,{SUFFIX}\nobjectClass: groupOfNames\ncn: Outer\nmember: {inner}\nmember: cn=gone,{SUFFIX}\n\n"));
    let slapd = Slapd::with(&ldif);
    let directory = slapd.directory(|settings| {
        settings.source.base_dn = format!("ou=People,{SUFFIX}");
        settings.source.group_base_dn = Some(format!("ou=Groups,{SUFFIX}"));
    });
    let query = ReadQuery { groups: groups(&directory, &["Outer"]).await, only_members_of: vec![0], ..asking(&[]) };
    assert_eq!(ids(&read(&directory, &query).await.unwrap()), [company.people[20].id.clone()].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_a_group_that_vanished_fails_the_read() {
    let slapd = Slapd::with(&company(14, 20).to_ldif());
    let directory = slapd.directory(|_| {});
    let query = ReadQuery { groups: groups(&directory, &["Ring B"]).await, ..ReadQuery::default() };
    // Renamed: still the same group, by its id.
    slapd.modify(&format!("dn: {}\nchangetype: modrdn\nnewrdn: cn=Ring Two\ndeleteoldrdn: 1\n", group_dn("Ring B")));
    assert_eq!(read(&directory, &query).await.unwrap().values().filter(|person| person.groups.contains(0)).count(), 20);
    slapd.modify(&format!("dn: {}\nchangetype: delete\n", group_dn("Ring Two")));
    let error = read(&directory, &query).await.unwrap_err();
    assert!(matches!(error, Error::GroupNotFound { .. }), "{error}");
}
