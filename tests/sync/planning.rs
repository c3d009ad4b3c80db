//! A plan says what a run would do, and leaves no trace.

use contactsync::api::RunCounts;
use serde_json::json;

use crate::support::house::{House, connection, mail, people, person};

#[tokio::test]
async fn a_plan_of_a_first_run_makes_nothing() {
    let house = House::open().await;
    house.file(&people(3));
    let (summary, changes) = house.plan(&connection("staff", "")).await;
    assert_eq!(summary.counts.created, 3);
    assert_eq!(changes.iter().filter(|change| change.action == "created").count(), 3);
    assert!(house.contacts().await.is_empty());
    assert_eq!(house.records(), "");
}

#[tokio::test]
async fn a_plan_counts_what_the_run_then_does_and_writes_nothing() {
    let house = House::open().await;
    let staff = connection("staff", "");
    let mut lines = people(10);
    house.file(&lines);
    house.succeed(&staff).await;
    lines[3].title = "Manager".into();
    lines[9].id = "p0010".into();
    lines[9].mail = mail(10);
    house.file(&lines);
    let (before, records) = (house.versions().await, house.records());
    let (planned, changes) = house.plan(&staff).await;
    assert_eq!((house.versions().await, house.records()), (before, records));
    let update = changes.iter().find(|change| change.action == "updated").unwrap();
    assert_eq!(update.person, "p0003");
    assert_eq!(
        serde_json::to_value(&update.fields).unwrap()[0],
        json!({"field": "identity.jobTitle", "old": "Engineer", "new": "Manager"})
    );
    let done = house.succeed(&staff).await;
    assert_eq!(RunCounts { read: 0, in_scope: 0, ..planned.counts }, done);
    assert_eq!(done, RunCounts { created: 1, updated: 1, deactivated: 1, unchanged: 8, ..RunCounts::default() });
}

#[tokio::test]
async fn l14_a_plan_knows_that_a_new_address_is_taken_and_who_waits_for_it() {
    let house = House::open().await;
    let staff = connection("staff", "");
    let mut lines = people(4);
    house.file(&lines);
    house.succeed(&staff).await;
    house.make(json!({"userName": mail(9), "displayName": "By Hand", "active": true})).await;
    // 2 cannot move to the contact made by hand, so 1 cannot have the address of 2, nor a newcomer that of 1.
    lines[2].mail = mail(9);
    lines[1].mail = mail(2);
    lines.push(person(5));
    lines[4].mail = mail(1);
    house.file(&lines);
    let (planned, changes) = house.plan(&staff).await;
    let mut told: Vec<_> = changes
        .iter()
        .map(|change| (change.person.as_str(), change.action.as_str(), change.reason.as_deref()))
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            ("p0001", "conflict", Some("EmailTaken")),
            ("p0002", "conflict", Some("EmailTaken")),
            ("p0005", "conflict", Some("AddressReused")),
        ]
    );
    let done = house.sync(&staff).await;
    assert_eq!((planned.counts, planned.result), (done.counts, done.result));
}
