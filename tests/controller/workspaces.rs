//! Workspaces: what they say, who may use them, and what holds them.

use kube::api::DeleteParams;
use serde_json::json;

use super::office::Office;
use crate::support::eventually::eventually;
use crate::support::house::people;

const FINALIZER: &str = "kdesk.seraphex.net/in-use";

#[tokio::test]
async fn a_workspace_says_what_its_desk_can_do_and_goes_after_its_connections() {
    let office = Office::open("used").await;
    office.people(&people(2));
    let _controller = office.controller(&[]);
    let workspace = office.workspace_ready("acme", "True", "DeskAnswers").await;
    let status = workspace.status.unwrap();
    assert!(status.conditions[0].message.contains("PATCH"), "{status:?}");
    assert_eq!((status.connections, workspace.metadata.finalizers), (Some(0), None));
    office.connection("emea", &json!({"deletionPolicy": "Deactivate"})).await;
    office.ready("emea", "True", "Succeeded").await;
    eventually("the workspace is in use", || async {
        let workspace = office.workspaces.get("acme").await.unwrap();
        let used = workspace.status.as_ref().is_some_and(|status| status.connections == Some(1));
        let held = workspace.metadata.finalizers == Some(vec![FINALIZER.to_owned()]);
        if used && held { Ok(()) } else { Err(format!("{workspace:?}")) }
    })
    .await;
    office.workspaces.delete("acme", &DeleteParams::default()).await.unwrap();
    office.workspace_ready("acme", "False", "InUse").await;
    // It works until then, and what is due to its contacts is done.
    office.run_now("emea", "still").await;
    office.delete("emea").await;
    office.gone("emea").await;
    assert!(office.house.active().await.is_empty());
    eventually("the workspace is gone", || async {
        let left = office.workspaces.get_opt("acme").await.unwrap();
        left.map_or(Ok(()), |workspace| Err(format!("{workspace:?}")))
    })
    .await;
}

#[tokio::test]
async fn a_namespace_that_is_not_admitted_sees_nothing_and_holds_nothing() {
    let office = Office::open("owners").await;
    let stranger = Office::open("strangers").await;
    stranger.people(&people(2));
    std::fs::create_dir(office.house.folder().join(&stranger.namespace)).unwrap();
    office.house.other_file(&format!("{}/people.csv", stranger.namespace), &people(2));
    let _controller = office.controller(&["--watch-namespace", &stranger.namespace]);
    office.workspace_ready("acme", "True", "DeskAnswers").await;
    let there = |name: &str| json!({"workspaceRef": {"name": name, "namespace": office.namespace}});
    stranger.connection("real", &there("acme")).await;
    stranger.connection("unreal", &there("none")).await;
    let refused = stranger.ready("real", "False", "WorkspaceNotFound").await;
    let nowhere = stranger.ready("unreal", "False", "WorkspaceNotFound").await;
    let said = |status: &contactsync::api::ConnectionStatus| status.conditions[0].message.replace("/none ", "/acme ");
    assert_eq!(said(&refused), said(&nowhere));
    let workspace = office.workspaces.get("acme").await.unwrap();
    assert_eq!((workspace.status.unwrap().connections, workspace.metadata.finalizers), (Some(0), None));
    // Whoever may never write here inherits nothing either.
    office.people(&people(6)[4..]);
    office.connection("emea", &json!({"deletionPolicy": "Deactivate"})).await;
    office.ready("emea", "True", "Succeeded").await;
    let mut heir = there("acme");
    heir["takeOverFrom"] = json!([format!("default/{}/emea", office.namespace)]);
    stranger.connection("heir", &heir).await;
    stranger.ready("heir", "False", "WorkspaceNotFound").await;
    office.delete("emea").await;
    office.gone("emea").await;
    assert!(office.house.active().await.is_empty());
    stranger.delete("heir").await;
    stranger.gone("heir").await;
    // Admitted.
    office.workspace("acme", &json!({"allowedNamespaces": {"from": "All"}})).await;
    stranger.ready("real", "True", "Succeeded").await;
    assert_eq!(office.house.active().await.len(), 2);
    stranger.ready("unreal", "False", "WorkspaceNotFound").await;
    // And no more.
    office.workspace("acme", &json!({})).await;
    stranger.ready("real", "False", "WorkspaceNotFound").await;
    assert_eq!(office.house.active().await.len(), 2);
}
