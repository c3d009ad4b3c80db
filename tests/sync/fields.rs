//! Values that vanish, grants that fail, and what the records may tell.

use contactsync::api::{RunCounts, RunResult};
use contactsync::scim;

use crate::support::house::{House, connection, mail, people, person};

#[tokio::test]
async fn l15_a_value_that_one_person_lost_is_cleared() {
    let house = House::open().await;
    let staff = connection("staff", "");
    let mut lines = people(3);
    house.file(&lines);
    house.succeed(&staff).await;
    lines[1].title = String::new();
    house.file(&lines);
    assert_eq!(house.succeed(&staff).await, RunCounts { updated: 1, unchanged: 2, ..RunCounts::default() });
    assert!(house.contact(&mail(1)).await.get("title").is_none());
    assert_eq!(house.succeed(&staff).await, RunCounts { unchanged: 3, ..RunCounts::default() });
}

#[tokio::test]
async fn l15_a_value_that_everybody_lost_is_held() {
    let house = House::open().await;
    let staff = connection("staff", "");
    let mut lines = people(3);
    house.file(&lines);
    house.succeed(&staff).await;
    let before = house.versions().await;
    for line in &mut lines {
        line.title = String::new();
    }
    house.file(&lines);
    let summary = house.sync(&staff).await;
    assert_eq!((summary.result, summary.clears_held), (RunResult::Partial, vec!["identity.jobTitle".to_owned()]));
    assert_eq!(house.versions().await, before);
}

#[tokio::test]
async fn l15_name_and_email_are_never_cleared() {
    let house = House::open().await;
    let staff = connection("staff", "");
    let mut lines = people(3);
    house.file(&lines);
    house.succeed(&staff).await;
    lines[0].name = String::new();
    lines[1].mail = "not an address".into();
    lines[2].mail = String::new();
    house.file(&lines);
    let summary = house.sync(&staff).await;
    assert_eq!((summary.result, summary.counts.deactivated), (RunResult::Partial, 0));
    let contacts = house.contacts().await;
    assert_eq!(contacts.len(), 3);
    assert_eq!(contacts[&mail(0)]["displayName"], "Person 0");
    assert_eq!(house.active().await.len(), 3);
}

#[tokio::test]
async fn l17_an_expression_that_fails_grants_nothing_and_changes_nothing() {
    let house = House::open().await;
    let portal = |expression: &str| {
        let changes = format!("mapping: {{access: {{portalAccess: {{expression: \"{expression}\"}}}}}}");
        connection("staff", &changes)
    };
    let access = async |n| house.contact(&mail(n)).await[scim::KDESK_CONTACT]["portalAccess"].clone();
    let mut lines = people(4);
    lines[1].title = "1".into();
    lines[2].title = "0".into();
    lines[3].title = "none".into();
    lines[0].title = "1".into();
    house.file(&lines);
    let summary = house.sync(&portal("int(person.title) == 1")).await;
    assert_eq!((summary.result, summary.counts.created), (RunResult::Partial, 4));
    assert_eq!((access(0).await.as_bool(), access(1).await.as_bool()), (Some(true), Some(true)));
    assert_ne!(access(2).await.as_bool(), Some(true));
    assert_ne!(access(3).await.as_bool(), Some(true));
    // Now it fails for somebody who has access, and for somebody who has none.
    lines[1].title = "none".into();
    house.file(&lines);
    let summary = house.sync(&portal("int(person.title) == 1")).await;
    assert_eq!((summary.result, summary.counts.skipped), (RunResult::Partial, 2));
    assert_eq!(access(1).await.as_bool(), Some(true));
    assert_ne!(access(3).await.as_bool(), Some(true));
}

#[tokio::test]
async fn l17_an_address_of_a_foreign_domain_is_refused() {
    let house = House::open().await;
    let staff = connection("staff", "");
    let mut lines = people(3);
    house.file(&lines);
    house.succeed(&staff).await;
    lines[1].mail = "boss@other.example".into();
    let mut stranger = person(5);
    stranger.mail = "stranger@sub.acme.example".into();
    lines.push(stranger);
    house.file(&lines);
    for _ in 0..2 {
        let summary = house.sync(&staff).await;
        assert_eq!((summary.result, summary.counts.skipped, summary.counts.created), (RunResult::Partial, 2, 0));
        let contacts = house.contacts().await;
        assert_eq!(contacts.keys().cloned().collect::<Vec<_>>(), [mail(0), mail(1), mail(2)]);
        assert_eq!(house.active().await.len(), 3);
    }
}

/// A history with everything in it that a record tells of: created, changed, skipped, conflicts, held, failed.
async fn eventful(changes: &str) -> House {
    let house = House::open().await;
    let staff = connection("staff", changes);
    let mut lines = people(12);
    house.file(&lines);
    house.make(serde_json::json!({"userName": mail(3), "displayName": "By Hand"})).await;
    house.sync(&staff).await;
    lines[0].name = "Somebody Else".into();
    lines[1].mail = "not an address".into();
    lines[2].mail = "person.2@elsewhere.example".into();
    lines[4].mail = mail(5);
    lines.truncate(7);
    house.file(&lines);
    house.sync(&staff).await;
    house.raw_file("id,displayName,mail,title,groups\np0000,Person 0,person.0@acme.example,Engineer\n");
    house.sync(&staff).await;
    house
}

#[tokio::test]
async fn l20_records_hold_no_names_and_no_addresses() {
    let records = eventful("").await.records();
    assert!(records.contains("p0004") && records.contains("DuplicateEmail") && records.contains("ContactExists"));
    let lower = records.to_lowercase();
    for private in ["@acme.example", "person.", "person 0", "somebody else", "elsewhere", "not an address", "by hand"] {
        let at = lower.find(private);
        assert!(at.is_none(), "{private}: {:?}", at.map(|at| &lower[at.saturating_sub(200)..at + 50]));
    }
}

#[tokio::test]
async fn l20_values_are_logged_where_they_are_asked_for() {
    let records = eventful("logValues: true").await.records();
    assert!(records.contains("Somebody Else"));
}

#[tokio::test]
async fn l17_only_the_words_true_and_false_are_truth_values() {
    let house = House::open().await;
    let portal = connection("staff", "mapping: {access: {portalAccess: {from: title}}}");
    let says = ["true", "TRUE", "false", "", "yes", "1", "on", "truely", "wahr", "true;false"];
    let mut lines = people(says.len());
    for (line, says) in lines.iter_mut().zip(says) {
        line.title = says.into();
    }
    house.file(&lines);
    let summary = house.sync(&portal).await;
    assert_eq!((summary.result, summary.counts.skipped), (RunResult::Partial, 6));
    for (n, says) in says.iter().enumerate() {
        let access = house.contact(&mail(n)).await[scim::KDESK_CONTACT]["portalAccess"].as_bool().unwrap_or(false);
        assert_eq!(access, n < 2, "{says:?}");
    }
}

#[tokio::test]
async fn l17_a_group_that_is_not_there_lets_nobody_in_and_fails_the_run() {
    let house = House::open().await;
    house.file(&people(3));
    house.succeed(&connection("staff", "")).await;
    let before = house.versions().await;
    let portal = connection("staff", "mapping: {access: {portalAccess: {expression: \"inGroup('Portal Users')\"}}}");
    let summary = house.sync(&portal).await;
    assert_eq!(summary.result, RunResult::Failed, "{summary:#?}");
    assert!(summary.message.contains("Portal Users"), "{}", summary.message);
    assert_eq!(house.versions().await, before);
}
