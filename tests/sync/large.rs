//! A company of 20,000 people on a real LDAP server, counted from outside.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;
use std::time::Instant;

use contactsync::api::RunResult;
use contactsync::runlog::Summary;
use contactsync::sync::{ConnectionSettings, Mode, Silent};
use jiff::SignedDuration;

use crate::support::company::{Company, Employee, company};
use crate::support::house::{House, connection};
use crate::support::slapd::Slapd;

const PEOPLE: usize = 20_000;
const CHANGED: usize = 200;
const LEAVERS: usize = 150;

/// Which person gets each address: the smallest id of those who have it.
fn holders(company: &Company) -> BTreeMap<&str, &Employee> {
    let mut holders: BTreeMap<&str, &Employee> = BTreeMap::new();
    for one in &company.people {
        let Some(mail) = one.mail.as_deref() else { continue };
        let holder = holders.entry(mail).or_insert(one);
        if one.id < holder.id {
            *holder = one;
        }
    }
    holders
}

struct Large {
    house: House,
    slapd: Slapd,
    everybody: ConnectionSettings,
}

impl Large {
    async fn run(&self, what: &str, duplicates: u64) -> Summary {
        let begin = Instant::now();
        let directory = async { Ok(Box::new(self.slapd.directory(|_| {})) as Box<_>) };
        let report = self.house.run(&self.everybody, Mode::Sync, &Silent, directory).await;
        #[expect(clippy::print_stderr, reason = "a measurement for whoever runs it with --nocapture")]
        {
            eprintln!("{what}: {:.1?}", begin.elapsed());
        }
        let summary = report.summary;
        let wanted = if duplicates == 0 { RunResult::Succeeded } else { RunResult::Partial };
        assert_eq!((summary.result, summary.counts.skipped), (wanted, duplicates), "{summary:#?}");
        summary
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_people_come_change_and_leave() {
    let company = company(2026, PEOPLE);
    let holders = holders(&company);
    let with_mail = company.people.iter().filter(|one| one.mail.is_some()).count();
    let (contacts, duplicates) = (holders.len() as u64, (with_mail - holders.len()) as u64);
    assert!(duplicates > 0, "the generator gives some people another's address");
    let slapd = Slapd::with(&company.to_ldif());
    let source = serde_json::to_string(&slapd.source()).unwrap();
    let everybody = connection(
        "everybody",
        &format!("source: {{type: LDAP, ldap: {source}}}\nscope: {{mode: Pattern, pattern: {{filter: \"(mail=*)\"}}}}"),
    );
    let large = Large { house: House::open().await, slapd, everybody };

    let first = large.run("first run", duplicates).await;
    assert_eq!((first.counts.in_scope, first.counts.created), (with_mail as u64, contacts));
    let made = large.house.contacts().await;
    assert_eq!(made.len() as u64, contacts);
    for (mail, one) in &holders {
        assert_eq!(made[*mail]["externalId"], format!("default/support/everybody/{}", one.id));
        assert_eq!(made[*mail]["name"]["familyName"], one.attributes[1].1);
        assert_eq!(made[*mail]["active"], true);
    }

    let versions = large.house.versions().await;
    assert_eq!(large.run("nothing to do", duplicates).await.counts.unchanged, contacts);
    assert_eq!(large.house.versions().await, versions);

    // Those whose address is theirs alone.
    let mut seen = HashSet::new();
    let shared: HashSet<&str> =
        company.people.iter().filter_map(|one| one.mail.as_deref()).filter(|mail| !seen.insert(*mail)).collect();
    let alone: Vec<&Employee> =
        holders.iter().filter(|(mail, _)| !shared.contains(*mail)).map(|(_, one)| *one).collect();
    let changed: BTreeSet<&str> = change(&large.slapd, &alone[..CHANGED]);
    let third = large.run("1% changed", duplicates).await;
    assert_eq!((third.counts.updated, third.counts.unchanged), (CHANGED as u64, contacts - CHANGED as u64));
    let after = large.house.contacts().await;
    for (mail, contact) in &after {
        let hit = changed.contains(mail.as_str());
        assert_eq!(contact["title"] == "Wizard", hit, "{mail}");
        assert_eq!(contact["meta"]["version"] != versions[mail], hit, "{mail}");
    }

    large.house.advance(SignedDuration::from_hours(25));
    let gone: BTreeSet<&str> = remove(&large.slapd, &alone[CHANGED..CHANGED + LEAVERS]);
    let fourth = large.run("150 left", duplicates).await;
    assert_eq!((fourth.counts.deactivated, fourth.counts.held, fourth.counts.updated), (LEAVERS as u64, 0, 0));
    let active: BTreeSet<String> = large.house.active().await.into_iter().collect();
    assert!(made.keys().all(|mail| active.contains(mail) != gone.contains(mail.as_str())));
}

/// Gives people a new title; their addresses.
fn change<'a>(slapd: &Slapd, people: &[&'a Employee]) -> BTreeSet<&'a str> {
    let mut ldif = String::new();
    for one in people {
        write!(ldif, "dn: {}\nchangetype: modify\nreplace: title\ntitle: Wizard\n\n", one.dn).unwrap();
    }
    slapd.modify(&ldif);
    people.iter().filter_map(|one| one.mail.as_deref()).collect()
}

/// Removes people; their addresses.
fn remove<'a>(slapd: &Slapd, people: &[&'a Employee]) -> BTreeSet<&'a str> {
    let mut ldif = String::new();
    for one in people {
        write!(ldif, "dn: {}\nchangetype: delete\n\n", one.dn).unwrap();
    }
    slapd.modify(&ldif);
    people.iter().filter_map(|one| one.mail.as_deref()).collect()
}
