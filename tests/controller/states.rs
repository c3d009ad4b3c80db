//! What a connection says of itself in each state, and whether `kubectl wait` and kstatus read it right.

use contactsync::api::{RunResult, RunTrigger};
use k8s_openapi::api::events::v1::Event;
use serde_json::json;

use super::kstatus::{Health, health};
use super::office::{Office, condition, from_file};
use crate::support::between::{Between, Passing, Side};
use crate::support::eventually::eventually;
use crate::support::house::{Line, mail, people, person};

#[tokio::test]
async fn what_stands_in_the_spec_stalls_and_what_lies_outside_is_retried() {
    let office = Office::open("wrong").await;
    office.people(&people(3));
    let _controller = office.controller(&[]);
    let title = |expression: &str| json!({"mapping": {"identity": {"jobTitle": {"expression": expression}}}});
    office.connection("cel", &title("person.title.explode()")).await;
    let zone = |zone: &str| json!({"schedule": {"cron": "0 4 * * *", "timeZone": zone}});
    office.connection("zone", &zone("Europe/Stockholmm")).await;
    let group = |name: &str| json!({"scope": {"list": {"groups": [{"name": name}]}}});
    office.connection("group", &group("Nobody")).await;
    office.connection("nowhere", &json!({"workspaceRef": {"name": "later"}})).await;
    for (name, reason, wanted) in [
        ("cel", "InvalidSpec", Health::Failed),
        ("zone", "InvalidSchedule", Health::Failed),
        ("group", "GroupNotFound", Health::InProgress),
        ("nowhere", "WorkspaceNotFound", Health::InProgress),
    ] {
        let status = office.ready(name, "False", reason).await;
        assert_eq!(health(&office.get(name).await), wanted, "{name}: {status:?}");
        assert_eq!(condition(&status, "Stalled").is_some(), wanted == Health::Failed);
        assert_eq!(status.next_run_time.is_some(), name == "group", "{name}: only what is retried says when");
    }
    assert!(condition(&office.status("zone").await, "Ready").unwrap().2.starts_with("spec.schedule.timeZone"));
    let wait = ["wait", "--for=condition=Ready", "csc/group", "-n", &office.namespace, "--timeout=0s"];
    assert_ne!(office.cluster.kubectl(&wait).await.code, 0);
    assert!(office.house.active().await.is_empty());

    // Mended one after the other, each goes on at once.
    office.change("cel", &title("person.title")).await;
    assert_eq!(office.ready("cel", "True", "Succeeded").await.contacts, Some(3));
    for (name, change) in [("zone", zone("Europe/Stockholm")), ("group", group("Staff"))] {
        office.change(name, &change).await;
        // They read the same people, whose contacts are the first one's.
        let status = office.ready(name, "True", "PartiallySynced").await;
        assert!(condition(&status, "Ready").unwrap().2.contains("waiting OwnedByAnother 3"), "{status:?}");
    }
    office.workspace("later", &json!({})).await;
    office.ready("nowhere", "True", "PartiallySynced").await;
    assert_eq!(office.events("cel").await, ["InvalidSpec", "RunSucceeded"]);
}

#[tokio::test]
async fn a_draft_is_planned_and_never_writes() {
    let office = Office::open("draft").await;
    let between = Between::start(&office.house.base, false).await;
    office.workspace("acme", &json!({"endpoint": between.base})).await;
    office.people(&people(3));
    let _controller = office.controller(&[]);
    office.connection("emea", &json!({"state": "Draft"})).await;
    let status = office.ready("emea", "True", "Draft").await;
    assert_eq!(health(&office.get("emea").await), Health::Current);
    assert_eq!(status.plan.as_ref().unwrap().counts.created, 3);
    assert!(status.last_run.is_none() && status.binding.is_none());
    // On request, and when it changes.
    office.people(&people(4));
    office.annotate("emea", "again").await;
    let planned = |created| move |plan: &contactsync::api::PlanStatus| plan.counts.created == created;
    let status =
        office.until("emea", "it is planned again", |_, status| status.plan.as_ref().is_some_and(planned(4))).await;
    assert_eq!(status.last_handled_requested_at.as_deref(), Some("again"));
    office.people(&people(5));
    office.change("emea", &json!({"description": "five"})).await;
    office.until("emea", "it is planned anew", |_, status| status.plan.as_ref().is_some_and(planned(5))).await;
    office.ready("emea", "True", "Draft").await;
    assert_eq!(between.writes(), 0);

    // Enabled; then a Draft again in the middle of its run.
    let mut writing = between.stop(Side::Before, Passing::is_write);
    office.change("emea", &json!({"state": "Enabled"})).await;
    writing.wait().await;
    let during = office.get("emea").await;
    assert_eq!(health(&during), Health::InProgress);
    let status = during.status.unwrap();
    assert_eq!(condition(&status, "Ready").map(|(is, why, _)| (is, why)), Some(("Unknown", "Progressing")));
    assert_eq!(condition(&status, "Syncing").map(|(is, why, _)| (is, why)), Some(("True", "Change")));
    office.change("emea", &json!({"state": "Draft"})).await;
    let status = office.ready("emea", "True", "Draft").await;
    drop(writing);
    let run = status.last_run.unwrap();
    assert_eq!((run.result, run.message.as_deref()), (RunResult::Interrupted, Some("the connection became a Draft")));
    assert_eq!(condition(&office.status("emea").await, "Syncing").unwrap().0, "False");
    assert!(office.house.contacts().await.is_empty());
    assert_eq!(office.events("emea").await, ["RunInterrupted"]);
}

#[tokio::test]
async fn a_workspace_that_is_switched_off_runs_nothing_until_it_is_on() {
    let office = Office::open("switch").await;
    office.workspace("acme", &json!({"contactSync": "Disabled"})).await;
    office.people(&people(2));
    let _controller = office.controller(&[]);
    office.connection("emea", &json!({"schedule": {"interval": "1h"}})).await;
    let status = office.ready("emea", "True", "ContactSyncDisabled").await;
    assert_eq!(health(&office.get("emea").await), Health::Current);
    assert!(status.last_run.is_none() && status.next_run_time.is_none());
    office.workspace("acme", &json!({})).await;
    let status = office.ready("emea", "True", "Succeeded").await;
    assert!(status.next_run_time.is_some());
    let transition = status.conditions.iter().find(|one| one.type_ == "Ready").unwrap().last_transition_time.clone();
    // A run that somebody asks for does not flip Ready, and its time stays.
    let status = office.run_now("emea", "one").await;
    let after = status.conditions.iter().find(|one| one.type_ == "Ready").unwrap();
    assert_eq!(after.last_transition_time, transition);
    // Off again: what it is due for waits, also what somebody asks for.
    office.workspace("acme", &json!({"contactSync": "Disabled"})).await;
    let off = office.ready("emea", "True", "ContactSyncDisabled").await;
    office.annotate("emea", "two").await;
    office.workspace("acme", &json!({})).await;
    let on = office.ready("emea", "True", "Succeeded").await;
    assert_eq!(on.last_handled_requested_at.as_deref(), Some("two"));
    assert_eq!(on.recent_runs.len(), off.recent_runs.len() + 1, "{on:?}");
}

#[tokio::test]
async fn a_secret_that_is_missing_or_wrong_is_waited_for() {
    let office = Office::open("secret").await;
    office.people(&people(2));
    let auth = json!({"auth": {"bearerToken": {"secretRef": {"name": "late"}}}});
    office.workspace("acme", &auth).await;
    let _controller = office.controller(&["--workspace-check", "1s"]);
    office.connection("emea", &json!({})).await;
    let status = office.ready("emea", "False", "KeyNotFound").await;
    assert!(status.next_run_time.is_some() && condition(&status, "Stalled").is_none(), "{status:?}");
    office.workspace_ready("acme", "False", "KeyNotFound").await;
    office.secret("late", "not-the-token").await;
    office.workspace_ready("acme", "False", "DeskAccessDenied").await;
    office.run_now("emea", "wrong").await;
    office.ready("emea", "False", "DeskAccessDenied").await;
    office.secret("late", &office.house.token).await;
    office.workspace_ready("acme", "True", "DeskAnswers").await;
    office.run_now("emea", "right").await;
    assert_eq!(office.ready("emea", "True", "Succeeded").await.contacts, Some(2));
    // The same failure is told once, and counted.
    for token in ["three", "four"] {
        std::fs::write(office.house.folder().join(&office.namespace).join("people.csv"), "nothing\n").unwrap();
        office.run_now("emea", token).await;
    }
    let reason = condition(&office.status("emea").await, "Ready").unwrap().1.to_owned();
    eventually("the failure is told once, and counted", || async {
        let told = office.told("emea").await;
        let of = |event: &&Event| event.reason.as_deref() == Some(reason.as_str());
        let counts: Vec<_> = told.iter().filter(of).map(|event| event.series.as_ref().map(|s| s.count)).collect();
        if counts == [Some(2)] { Ok(()) } else { Err(format!("{reason}: {told:#?}")) }
    })
    .await;
}

#[tokio::test]
async fn l04_l05_held_removals_wait_for_the_approval_of_their_plan() {
    let office = Office::open("held").await;
    office.people(&people(20));
    let _controller = office.controller(&[]);
    office.connection("emea", &json!({})).await;
    office.ready("emea", "True", "Succeeded").await;
    office.people(&people(8));
    office.run_now("emea", "shrunk").await;
    let status = office.ready("emea", "True", "PartiallySynced").await;
    let plan = status.plan.clone().unwrap();
    let hash = plan.hash.unwrap();
    assert_eq!((plan.counts.held, plan.counts.deactivated), (12, 12));
    let (is, why, message) = condition(&status, "RemovalsHeld").unwrap();
    assert_eq!((is, why), ("True", "AboveHold"));
    assert!(message.contains(&hash) && message.contains("12"), "{message}");
    assert_eq!(office.house.active().await.len(), 20);
    // A run that fails in between leaves the plan where it is.
    office.people(&[]);
    std::fs::remove_file(office.house.folder().join(&office.namespace).join("people.csv")).unwrap();
    office.run_now("emea", "no file").await;
    let failed = office.ready("emea", "False", "DirectoryUnavailable").await;
    assert_eq!(failed.plan.and_then(|plan| plan.hash).as_ref(), Some(&hash));
    office.people(&people(8));
    office.change("emea", &json!({"leavers": {"approvedPlan": hash}})).await;
    let status = office.ready("emea", "True", "Succeeded").await;
    assert!(condition(&status, "RemovalsHeld").is_none() && status.plan.is_none());
    assert_eq!(status.last_run.unwrap().counts.deactivated, 12);
    assert_eq!(office.house.active().await.len(), 8);
    assert_eq!(office.events("emea").await, ["DirectoryUnavailable", "RemovalsHeld", "RunPartial", "RunSucceeded"]);
}

#[tokio::test]
async fn l15_l19_partial_and_held_clears_say_why() {
    let office = Office::open("partial").await;
    office.people(&people(6));
    let _controller = office.controller(&[]);
    office.connection("emea", &json!({})).await;
    office.ready("emea", "True", "Succeeded").await;
    let mut lines: Vec<Line> = people(6).into_iter().map(|line| Line { title: String::new(), ..line }).collect();
    lines.push(Line { mail: "stranger@elsewhere.example".into(), title: String::new(), ..person(6) });
    lines.push(Line { mail: String::new(), title: String::new(), ..person(7) });
    office.people(&lines);
    office.run_now("emea", "strange").await;
    let status = office.ready("emea", "True", "PartiallySynced").await;
    assert_eq!(health(&office.get("emea").await), Health::Current);
    let run = status.last_run.clone().unwrap();
    assert_eq!((run.result, run.trigger, run.counts.skipped), (RunResult::Partial, RunTrigger::Request, 2));
    let message = condition(&status, "Ready").unwrap().2;
    assert!(message.contains("skipped") && !message.contains("elsewhere"), "{message}");
    let (_, why, fields) = condition(&status, "ClearsHeld").unwrap();
    assert_eq!(why, "LostForEverybody");
    assert!(fields.to_lowercase().contains("title"), "{fields}");
    assert_eq!(office.house.contact(&mail(0)).await["title"], "Engineer");
    assert_eq!(office.events("emea").await, ["RunPartial", "RunSucceeded"]);
}

#[tokio::test]
async fn applying_again_changes_nothing_and_nobody_conflicts() {
    let office = Office::open("apply").await;
    office.people(&people(2));
    let _controller = office.controller(&[]);
    let change = json!({"schedule": {"interval": "1h"}, "deletionPolicy": "Deactivate"});
    let text = super::office::manifest("emea", &change).to_string();
    let apply = ["apply", "-n", &office.namespace, "-f", "-"];
    office.cluster.kubectl_as("admin", &apply, &text).await.ok();
    office.ready("emea", "True", "Succeeded").await;
    let before = office.get("emea").await.metadata.resource_version;
    office.cluster.kubectl_as("admin", &apply, &text).await.ok();
    let diff = office.cluster.kubectl_as("admin", &["diff", "-n", &office.namespace, "-f", "-"], &text).await;
    assert_eq!((diff.code, diff.out.as_str()), (0, ""), "{}", diff.err);
    assert_eq!(office.get("emea").await.metadata.resource_version, before);
    // Flux takes it over, changes it, and nothing that the controller wrote is in its way.
    let forced = ["apply", "--server-side", "--force-conflicts", "--field-manager=gitops", "-n", &office.namespace];
    office.cluster.kubectl_as("admin", &[&forced[..], &["-f", "-"]].concat(), &text).await.ok();
    office
        .connection("emea", &from_file("people.csv", &json!({"description": "x", "deletionPolicy": "Deactivate"})))
        .await;
    let status = office.ready("emea", "True", "Succeeded").await;
    assert_eq!(status.observed_generation, Some(2));
    assert_eq!(office.get("emea").await.metadata.finalizers.unwrap(), ["kdesk.seraphex.net/contacts"]);
}
