//! People come, change, leave and return.

use contactsync::api::{RunCounts, RunResult};
use contactsync::scim;
use serde_json::json;

use crate::support::house::{House, connection, mail, people, person};

#[tokio::test]
async fn l14_the_first_run_creates_and_the_next_writes_nothing() {
    let house = House::open().await;
    let connection = connection("staff", "");
    let mut lines = people(20);
    lines[19].groups = "Visitors".into();
    house.file(&lines);
    assert_eq!(house.succeed(&connection).await, RunCounts { created: 19, ..RunCounts::default() });
    let contacts = house.contacts().await;
    assert_eq!(contacts.len(), 19);
    for n in 0..19 {
        let contact = &contacts[&mail(n)];
        assert_eq!(contact["displayName"], format!("Person {n}"));
        assert_eq!(contact["title"], "Engineer");
        assert_eq!(contact["active"], true);
        assert_eq!(contact["externalId"], format!("default/support/staff/p{n:04}"));
        assert_eq!(contact["emails"][0]["value"], mail(n));
    }
    let before = house.versions().await;
    assert_eq!(house.succeed(&connection).await, RunCounts { unchanged: 19, ..RunCounts::default() });
    assert_eq!(house.versions().await, before);
}

#[tokio::test]
async fn one_changed_line_updates_one_contact() {
    let house = House::open().await;
    let connection = connection("staff", "");
    let mut lines = people(5);
    house.file(&lines);
    house.succeed(&connection).await;
    let mut expected = house.versions().await;
    lines[2].title = "Manager".into();
    lines[2].mail = "new.address@acme.example".into();
    house.file(&lines);
    let before = house.contact(&mail(2)).await;
    assert_eq!(house.succeed(&connection).await, RunCounts { updated: 1, unchanged: 4, ..RunCounts::default() });
    let after = house.contact("new.address@acme.example").await;
    assert_eq!((&after["title"], &after["id"]), (&json!("Manager"), &before["id"]));
    expected.remove(&mail(2));
    let mut versions = house.versions().await;
    versions.remove("new.address@acme.example");
    assert_eq!(versions, expected);
}

#[tokio::test]
async fn l10_a_leaver_is_turned_off_and_on_again_when_they_return() {
    let house = House::open().await;
    let connection = connection("staff", "");
    house.file(&people(5));
    house.succeed(&connection).await;
    let id = house.contact(&mail(4)).await["id"].clone();
    house.file(&people(4));
    assert_eq!(house.succeed(&connection).await, RunCounts { deactivated: 1, unchanged: 4, ..RunCounts::default() });
    let off = house.contact(&mail(4)).await;
    assert_eq!((&off["active"], &off["id"]), (&json!(false), &id));
    assert!(off["externalId"].as_str().unwrap().contains("!deactivated="), "{off}");
    assert_eq!(house.succeed(&connection).await, RunCounts { unchanged: 4, ..RunCounts::default() });
    house.file(&people(5));
    assert_eq!(house.succeed(&connection).await, RunCounts { reactivated: 1, unchanged: 4, ..RunCounts::default() });
    let back = house.contact(&mail(4)).await;
    assert_eq!((&back["active"], &back["id"]), (&json!(true), &id));
    assert_eq!(back["externalId"], "default/support/staff/p0004");
    assert_eq!(house.succeed(&connection).await, RunCounts { unchanged: 5, ..RunCounts::default() });
}

#[tokio::test]
async fn l10_what_somebody_turned_off_on_the_desk_stays_off() {
    let house = House::open().await;
    let connection = connection("staff", "");
    let mut lines = people(3);
    house.file(&lines);
    house.succeed(&connection).await;
    house.edit(&mail(1), json!([{"op": "replace", "path": "active", "value": false}])).await;
    lines[1].title = "Manager".into();
    house.file(&lines);
    assert_eq!(house.succeed(&connection).await, RunCounts { updated: 1, unchanged: 2, ..RunCounts::default() });
    let contact = house.contact(&mail(1)).await;
    assert_eq!((&contact["active"], &contact["title"]), (&json!(false), &json!("Manager")));
    // Leaving and coming back does not turn it on either.
    house.file(&[person(0), person(2)]);
    house.sync(&connection).await;
    house.file(&lines);
    house.sync(&connection).await;
    assert_eq!(house.contact(&mail(1)).await["active"], false);
}

#[tokio::test]
async fn l13_the_desk_keeps_its_own_fields_and_loses_edits_of_mapped_ones() {
    let house = House::open().await;
    let connection = connection("staff", "");
    house.file(&people(3));
    house.succeed(&connection).await;
    let notes = format!("{}:notes", scim::KDESK_CONTACT);
    house
        .edit(
            &mail(1),
            json!([
                {"op": "add", "path": notes, "value": "calls on Fridays"},
                {"op": "add", "path": "emails", "value": [{"type": "home", "value": "one@home.example"}]},
                {"op": "add", "path": "phoneNumbers", "value": [{"type": "home", "value": "+46701234567"}]},
                {"op": "replace", "path": "title", "value": "Wizard"},
            ]),
        )
        .await;
    assert_eq!(house.succeed(&connection).await, RunCounts { updated: 1, unchanged: 2, ..RunCounts::default() });
    let contact = house.contact(&mail(1)).await;
    assert_eq!(contact["title"], "Engineer");
    assert_eq!(contact[scim::KDESK_CONTACT]["notes"], "calls on Fridays");
    let has = |list: &str, value: &str| contact[list].as_array().unwrap().iter().any(|entry| entry["value"] == value);
    assert!(has("emails", "one@home.example") && has("emails", &mail(1)), "{contact}");
    assert!(has("phoneNumbers", "+46701234567"), "{contact}");
    // An edit of what is not mapped alone is nothing to a run.
    house.edit(&mail(0), json!([{"op": "add", "path": notes, "value": "new"}])).await;
    let before = house.versions().await;
    assert_eq!(house.succeed(&connection).await, RunCounts { unchanged: 3, ..RunCounts::default() });
    assert_eq!(house.versions().await, before);
}

#[tokio::test]
async fn a_deleted_contact_is_made_again() {
    let house = House::open().await;
    let connection = connection("staff", "");
    house.file(&people(2));
    house.succeed(&connection).await;
    let id = house.contact(&mail(0)).await["id"].as_str().unwrap().to_owned();
    house.ask(reqwest::Method::DELETE, &format!("/Users/{id}"), None).await;
    let summary = house.sync(&connection).await;
    assert_eq!(summary.result, RunResult::Succeeded);
    assert_eq!((summary.counts.created, summary.counts.unchanged), (1, 1));
}
