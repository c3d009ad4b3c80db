//! Connections that are renamed, moved, doubled or made again: contacts pass from one to the next, and nobody is turned
//! off on the way.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::office::{Office, condition, from_file};
use crate::support::house::people;

/// The keys that contacts are owned under; everybody is active.
async fn owners(office: &Office) -> BTreeSet<String> {
    let contacts = office.house.contacts().await;
    assert!(contacts.values().all(|contact| contact["active"] == json!(true)), "{contacts:#?}");
    let key = |contact: &Value| {
        let id = contact["externalId"].as_str().unwrap_or("nobody");
        id.rsplit_once('/').map_or(id, |(key, _)| key).to_owned()
    };
    contacts.values().map(key).collect()
}

fn key(office: &Office, name: &str) -> String {
    format!("default/{}/{name}", office.namespace)
}

#[tokio::test]
async fn l07_contacts_move_with_a_rename_in_git_whatever_the_policy() {
    let office = Office::open("renamed").await;
    let _controller = office.controller(&[]);
    let policies = ["Keep", "Deactivate", "Delete"];
    let change = |at: usize| {
        let leavers = json!({"deletionPolicy": policies[at], "leavers": {"hold": {"aboveCount": 100}}});
        from_file(&format!("{at}.csv"), &leavers)
    };
    for at in 0..policies.len() {
        office.people_of(&format!("{at}.csv"), &people(8 * at + 8)[8 * at..]);
        office.connection(&format!("old-{at}"), &change(at)).await;
    }
    // As Flux does: first what is new, then what is no more.
    for at in 0..policies.len() {
        let old = format!("old-{at}");
        office.ready(&old, "True", "Succeeded").await;
        let mut new = change(at);
        new["takeOverFrom"] = json!([key(&office, &old)]);
        office.connection(&format!("new-{at}"), &new).await;
    }
    let keys = |generation: &str| (0..policies.len()).map(|at| key(&office, &format!("{generation}-{at}"))).collect();
    for at in 0..policies.len() {
        let status = office.ready(&format!("new-{at}"), "False", "WaitingForTakeOver").await;
        assert!(condition(&status, "Ready").unwrap().2.contains("/old-"), "{status:?}");
    }
    assert_eq!(owners(&office).await, keys("old"));
    for at in 0..policies.len() {
        office.delete(&format!("old-{at}")).await;
    }
    for at in 0..policies.len() {
        office.gone(&format!("old-{at}")).await;
        let status = office.ready(&format!("new-{at}"), "True", "Succeeded").await;
        assert_eq!((status.contacts, status.last_run.unwrap().counts.created), (Some(8), 0));
    }
    assert_eq!(owners(&office).await, keys("new"));
    for old in ["old-1", "old-2"] {
        office.event(old, "HandedOver").await;
    }
}

#[tokio::test]
async fn l07_contacts_wait_for_their_new_connection_when_the_old_one_goes_first() {
    let office = Office::open("pruned").await;
    office.people(&people(3));
    let _controller = office.controller(&["--release-after", "1h"]);
    office.connection("old", &json!({})).await;
    office.ready("old", "True", "Succeeded").await;
    office.delete("old").await;
    office.gone("old").await;
    office.connection("new", &json!({"takeOverFrom": [key(&office, "old")]})).await;
    let status = office.ready("new", "True", "Succeeded").await;
    assert_eq!((status.contacts, status.last_run.unwrap().counts.created), (Some(3), 0));
    assert_eq!(owners(&office).await, [key(&office, "new")].into());

    // Deleted and made again under its name: another object, the same contacts.
    office.delete("new").await;
    office.gone("new").await;
    office.connection("new", &json!({})).await;
    let status = office.ready("new", "True", "Succeeded").await;
    assert_eq!((status.contacts, status.last_run.unwrap().counts.unchanged), (Some(3), 3));

    // Gone for good; whoever reads the same people claims them (L8).
    office.delete("new").await;
    office.gone("new").await;
    office.connection("heir", &json!({})).await;
    let status = office.ready("heir", "True", "Succeeded").await;
    assert_eq!((status.contacts, status.last_run.unwrap().counts.claimed), (Some(3), 3));
    assert_eq!(owners(&office).await, [key(&office, "heir")].into());
}

#[tokio::test]
async fn l07_of_two_with_one_key_the_elder_works_and_the_younger_follows() {
    let office = Office::open("twins").await;
    office.people(&people(3));
    let _controller = office.controller(&[]);
    let own = json!({"ownershipKey": "acme/people"});
    office.connection("a-elder", &own).await;
    office.ready("a-elder", "True", "Succeeded").await;
    office.connection("b-younger", &own).await;
    let status = office.ready("b-younger", "False", "OwnershipKeyTaken").await;
    assert!(condition(&status, "Stalled").is_some() && status.last_run.is_none(), "{status:?}");
    assert_eq!(office.run_now("a-elder", "still").await.last_run.unwrap().counts.unchanged, 3);
    let versions = office.house.versions().await;
    office.delete("a-elder").await;
    office.gone("a-elder").await;
    let status = office.ready("b-younger", "True", "Succeeded").await;
    assert_eq!(status.last_run.unwrap().counts.unchanged, 3);
    assert_eq!(office.house.versions().await, versions, "nobody was released in between");
}
