//! What the roles are for: `edit` manages contact sync in its namespace, `view` looks on.

use serde_json::json;

use super::{ask, grant, path};
use crate::controller::office::{Office, manifest};
use crate::support::house::{Line, people};

#[tokio::test]
async fn an_editor_makes_runs_approves_and_deletes_connections_of_the_namespace() {
    let office = Office::open("editors").await;
    grant(&office, "editor", "edit").await;
    let _controller = office.controller(&[]);
    let staff: Vec<Line> = people(20);
    office.people(&staff);
    let (all, one) = (path(&office.namespace, "contactsyncconnections"), |name: &str| {
        path(&office.namespace, &format!("contactsyncconnections/{name}"))
    });
    let hold = json!({"leavers": {"hold": {"abovePercent": 10, "aboveCount": 1}}});
    let made = ask(office.cluster, "editor", "POST", &all, &manifest("emea", &hold)).await;
    assert_eq!(made.0, 200, "{}", made.1);
    office.ready("emea", "True", "Succeeded").await;
    office.people(&staff[..10]);
    let token = json!({"metadata": {"annotations": {"kdesk.seraphex.net/requestedAt": "editor-1"}}});
    assert_eq!(ask(office.cluster, "editor", "PATCH", &one("emea"), &token).await.0, 200);
    let status = office
        .until("emea", "removals are held", |_, status| {
            status.plan.is_some() && status.last_handled_requested_at.is_some()
        })
        .await;
    assert_eq!(office.house.active().await.len(), 20, "held");
    let plan = status.plan.unwrap().hash.unwrap();
    let approval = json!({"spec": {"leavers": {"approvedPlan": plan}}});
    assert_eq!(ask(office.cluster, "editor", "PATCH", &one("emea"), &approval).await.0, 200);
    office.ready("emea", "True", "Succeeded").await;
    assert_eq!(office.house.active().await.len(), 10, "approved");
    assert_eq!(ask(office.cluster, "editor", "DELETE", &one("emea"), &json!({})).await.0, 200);
    office.gone("emea").await;
}

#[tokio::test]
async fn a_viewer_sees_status_and_changes_nothing_and_asks_for_no_log() {
    let office = Office::open("viewers").await;
    grant(&office, "viewer", "view").await;
    office.connection("emea", &json!({"state": "Draft"})).await;
    let there = |resource: &str| path(&office.namespace, resource);
    for seen in [
        "contactsyncconnections",
        "contactsyncconnections/emea",
        "contactsyncconnections/emea/status",
        "kdeskworkspaces/acme",
    ] {
        assert_eq!(ask(office.cluster, "viewer", "GET", &there(seen), &json!({})).await.0, 200, "{seen}");
    }
    let spec = json!({"spec": {"state": "Enabled"}});
    let token = json!({"metadata": {"annotations": {"kdesk.seraphex.net/requestedAt": "viewer"}}});
    for (method, resource, body) in [
        ("PATCH", "contactsyncconnections/emea", &spec),
        ("PATCH", "contactsyncconnections/emea", &token),
        ("DELETE", "contactsyncconnections/emea", &json!({})),
        ("POST", "contactsyncconnections", &manifest("planted", &json!({}))),
        ("POST", "contactsynclogrequests", &json!({})),
        ("GET", "contactsynclogrequests", &json!({})),
    ] {
        let (code, said) = ask(office.cluster, "viewer", method, &there(resource), body).await;
        assert_eq!(code, 403, "{method} {resource}: {said}");
    }
    let secret = format!("/api/v1/namespaces/{}/secrets/kdesk", office.namespace);
    assert_eq!(ask(office.cluster, "viewer", "GET", &secret, &json!({})).await.0, 403);
}
