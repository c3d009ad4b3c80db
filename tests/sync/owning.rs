//! Whose a contact is: moving between connections, adoption, renames.

use contactsync::api::{RunCounts, RunResult};
use jiff::SignedDuration;
use serde_json::json;

use crate::support::house::{House, connection, mail, people, person};

const SALES: &str = "scope: {mode: List, list: {groups: [{name: Sales}]}}";
const SUPPORT: &str = "scope: {mode: List, list: {groups: [{name: Support}]}}";

/// Four people of Sales and one of Support, both connections at rest.
async fn two_teams() -> House {
    let house = House::open().await;
    let mut lines = people(5);
    for line in &mut lines {
        line.groups = "Sales".into();
    }
    lines[4].groups = "Support".into();
    house.file(&lines);
    house.succeed(&connection("sales", SALES)).await;
    house.succeed(&connection("support", SUPPORT)).await;
    lines[3].groups = "Support".into();
    house.file(&lines);
    house
}

#[tokio::test]
async fn l08_a_mover_is_claimed_and_never_inactive() {
    let house = two_teams().await;
    let before = house.contact(&mail(3)).await;
    let (sales, support) = (connection("sales", SALES), connection("support", SUPPORT));
    // The other connection comes first: a living owner keeps the contact.
    let waiting = house.sync(&support).await;
    assert_eq!((waiting.result, waiting.counts.waiting), (RunResult::Partial, 1));
    assert_eq!(house.contact(&mail(3)).await, before);
    assert_eq!(house.succeed(&sales).await, RunCounts { left: 1, unchanged: 3, ..RunCounts::default() });
    let left = house.contact(&mail(3)).await;
    assert_eq!(left["active"], true);
    assert!(left["externalId"].as_str().unwrap().starts_with("default/support/sales/p0003!left="), "{left}");
    assert_eq!(house.succeed(&support).await, RunCounts { claimed: 1, unchanged: 1, ..RunCounts::default() });
    let claimed = house.contact(&mail(3)).await;
    assert_eq!(claimed["externalId"], "default/support/support/p0003");
    assert_eq!((&claimed["active"], &claimed["id"]), (&json!(true), &before["id"]));
    house.advance(SignedDuration::from_hours(25));
    assert_eq!(house.succeed(&sales).await, RunCounts { unchanged: 3, ..RunCounts::default() });
    assert_eq!(house.succeed(&support).await, RunCounts { unchanged: 2, ..RunCounts::default() });
    assert_eq!(house.contact(&mail(3)).await, claimed);
    assert_eq!(house.active().await.len(), 5);
}

#[tokio::test]
async fn l08_a_mover_whom_nobody_claims_goes_after_the_handover() {
    let house = two_teams().await;
    let sales = connection("sales", SALES);
    assert_eq!(house.succeed(&sales).await.left, 1);
    house.advance(SignedDuration::from_hours(23));
    assert_eq!(house.succeed(&sales).await, RunCounts { unchanged: 3, ..RunCounts::default() });
    assert_eq!(house.contact(&mail(3)).await["active"], true);
    house.advance(SignedDuration::from_hours(1));
    assert_eq!(house.succeed(&sales).await, RunCounts { deactivated: 1, unchanged: 3, ..RunCounts::default() });
    assert_eq!(house.contact(&mail(3)).await["active"], false);
}

#[tokio::test]
async fn l08_a_person_of_two_connections_does_not_flap() {
    let house = House::open().await;
    let mut lines = people(3);
    for line in &mut lines {
        line.groups = "Sales;Support".into();
    }
    house.file(&lines);
    house.succeed(&connection("sales", SALES)).await;
    let before = house.versions().await;
    for _ in 0..3 {
        let waiting = house.sync(&connection("support", SUPPORT)).await;
        assert_eq!((waiting.result, waiting.counts.waiting), (RunResult::Partial, 3));
        assert_eq!(house.succeed(&connection("sales", SALES)).await.unchanged, 3);
        house.advance(SignedDuration::from_hours(25));
    }
    assert_eq!(house.versions().await, before);
}

/// Number 3 left Sales, and stands under another id in another directory that speaks for `domain`.
async fn from_another_directory(domain: &str) -> (House, RunCounts) {
    let house = two_teams().await;
    house.succeed(&connection("sales", SALES)).await;
    let mut same = person(3);
    same.id = "x-3".into();
    house.other_file("partners.csv", &[same]);
    let partners = connection(
        "partners",
        &format!(
            "source: {{type: File, file: {{path: partners.csv, format: CSV, idField: id, groupsField: groups}}}}\n{domain}"
        ),
    );
    let counts = house.sync(&partners).await.counts;
    (house, RunCounts { read: 0, in_scope: 0, ..counts })
}

#[tokio::test]
async fn l09_between_directories_an_address_counts_inside_the_domains() {
    let (house, counts) = from_another_directory("emailDomains: [acme.example]").await;
    assert_eq!(counts, RunCounts { claimed: 1, ..RunCounts::default() });
    assert_eq!(house.contact(&mail(3)).await["externalId"], "default/support/partners/x-3");
}

#[tokio::test]
async fn l09_between_directories_an_address_says_nothing_without_domains() {
    let (house, counts) = from_another_directory("emailDomains: null").await;
    assert_eq!(counts, RunCounts { waiting: 1, ..RunCounts::default() });
    let left = house.contact(&mail(3)).await;
    assert!(left["externalId"].as_str().unwrap().starts_with("default/support/sales/p0003!left="), "{left}");
}

#[tokio::test]
async fn l08_who_moves_out_of_the_segment_is_handed_over() {
    let house = House::open().await;
    let engineers = connection(
        "engineers",
        "source: {type: File, file: {path: people.csv, format: CSV, idField: id, segmentField: title}}\n\
         scope: {mode: Pattern, pattern: {segment: Engineer}}",
    );
    let mut lines = people(3);
    house.file(&lines);
    house.succeed(&engineers).await;
    lines[1].title = "Manager".into();
    house.file(&lines);
    assert_eq!(house.succeed(&engineers).await, RunCounts { left: 1, unchanged: 2, ..RunCounts::default() });
    assert_eq!(house.contact(&mail(1)).await["active"], true);
    house.advance(SignedDuration::from_hours(24));
    assert_eq!(house.succeed(&engineers).await, RunCounts { deactivated: 1, unchanged: 2, ..RunCounts::default() });
}

#[tokio::test]
async fn l09_a_leavers_address_is_not_bound_to_another_person() {
    let house = House::open().await;
    let staff = connection("staff", "");
    house.file(&people(3));
    house.succeed(&staff).await;
    let mut lines = people(2);
    let mut heir = person(7);
    heir.mail = mail(2);
    lines.push(heir);
    house.file(&lines);
    for _ in 0..2 {
        let summary = house.sync(&staff).await;
        assert_eq!(summary.result, RunResult::Partial, "{summary:#?}");
        assert_eq!((summary.counts.created, summary.counts.held + summary.counts.conflicts), (0, 1));
        assert!(house.records().contains("AddressReused"));
        let old = house.contact(&mail(2)).await;
        assert_eq!(old["active"], false);
        assert!(old["externalId"].as_str().unwrap().starts_with("default/support/staff/p0002!deactivated="), "{old}");
    }
}

#[tokio::test]
async fn l09_a_contact_of_nobody_is_adopted_only_when_asked() {
    let house = House::open().await;
    house.file(&people(3));
    house.make(json!({"userName": mail(1), "displayName": "By Hand", "title": "Boss", "active": true})).await;
    let before = house.contact(&mail(1)).await;
    let skipped = house.sync(&connection("staff", "")).await;
    assert_eq!((skipped.result, skipped.counts.conflicts, skipped.counts.created), (RunResult::Partial, 1, 2));
    assert_eq!(house.contact(&mail(1)).await, before);
    let adopt = connection("staff", "conflicts: Adopt");
    assert_eq!(house.succeed(&adopt).await, RunCounts { adopted: 1, unchanged: 2, ..RunCounts::default() });
    let adopted = house.contact(&mail(1)).await;
    assert_eq!(adopted["externalId"], "default/support/staff/p0001!adopted");
    assert_eq!((&adopted["id"], &adopted["title"]), (&before["id"], &json!("Engineer")));
    assert_eq!(house.succeed(&adopt).await, RunCounts { unchanged: 3, ..RunCounts::default() });
}

#[tokio::test]
async fn l06_what_was_adopted_is_released_and_what_was_made_is_deleted() {
    let house = House::open().await;
    house.file(&people(4));
    house.make(json!({"userName": mail(3), "displayName": "By Hand", "active": true})).await;
    let deleting = "conflicts: Adopt\nleavers: {policy: Delete, hold: {aboveCount: 5}}";
    let staff = connection("staff", deleting);
    house.succeed(&staff).await;
    let adopted = house.contact(&mail(3)).await;
    house.file(&people(2));
    let counts = house.succeed(&staff).await;
    assert_eq!(counts, RunCounts { deleted: 1, released: 1, unchanged: 2, ..RunCounts::default() });
    let contacts = house.contacts().await;
    assert!(!contacts.contains_key(&mail(2)));
    let released = &contacts[&mail(3)];
    assert_eq!((&released["id"], &released["title"]), (&adopted["id"], &adopted["title"]));
    assert_eq!(released["active"], true);
    assert!(released.get("externalId").is_none(), "{released}");
}

#[tokio::test]
async fn l07_contacts_are_carried_over_a_rename() {
    let house = House::open().await;
    house.file(&people(4));
    house.succeed(&connection("staff", "")).await;
    let before = house.contacts().await;
    let renamed = connection("everybody", "takeOverFrom: [default/support/staff]");
    let counts = house.succeed(&renamed).await;
    assert_eq!((counts.created, counts.updated), (0, 4));
    for (name, contact) in house.contacts().await {
        assert_eq!(contact["id"], before[&name]["id"]);
        let id = contact["externalId"].as_str().unwrap().to_owned();
        assert!(id.starts_with("default/support/everybody/"), "{id}");
    }
    assert_eq!(house.succeed(&renamed).await, RunCounts { unchanged: 4, ..RunCounts::default() });
}

#[tokio::test]
async fn l07_a_key_that_continues_another_is_somebody_elses() {
    let house = House::open().await;
    house.file(&people(3));
    house.succeed(&connection("inner", "ownershipKey: acme/staff/inner")).await;
    let before = house.versions().await;
    let summary = house.sync(&connection("outer", "ownershipKey: acme/staff")).await;
    assert_eq!((summary.counts.waiting, summary.counts.updated), (3, 0));
    assert_eq!(house.versions().await, before);
}

#[tokio::test]
async fn l06_agents_of_the_desk_are_never_touched() {
    let house = House::open().await;
    let adopt = connection("staff", "conflicts: Adopt");
    house.file(&people(3));
    house.make(json!({"userName": mail(1), "displayName": "An Agent", "userType": "Agent", "active": true})).await;
    let before = house.contact(&mail(1)).await;
    let summary = house.sync(&adopt).await;
    assert_eq!((summary.counts.adopted, summary.counts.conflicts, summary.counts.created), (0, 1, 2));
    assert_eq!(house.contact(&mail(1)).await, before);
    // One of the contacts that it made becomes an agent, and their person leaves.
    house.edit(&mail(2), json!([{"op": "add", "path": "userType", "value": "Agent"}])).await;
    let agent = house.contact(&mail(2)).await;
    house.file(&people(2));
    house.sync(&adopt).await;
    assert_eq!(house.contact(&mail(2)).await, agent);
}

/// Nobody has counted a grant to a contact that is only now taken over: it is given by the next run, which counts it.
#[tokio::test]
async fn l04_taking_a_contact_over_lets_nobody_in() {
    let house = House::open().await;
    house.file(&people(20));
    for n in 0..20 {
        house.make(json!({"userName": mail(n), "displayName": "Was There", "emails": [{"value": mail(n), "primary": true}]})).await;
    }
    let adopt = connection("staff", "conflicts: Adopt\nmapping: {access: {portalAccess: {value: true}}}");
    let let_in = async || {
        let contacts = house.contacts().await;
        contacts.values().filter(|contact| contact[contactsync::scim::KDESK_CONTACT]["portalAccess"] == true).count()
    };
    let first = house.sync(&adopt).await;
    assert_eq!((first.counts.adopted, first.counts.held, first.result), (20, 20, RunResult::Partial), "{first:#?}");
    assert_eq!(let_in().await, 0);
    let second = house.sync(&adopt).await;
    assert_eq!((second.counts.held, second.result), (20, RunResult::Partial), "{second:#?}");
    assert_eq!(let_in().await, 0, "more at once than the hold lets through");
    let approve = format!(
        "conflicts: Adopt\nmapping: {{access: {{portalAccess: {{value: true}}}}}}\nleavers: {{policy: Deactivate, approvedPlan: \"{}\"}}",
        second.plan.unwrap()
    );
    let approved = connection("staff", &approve);
    assert_eq!(house.succeed(&approved).await.updated, 20);
    assert_eq!(let_in().await, 20);
    assert_eq!(house.succeed(&approved).await.unchanged, 20);
}
