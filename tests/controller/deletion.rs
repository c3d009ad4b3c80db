//! What deleting a connection does to its contacts, and what it waits for.

use contactsync::api::RunResult;
use serde_json::{Value, json};

use super::kstatus::{Health, health};
use super::office::{Office, condition, from_file};
use crate::support::between::{Between, Kind, Passing, Side};
use crate::support::eventually::eventually;
use crate::support::house::{mail, people, person};

const FINALIZER: &str = "kdesk.seraphex.net/contacts";

async fn finalizers(office: &Office, name: &str) -> Vec<String> {
    office.get(name).await.metadata.finalizers.unwrap_or_default()
}

/// How many contacts somebody owns.
async fn owned(office: &Office) -> usize {
    office.house.contacts().await.values().filter(|contact| contact["externalId"].is_string()).count()
}

#[tokio::test]
async fn l07_keep_needs_no_finalizer_and_contacts_become_nobodys() {
    let office = Office::open("keep").await;
    office.people(&people(3));
    let _controller = office.controller(&[]);
    office.connection("emea", &json!({})).await;
    office.ready("emea", "True", "Succeeded").await;
    assert!(finalizers(&office, "emea").await.is_empty());
    office.delete("emea").await;
    office.gone("emea").await;
    eventually("the contacts are nobody's", || async {
        let owned = owned(&office).await;
        (owned == 0).then_some(()).ok_or_else(|| format!("{owned} are owned"))
    })
    .await;
    assert_eq!(office.house.active().await.len(), 3);
    // One that became a Draft never writes, and does not turn anybody off.
    office.people(&people(6)[3..]);
    office.connection("draft", &json!({"deletionPolicy": "Delete"})).await;
    office.ready("draft", "True", "Succeeded").await;
    office.change("draft", &json!({"state": "Draft"})).await;
    office.ready("draft", "True", "Draft").await;
    assert!(finalizers(&office, "draft").await.is_empty());
    office.delete("draft").await;
    office.gone("draft").await;
    assert_eq!(office.house.active().await.len(), 6);
}

#[tokio::test]
async fn l06_deleting_turns_off_or_deletes_what_is_its_own() {
    let office = Office::open("policy").await;
    // Somebody's own, somebody who is adopted, and nobody's.
    for number in [0, 90] {
        let contact = json!({"userName": mail(number), "displayName": format!("Person {number}"), "active": true,
            "emails": [{"value": mail(number), "type": "work", "primary": true}]});
        office.house.make(contact).await;
    }
    office.people_of("off.csv", &people(13)[10..]);
    office.people_of("away.csv", &people(3));
    let _controller = office.controller(&[]);
    office.connection("off", &from_file("off.csv", &json!({"deletionPolicy": "Deactivate"}))).await;
    let delete = json!({"deletionPolicy": "Delete", "conflicts": "Adopt", "leavers": {"hold": {"aboveCount": 5}}});
    office.connection("away", &from_file("away.csv", &delete)).await;
    let status = office.ready("away", "True", "Succeeded").await;
    assert_eq!(status.last_run.unwrap().counts.adopted, 1);
    office.ready("off", "True", "Succeeded").await;
    for name in ["off", "away"] {
        assert_eq!(finalizers(&office, name).await, [FINALIZER]);
    }
    assert!(office.events("away").await.contains(&"Adopted".to_owned()));
    // Flipped to Keep and back.
    office.change("off", &json!({"deletionPolicy": "Keep"})).await;
    office.until("off", "it has no finalizer", |connection, _| connection.metadata.finalizers.is_none()).await;
    office.change("off", &json!({"deletionPolicy": "Deactivate"})).await;
    office.until("off", "it has a finalizer", |connection, _| connection.metadata.finalizers.is_some()).await;
    for name in ["off", "away"] {
        office.delete(name).await;
        office.gone(name).await;
    }
    let contacts = office.house.contacts().await;
    let active = |number: usize| contacts.get(&mail(number)).map(|contact| contact["active"].clone());
    assert_eq!([10, 11, 12].map(active), [(); 3].map(|()| Some(Value::Bool(false))));
    assert_eq!([1, 2].map(active), [None, None], "it made these");
    assert_eq!([0, 90].map(active), [Some(Value::Bool(true)), Some(Value::Bool(true))]);
    assert!(contacts[&mail(0)]["externalId"].is_null(), "what it had adopted is nobody's again");
}

#[tokio::test]
async fn l04_a_deletion_above_the_hold_waits_for_approval_or_for_keep() {
    let office = Office::open("mass").await;
    let _controller = office.controller(&[]);
    for (at, name) in ["approved", "kept"].into_iter().enumerate() {
        office.people_of(&format!("{name}.csv"), &people(8 * at + 8)[8 * at..]);
        // What it would take over does not concern one that goes, and neither does a schedule.
        office.connection(name, &from_file(&format!("{name}.csv"), &json!({"deletionPolicy": "Deactivate"}))).await;
    }
    for name in ["approved", "kept"] {
        office.ready(name, "True", "Succeeded").await;
    }
    office.connection("approved", &from_file("approved.csv", &json!({"deletionPolicy": "Deactivate",
        "schedule": {"cron": "0 4 * * *", "timeZone": "Europe/Stockholmm"}, "takeOverFrom": [format!("default/{}/kept", office.namespace)]}))).await;
    office.ready("approved", "False", "InvalidSchedule").await;
    let held = |name: &'static str| {
        let office = &office;
        async move {
            office.delete(name).await;
            let status = office
                .until(name, "its deletion is held", |_, status| condition(status, "RemovalsHeld").is_some())
                .await;
            assert_eq!(health(&office.get(name).await), Health::Terminating);
            status.plan.unwrap()
        }
    };
    let plan = held("approved").await;
    assert_eq!((plan.counts.held, plan.counts.deactivated), (8, 8));
    let _other = held("kept").await;
    assert_eq!(office.house.active().await.len(), 16);
    office.change("approved", &json!({"leavers": {"approvedPlan": plan.hash.unwrap()}})).await;
    office.gone("approved").await;
    assert_eq!(
        office.house.active().await,
        office
            .house
            .contacts()
            .await
            .into_keys()
            .filter(|mail| { people(16)[8..].iter().any(|line| line.mail == *mail) })
            .collect::<Vec<_>>()
    );
    office.change("kept", &json!({"deletionPolicy": "Keep"})).await;
    office.gone("kept").await;
    assert_eq!(office.house.active().await.len(), 8);
    assert!(office.events("kept").await.contains(&"RemovalsHeld".to_owned()));
}

#[tokio::test]
async fn a_deletion_that_cannot_be_done_leaves_contacts_behind_and_says_so() {
    let office = Office::open("lost").await;
    let _controller = office.controller(&["--deletion-patience", "1s"]);
    office.people(&people(2));
    office.workspace("other", &json!({"auth": {"bearerToken": {"secretRef": {"name": "other"}}}})).await;
    office.secret("other", &office.house.token).await;
    let deactivate = |change: Value| {
        from_file("people.csv", &{
            let mut all = json!({"deletionPolicy": "Deactivate"});
            super::support::merge(&mut all, &change);
            all
        })
    };
    office.connection("secret", &deactivate(json!({"workspaceRef": {"name": "other"}}))).await;
    office.ready("secret", "True", "Succeeded").await;
    office.connection("nowhere", &deactivate(json!({"workspaceRef": {"name": "none"}}))).await;
    office.ready("nowhere", "False", "WorkspaceNotFound").await;
    let secret = ["delete", "secret", "other", "-n", &office.namespace];
    office.cluster.kubectl(&secret).await.ok();
    for name in ["secret", "nowhere"] {
        office.delete(name).await;
    }
    for name in ["secret", "nowhere"] {
        office.gone(name).await;
        office.event(name, "ContactsLeftBehind").await;
    }
    assert_eq!(office.house.active().await.len(), 2);
}

#[tokio::test]
async fn a_deletion_waits_for_a_desk_that_is_not_reached() {
    let office = Office::open("unreached").await;
    let _controller = office.controller(&["--deletion-patience", "1s"]);
    office.people(&people(2));
    office.connection("emea", &json!({"deletionPolicy": "Deactivate"})).await;
    office.ready("emea", "True", "Succeeded").await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    office.workspace("acme", &json!({"endpoint": format!("http://{nobody}/scim/v2")})).await;
    office.workspace_ready("acme", "False", "DeskUnavailable").await;
    office.delete("emea").await;
    office
        .until("emea", "its deletion failed", |connection, status| {
            let run = status.last_run.as_ref();
            run.is_some_and(|run| run.result == RunResult::Failed && run.generation == connection.metadata.generation)
        })
        .await;
    assert_eq!(condition(&office.status("emea").await, "Ready").unwrap().1, "DeskUnavailable");
    assert_eq!(office.house.active().await.len(), 2);
    office.workspace("acme", &json!({})).await;
    office.annotate("emea", "it is back").await;
    office.gone("emea").await;
    assert!(office.house.active().await.is_empty());
}

#[tokio::test]
async fn a_deletion_in_the_middle_of_a_run_cuts_it_off_and_leaves_contacts_right() {
    let office = Office::open("middle").await;
    let between = Between::start(&office.house.base, false).await;
    office.workspace("acme", &json!({"endpoint": between.base})).await;
    office.people(&people(2));
    let _controller = office.controller(&[]);
    office.connection("emea", &json!({"deletionPolicy": "Deactivate"})).await;
    office.ready("emea", "True", "Succeeded").await;
    let mut lines = people(2);
    lines.push(person(2));
    office.people(&lines);
    let mut writing = between.stop(Side::After, Passing::is_write);
    office.annotate("emea", "one").await;
    writing.wait().await;
    office.delete("emea").await;
    office.gone("emea").await;
    drop(writing);
    assert!(office.house.active().await.is_empty());
    assert_eq!(office.house.contacts().await.len(), 3);
    office.event("emea", "RunInterrupted").await;
}

#[tokio::test]
async fn a_departure_stops_when_it_is_flipped_to_keep() {
    let office = Office::open("flip").await;
    let between = Between::start(&office.house.base, true).await;
    office.workspace("acme", &json!({"endpoint": between.base, "limits": {"concurrency": 1}})).await;
    office.people(&people(4));
    let _controller = office.controller(&[]);
    office.connection("emea", &json!({"deletionPolicy": "Deactivate"})).await;
    office.ready("emea", "True", "Succeeded").await;
    let mut removing = between.stop(Side::Before, |passing| passing.kind == Kind::Removing);
    office.delete("emea").await;
    removing.wait().await;
    office.change("emea", &json!({"deletionPolicy": "Keep"})).await;
    office.gone("emea").await;
    drop(removing);
    assert_eq!(office.house.active().await.len(), 4);
}
