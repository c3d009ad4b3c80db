//! Contacts that stand in the way, each kind of them: what a plan says is what the run then does.

use contactsync::api::RunResult;
use serde_json::json;

use crate::support::house::{House, connection, mail, people, person};

struct Way {
    /// What is in the way of `person.0@acme.example`.
    contact: serde_json::Value,
    adopt: bool,
    action: &'static str,
    reason: Option<&'static str>,
}

fn ways() -> Vec<Way> {
    let contact = |more: serde_json::Value| {
        let mut contact = json!({"userName": mail(0), "displayName": "In The Way", "active": true});
        contact.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        contact
    };
    let second = json!({"userName": "other@acme.example", "emails": [{"value": mail(0)}]});
    let way = |contact, adopt, action, reason| Way { contact, adopt, action, reason };
    vec![
        way(contact(json!({})), false, "conflict", Some("ContactExists")),
        way(contact(json!({})), true, "adopted", None),
        way(contact(json!({"userType": "Agent"})), true, "conflict", Some("Staff")),
        way(contact(second), true, "created", None),
        way(contact(json!({"externalId": "default/support/sales/p0000"})), true, "waiting", Some("OwnedByAnother")),
        way(
            contact(json!({"externalId": "default/support/sales/p0000!left=2026-11-23T07:00:00Z"})),
            false,
            "claimed",
            None,
        ),
        way(
            contact(json!({"externalId": "default/support/sales/x!deactivated=2026-11-23T07:00:00Z"})),
            true,
            "conflict",
            Some("AddressReused"),
        ),
        way(contact(json!({"externalId": "somebody's own words"})), true, "adopted", None),
    ]
}

#[tokio::test]
async fn l06_l08_l09_a_plan_of_every_conflict_is_what_the_run_does() {
    for Way { contact, adopt, action, reason } in ways() {
        let house = House::open().await;
        house.file(&people(2));
        house.make(contact.clone()).await;
        let before = house.versions().await;
        let staff = connection("staff", if adopt { "conflicts: Adopt" } else { "" });
        let (plan, changes) = house.plan(&staff).await;
        assert_eq!(house.versions().await, before, "a plan writes nothing");
        let change = changes.iter().find(|change| change.person == "p0000").unwrap();
        assert_eq!((change.action.as_str(), change.reason.as_deref()), (action, reason), "{contact}");
        let run = house.sync(&staff).await;
        assert_eq!((plan.counts, plan.result), (run.counts, run.result), "{contact}");
        let told = ["conflict", "waiting"].contains(&action);
        assert_eq!(run.result, if told { RunResult::Partial } else { RunResult::Succeeded }, "{contact}");
        let again = house.sync(&staff).await;
        assert_eq!(again.counts.unchanged + again.counts.conflicts + again.counts.waiting, 2, "{contact}: {again:#?}");
    }
}

/// L9: a plan of an address that belonged to somebody who left, of one that two people have, and of a swap.
#[tokio::test]
async fn l09_l11_a_plan_of_addresses_is_what_the_run_does() {
    let house = House::open().await;
    let staff = connection("staff", "");
    let mut lines = people(8);
    house.file(&lines);
    house.succeed(&staff).await;
    (lines[1].mail, lines[2].mail) = (mail(2), mail(1));
    lines[3].mail = mail(4);
    let mut heir = person(9);
    heir.mail = mail(5);
    lines.remove(5);
    lines.push(heir);
    house.file(&lines);
    let before = house.versions().await;
    let (plan, changes) = house.plan(&staff).await;
    assert_eq!(house.versions().await, before);
    let told =
        |person: &str| changes.iter().find(|c| c.person == person && c.reason.is_some()).and_then(|c| c.reason.clone());
    assert_eq!(told("p0003").as_deref(), Some("DuplicateEmail"));
    assert_eq!(told("p0009").as_deref(), Some("AddressReused"));
    let run = house.sync(&staff).await;
    assert_eq!((plan.counts, plan.result), (run.counts, run.result));
    // The swap; an address that is refused comes in under a label no more than as the sign-in address.
    assert_eq!(run.counts.updated, 2, "{run:#?}");
}

#[tokio::test]
async fn l15_keep_leaves_what_is_there_and_clear_does_not() {
    let house = House::open().await;
    let mapping = |when: &str| {
        let identity = format!("identity: {{jobTitle: {{from: title, whenAbsent: {when}}}}}");
        connection("staff", &format!("mapping: {{preset: Standard, {identity}}}"))
    };
    let mut lines = people(3);
    house.file(&lines);
    house.succeed(&mapping("Keep")).await;
    lines[1].title = String::new();
    house.file(&lines);
    let before = house.versions().await;
    assert_eq!(house.succeed(&mapping("Keep")).await.unchanged, 3);
    assert_eq!(house.versions().await, before);
    assert_eq!(house.contact(&mail(1)).await["title"], "Engineer");
    // What is there may be changed by hand, and stays; a value that comes back is written.
    house.edit(&mail(1), json!([{"op": "replace", "path": "title", "value": "By Hand"}])).await;
    assert_eq!(house.succeed(&mapping("Keep")).await.unchanged, 3);
    assert_eq!(house.contact(&mail(1)).await["title"], "By Hand");
    lines[1].title = "Manager".into();
    house.file(&lines);
    assert_eq!(house.succeed(&mapping("Keep")).await.updated, 1);
    assert_eq!(house.contact(&mail(1)).await["title"], "Manager");
    // A new contact of somebody without a value has none.
    let mut newcomer = person(3);
    newcomer.title = String::new();
    lines.push(newcomer);
    lines[1].title = String::new();
    house.file(&lines);
    assert_eq!(house.succeed(&mapping("Keep")).await.created, 1);
    assert!(house.contact(&mail(3)).await.get("title").is_none());
    assert_eq!(house.succeed(&mapping("Keep")).await.unchanged, 4);
    assert_eq!(house.succeed(&mapping("Clear")).await.updated, 1);
    assert!(house.contact(&mail(1)).await.get("title").is_none());
}
