//! Too many removals at once are not believed.

use contactsync::api::{RunCounts, RunResult};
use contactsync::scim;
use jiff::SignedDuration;

use crate::support::house::{House, connection, mail, people, person};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

async fn settled(count: usize) -> House {
    let house = House::open().await;
    house.file(&people(count));
    house.succeed(&connection("staff", "")).await;
    house
}

fn approving(plan: &str) -> String {
    format!("leavers: {{policy: Deactivate, approvedPlan: \"{plan}\"}}")
}

#[tokio::test]
async fn l04_many_leavers_at_once_are_held_and_the_rest_goes_on() {
    let house = settled(40).await;
    let mut lines = people(30);
    lines[0].title = "Manager".into();
    lines.push(person(40));
    house.file(&lines);
    let summary = house.sync(&connection("staff", "")).await;
    assert_eq!(summary.result, RunResult::Partial);
    let counts = RunCounts { read: 0, in_scope: 0, ..summary.counts };
    assert_eq!(counts, RunCounts { created: 1, updated: 1, unchanged: 29, held: 10, ..RunCounts::default() });
    assert!(summary.plan.is_some_and(|plan| plan.starts_with("sha256:")));
    assert_eq!(house.active().await.len(), 41);
}

#[tokio::test]
async fn l04_small_steps_add_up_over_24_hours_and_no_longer() {
    let house = settled(40).await;
    let staff = connection("staff", "");
    for (count, deactivated) in [(38, 2), (36, 2), (35, 1)] {
        house.advance(HOUR);
        house.file(&people(count));
        assert_eq!(house.succeed(&staff).await.deactivated, deactivated);
    }
    house.advance(HOUR);
    house.file(&people(34));
    let held = house.sync(&staff).await;
    assert_eq!((held.result, held.counts.held, held.counts.deactivated), (RunResult::Partial, 1, 0));
    assert_eq!(house.active().await.len(), 35);
    house.advance(HOUR * 24);
    assert_eq!(house.succeed(&staff).await.deactivated, 1);
    assert_eq!(house.active().await.len(), 34);
}

#[tokio::test]
async fn l04_a_lost_history_counts_as_full() {
    let house = settled(40).await;
    house.lose_history();
    house.file(&people(39));
    let summary = house.sync(&connection("staff", "")).await;
    assert_eq!((summary.result, summary.counts.held, summary.counts.deactivated), (RunResult::Partial, 1, 0));
    assert_eq!(house.active().await.len(), 40);
}

#[tokio::test]
async fn l04_nobody_in_scope_always_holds() {
    let house = settled(2).await;
    let mut lines = people(2);
    for line in &mut lines {
        line.groups = "Visitors".into();
    }
    let mut visitor = person(9);
    visitor.groups = "Staff".into();
    visitor.mail = String::new();
    // A group must be there to be named; its only member is somebody who is excluded.
    let excluding = "scope: {mode: List, list: {groups: [{name: Staff}]}, exclude: {ids: [p0009]}}\nleavers: {policy: Deactivate, handover: 0s}";
    lines.push(visitor);
    house.file(&lines);
    let before = house.versions().await;
    let summary = house.sync(&connection("staff", excluding)).await;
    assert_eq!((summary.result, summary.counts.in_scope, summary.counts.held), (RunResult::Partial, 0, 2));
    assert_eq!(house.versions().await, before);
}

#[tokio::test]
async fn l05_an_approved_plan_lets_those_go_and_no_newcomer() {
    let house = settled(40).await;
    house.file(&people(30));
    let held = house.sync(&connection("staff", "")).await;
    let plan = held.plan.unwrap();
    // One of them came back meanwhile, another left who was not in the plan.
    let mut lines = people(31);
    lines.remove(0);
    house.file(&lines);
    let approved = connection("staff", &approving(&plan));
    let summary = house.sync(&approved).await;
    assert_eq!((summary.result, summary.counts.deactivated), (RunResult::Succeeded, 10));
    let active = house.active().await;
    assert!(active.contains(&mail(30)) && !active.contains(&mail(31)) && !active.contains(&mail(0)));
}

#[tokio::test]
async fn l05_newcomers_beyond_the_limits_form_a_new_plan() {
    let house = settled(40).await;
    house.file(&people(30));
    let plan = house.sync(&connection("staff", "")).await.plan.unwrap();
    house.file(&people(20));
    let summary = house.sync(&connection("staff", &approving(&plan))).await;
    assert_eq!((summary.result, summary.counts.deactivated, summary.counts.held), (RunResult::Partial, 10, 10));
    let second = summary.plan.unwrap();
    assert_ne!(second, plan);
    let active = house.active().await;
    assert_eq!(active.len(), 30);
    assert!((20..30).all(|n| active.contains(&mail(n))));
    let summary = house.sync(&connection("staff", &approving(&second))).await;
    assert_eq!((summary.result, summary.counts.deactivated), (RunResult::Succeeded, 10));
}

#[tokio::test]
async fn l05_a_plan_keeps_its_name_and_expires_after_7_days() {
    let house = settled(40).await;
    house.file(&people(30));
    let staff = connection("staff", "");
    let plan = house.sync(&staff).await.plan.unwrap();
    house.advance(HOUR);
    assert_eq!(house.sync(&staff).await.plan.as_ref(), Some(&plan), "the same people are held: the same plan");
    house.advance(HOUR * 24 * 7);
    let summary = house.sync(&connection("staff", &approving(&plan))).await;
    assert_eq!((summary.result, summary.counts.deactivated, summary.counts.held), (RunResult::Partial, 0, 10));
    assert_ne!(summary.plan.unwrap(), plan);
    assert_eq!(house.active().await.len(), 40);
}

#[tokio::test]
async fn l04_many_new_sign_in_keys_at_once_are_held() {
    let house = settled(40).await;
    let mut lines = people(40);
    for line in lines.iter_mut().take(10) {
        line.mail = line.mail.replace("person.", "renamed.");
        line.title = "Manager".into();
    }
    house.file(&lines);
    let summary = house.sync(&connection("staff", "")).await;
    assert_eq!((summary.result, summary.counts.held), (RunResult::Partial, 10));
    assert_eq!(house.contact(&mail(0)).await["title"], "Manager");
    let summary = house.sync(&connection("staff", &approving(&summary.plan.unwrap()))).await;
    assert_eq!((summary.result, summary.counts.updated), (RunResult::Succeeded, 10));
    house.contact("renamed.0@acme.example").await;
}

#[tokio::test]
async fn l04_many_movers_are_marked_and_held_when_the_handover_is_over() {
    let house = settled(40).await;
    let staff = connection("staff", "");
    let mut lines = people(40);
    for line in &mut lines[30..] {
        line.groups = "Visitors".into();
    }
    house.file(&lines);
    assert_eq!(house.succeed(&staff).await, RunCounts { left: 10, unchanged: 30, ..RunCounts::default() });
    house.advance(HOUR * 24);
    let summary = house.sync(&staff).await;
    assert_eq!((summary.result, summary.counts.held, summary.counts.deactivated), (RunResult::Partial, 10, 0));
    assert_eq!(house.active().await.len(), 40);
    // They are back: the marks go, and nothing else happened.
    house.file(&people(40));
    assert_eq!(house.succeed(&staff).await, RunCounts { updated: 10, unchanged: 30, ..RunCounts::default() });
    assert_eq!(house.contact(&mail(35)).await["externalId"], "default/support/staff/p0035");
}

#[tokio::test]
async fn l04_portal_access_given_or_taken_in_bulk_is_held() {
    let house = settled(40).await;
    let portal = |value: bool, more: &str| {
        connection("staff", &format!("mapping: {{access: {{portalAccess: {{value: {value}}}}}}}\n{more}"))
    };
    let access = async || {
        let contacts = house.contacts().await;
        contacts.values().filter(|contact| contact[scim::KDESK_CONTACT]["portalAccess"] == true).count()
    };
    for (value, before, after) in [(true, 0, 40), (false, 40, 0)] {
        house.advance(HOUR * 25);
        let summary = house.sync(&portal(value, "")).await;
        assert_eq!((summary.result, summary.counts.held, access().await), (RunResult::Partial, 40, before));
        let approved = portal(value, &approving(&summary.plan.unwrap()));
        house.succeed(&approved).await;
        assert_eq!(access().await, after);
    }
}

#[tokio::test]
async fn l04_deletions_are_held_like_any_removal() {
    let house = settled(40).await;
    house.file(&people(30));
    let deleting = connection("staff", "leavers: {policy: Delete, hold: {abovePercent: 10}}");
    let summary = house.sync(&deleting).await;
    assert_eq!((summary.result, summary.counts.held, summary.counts.deleted), (RunResult::Partial, 10, 0));
    assert_eq!(house.contacts().await.len(), 40);
}
