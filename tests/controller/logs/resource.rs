//! `ContactSyncLogRequest` at a real API server, and in files.

use serde_json::json;

use super::scene::Scene;
use crate::support::cluster::ADMIN;
use crate::support::processes::program;

fn manifest(namespace: &str, spec: &serde_json::Value) -> String {
    let metadata = json!({"name": "one", "namespace": namespace});
    json!({"apiVersion": "kdesk.seraphex.net/v1alpha1", "kind": "ContactSyncLogRequest", "metadata": metadata, "spec": spec})
        .to_string()
}

#[tokio::test]
async fn a_request_is_what_it_was_when_it_was_made() {
    let scene = Scene::open("immutable").await;
    let apply = async |spec: &serde_json::Value| {
        scene.cluster.kubectl_as(ADMIN, &["apply", "-f", "-"], &manifest(&scene.namespace, spec)).await
    };
    let hash = "0a".repeat(32);
    for (spec, wrong) in [
        (json!({"connection": "emea"}), "ticketSHA256"),
        (json!({"connection": "emea", "ticketSHA256": "0A".repeat(32)}), "ticketSHA256"),
        (json!({"connection": "emea", "ticketSHA256": "0a".repeat(31)}), "ticketSHA256"),
        (json!({"connection": "../emea", "ticketSHA256": hash}), "connection"),
        (json!({"connection": "other/emea", "ticketSHA256": hash}), "connection"),
        (json!({"connection": "emea", "run": "../x", "ticketSHA256": hash}), "run"),
    ] {
        let said = apply(&spec).await;
        assert!(said.code != 0 && said.err.contains(&format!("spec.{wrong}")), "{spec}: {}", said.err);
    }
    apply(&json!({"connection": "emea", "ticketSHA256": hash})).await.ok();
    for change in [
        json!({"connection": "apac", "ticketSHA256": hash}),
        json!({"connection": "emea", "run": "a", "ticketSHA256": hash}),
    ] {
        let said = apply(&change).await;
        assert!(said.err.contains("delete this request and make another one"), "{}", said.err);
    }
    let list = scene.cluster.kubectl(&["get", "cslr", "-n", &scene.namespace]).await.ok();
    assert_eq!(
        list.lines().next().unwrap().split_whitespace().collect::<Vec<_>>(),
        ["NAME", "CONNECTION", "RUN", "AGE"]
    );
    let all = scene.cluster.kubectl(&["get", "contactsync", "-n", &scene.namespace, "-o", "name"]).await.ok();
    assert!(all.contains("contactsynclogrequest.kdesk.seraphex.net/one"), "{all}");
}

#[test]
fn a_request_in_a_file_is_told_to_be_none_of_its_business() {
    let folder = tempfile::tempdir().unwrap();
    let spec = json!({"connection": "emea", "ticketSHA256": "0a".repeat(32)});
    std::fs::write(folder.path().join("one.json"), manifest("support", &spec)).unwrap();
    let said = program().args(["validate", "-f"]).arg(folder.path()).output().unwrap();
    let text = String::from_utf8(said.stderr).unwrap() + &String::from_utf8(said.stdout).unwrap();
    assert_eq!(said.status.code(), Some(2), "{text}");
    assert!(text.contains("contactsync logs makes and deletes it"), "{text}");
}
