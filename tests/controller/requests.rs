//! Runs that somebody asks for: each once, none lost.

use contactsync::api::{ConnectionStatus, RunTrigger};
use futures::{StreamExt, pin_mut};
use kube::api::{Patch, PatchParams, WatchEvent, WatchParams};
use serde_json::{Value, json};

use super::office::{Office, from_file};
use crate::support::between::{Between, Passing, Side, Then};
use crate::support::eventually::eventually;
use crate::support::house::people;

/// Runs that are over.
fn runs(status: &ConnectionStatus) -> usize {
    status.recent_runs.len()
}

fn triggers(status: &ConnectionStatus) -> Vec<RunTrigger> {
    status.recent_runs.iter().map(|run| run.trigger).collect()
}

#[tokio::test]
async fn each_request_leads_to_one_run_and_each_run_to_two_writes() {
    let office = Office::open("asked").await;
    office.people(&people(2));
    let _controller = office.controller(&[]);
    office.connection("emea", &json!({})).await;
    office
        .connection("quiet", &from_file("none.csv", &json!({"state": "Draft", "workspaceRef": {"name": "none"}})))
        .await;
    office.ready("quiet", "False", "WorkspaceNotFound").await;
    office.ready("emea", "True", "Succeeded").await;
    let quiet = office.get("quiet").await.metadata.resource_version;

    let version = office.get("emea").await.metadata.resource_version.unwrap();
    let status = office.run_now("emea", "one").await;
    assert_eq!(triggers(&status), [RunTrigger::Request, RunTrigger::Change]);
    // What the API server stored since: the request, the run's beginning and its end.
    assert_eq!(writes_since(&office, "emea", &version, &status).await, 3);

    // One that is longer than status can hold is still told from another.
    let long = "x".repeat(300);
    office.annotate("emea", &long).await;
    let longer = office.until("emea", "a long token is handled", |_, status| runs(status) == 3).await;
    assert!(longer.last_handled_requested_at.unwrap().starts_with("blake3:"));
    // A token that disappears asks for nothing; the next one shows that nothing ran in between.
    let none = json!({"metadata": {"annotations": {"kdesk.seraphex.net/requestedAt": null}}});
    office.connections.patch("emea", &PatchParams::default(), &Patch::Merge(none)).await.unwrap();
    let status = office.run_now("emea", "two").await;
    assert_eq!(runs(&status), 4, "{status:?}");
    // Nobody asked this one, and nobody wrote to it.
    assert_eq!(office.get("quiet").await.metadata.resource_version, quiet);
}

/// Versions of the object after `version` up to this status.
async fn writes_since(office: &Office, name: &str, version: &str, last: &ConnectionStatus) -> usize {
    let only = WatchParams::default().fields(&format!("metadata.name={name}"));
    let events = office.connections.watch(&only, version).await.unwrap();
    pin_mut!(events);
    let mut count = 0;
    while let Some(event) = events.next().await {
        let WatchEvent::Modified(object) = event.unwrap() else { continue };
        count += 1;
        if object.status.as_ref() == Some(last) {
            return count;
        }
    }
    panic!("the watch ended after {count}");
}

#[tokio::test]
async fn requests_during_a_run_lead_to_one_run_after_it() {
    let office = Office::open("during").await;
    let between = Between::start(&office.house.base, false).await;
    office.workspace("acme", &json!({"endpoint": between.base})).await;
    office.people(&people(2));
    let _controller = office.controller(&[]);
    let mut writing = between.stop(Side::Before, Passing::is_write);
    office.connection("emea", &json!({})).await;
    writing.wait().await;
    office.annotate("emea", "one").await;
    office.annotate("emea", "two").await;
    writing.then(Then::GoOn);
    let status = office
        .until("emea", "the newest request is handled", |_, status| {
            status.last_handled_requested_at.as_deref() == Some("two")
                && status.last_run.as_ref().is_some_and(|run| run.end_time.is_some())
        })
        .await;
    assert_eq!(triggers(&status), [RunTrigger::Request, RunTrigger::Change]);
    let status = office.run_now("emea", "three").await;
    assert_eq!(triggers(&status), [RunTrigger::Request, RunTrigger::Request, RunTrigger::Change]);
}

#[tokio::test]
async fn a_request_at_the_workspace_runs_all_its_connections_once() {
    let office = Office::open("all").await;
    let _controller = office.controller(&[]);
    for (at, name) in ["a", "b"].into_iter().enumerate() {
        office.people_of(&format!("{name}.csv"), &people(2 * at + 2)[2 * at..]);
        office.connection(name, &from_file(&format!("{name}.csv"), &json!({}))).await;
    }
    for name in ["a", "b"] {
        office.ready(name, "True", "Succeeded").await;
    }
    ask(&office, "everybody").await;
    let handled = |status: &ConnectionStatus| {
        status.last_handled_workspace_requested_at.as_deref() == Some("everybody")
            && status.last_run.as_ref().is_some_and(|run| run.end_time.is_some())
    };
    for name in ["a", "b"] {
        let status = office.until(name, "the workspace's request is handled", |_, status| handled(status)).await;
        assert_eq!(triggers(&status), [RunTrigger::Request, RunTrigger::Change]);
    }
    eventually("the workspace says that it was handed on", || async {
        let status = office.workspaces.get("acme").await.unwrap().status.unwrap_or_default();
        let told = status.last_handled_requested_at.as_deref() == Some("everybody") && status.connections == Some(2);
        if told { Ok(()) } else { Err(format!("{status:?}")) }
    })
    .await;
    // One that comes later ran after that request.
    office.people_of("c.csv", &people(6)[4..]);
    office.connection("c", &from_file("c.csv", &json!({}))).await;
    office.ready("c", "True", "Succeeded").await;
    let status = office.run_now("c", "once more").await;
    assert_eq!(triggers(&status), [RunTrigger::Request, RunTrigger::Change]);
    assert_eq!(status.last_handled_workspace_requested_at.as_deref(), Some("everybody"));
}

async fn ask(office: &Office, token: &str) {
    let patch: Value = json!({"metadata": {"annotations": {"kdesk.seraphex.net/requestedAt": token}}});
    office.workspaces.patch("acme", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
}
