//! Two installations (staging and production) against one desk: the second stops and says so, before it writes.

use contactsync::api::{RunCounts, RunResult};
use contactsync::runlog::Summary;
use contactsync::sync::ConnectionSettings;
use serde_json::json;

use crate::support::house::{House, connection, mail, people, person};

/// The connection `staff` as an installation with that cluster name runs it.
fn staff_in(cluster: &str, changes: &str) -> ConnectionSettings {
    let spec = connection("staff", changes).spec;
    ConnectionSettings::new(cluster, "support", "staff", None, spec).unwrap()
}

fn names_the_other(summary: &Summary, other: &str) {
    assert_eq!(summary.result, RunResult::Failed, "{summary:#?}");
    for word in [other, "spec.takeOverFrom", "spec.ownershipKey"] {
        assert!(summary.message.contains(word), "{word}: {}", summary.message);
    }
}

#[tokio::test]
async fn l07_another_installation_stalls_the_connection_before_it_writes() {
    let house = House::open().await;
    house.file(&people(4));
    house.succeed(&staff_in("production", "")).await;
    let before = house.versions().await;
    // Of these six, two would meet no conflict.
    house.file(&people(6));
    let staging = staff_in("staging", "");
    for _ in 0..2 {
        names_the_other(&house.plan(&staging).await.0, "production/support/staff");
        names_the_other(&house.sync(&staging).await, "production/support/staff");
        assert_eq!(house.versions().await, before);
    }
    let counts = house.succeed(&staff_in("production", "")).await;
    assert_eq!(counts, RunCounts { created: 2, unchanged: 4, ..RunCounts::default() });
}

#[tokio::test]
async fn l07_a_contact_of_another_installation_that_comes_later_stalls_at_the_first_conflict() {
    let house = House::open().await;
    let staging = staff_in("staging", "");
    house.file(&people(3));
    house.succeed(&staging).await;
    for mark in ["", "!left=2026-11-23T07:00:00Z", "!deactivated=2026-11-23T07:00:00Z"] {
        let id = format!("production/support/staff/p0005{mark}");
        let theirs = house.make(json!({"userName": mail(5), "externalId": id, "active": true})).await;
        let before = house.contacts().await;
        house.file(&[person(0), person(1), person(5)]);
        names_the_other(&house.plan(&staging).await.0, "production/support/staff");
        names_the_other(&house.sync(&staging).await, "production/support/staff");
        assert_eq!(house.contacts().await, before, "nobody is removed either");
        let path = format!("/Users/{}", theirs["id"].as_str().unwrap());
        house.ask(reqwest::Method::DELETE, &path, None).await;
    }
}

#[tokio::test]
async fn l07_another_installation_is_taken_over_where_the_manifest_says_so() {
    let house = House::open().await;
    house.file(&people(4));
    house.succeed(&staff_in("old", "")).await;
    let moved = staff_in("new", "takeOverFrom: [old/support/staff]");
    assert_eq!(house.succeed(&moved).await, RunCounts { updated: 4, ..RunCounts::default() });
    assert_eq!(house.succeed(&moved).await, RunCounts { unchanged: 4, ..RunCounts::default() });
    let same = staff_in("third", "ownershipKey: new/support/staff");
    assert_eq!(house.succeed(&same).await, RunCounts { unchanged: 4, ..RunCounts::default() });
}

#[tokio::test]
async fn l07_a_key_of_its_own_lets_two_installations_stand_side_by_side() {
    let house = House::open().await;
    house.file(&people(4));
    house.succeed(&staff_in("production", "")).await;
    let before = house.versions().await;
    house.file(&people(5));
    let summary = house.sync(&staff_in("staging", "ownershipKey: acme/testing")).await;
    assert_eq!((summary.result, summary.counts.waiting, summary.counts.created), (RunResult::Partial, 4, 1));
    let mut after = house.versions().await;
    after.remove(&mail(4)).unwrap();
    assert_eq!(after, before);
}
