//! What the API server takes and refuses by `crds/`, and in which words.

use std::fmt::Write as _;

use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams};
use serde::Deserialize;
use serde_json::{Value, json};

use super::support::{connection, connections, merge, said, workspaces};
use crate::support::cluster::{ADMIN, Cluster};

/// Changed in the spec, then tried at the API server.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "case")]
    name: String,
    change: Value,
    says: Vec<String>,
    /// What it says to a server-side apply, where that is another answer.
    applied: Option<Vec<String>>,
}

/// Whether the server said this: every line, word for word, but for what it puts before a fault that it finds early.
fn is(said: &[String], mut wanted: Vec<String>) -> bool {
    wanted.sort_unstable();
    said.len() == wanted.len() && said.iter().zip(&wanted).all(|(said, wanted)| said.ends_with(wanted))
}

#[tokio::test]
async fn refuses_each_mistake_and_says_what_to_type() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("refused").await;
    let api = connections(cluster, &namespace).await;
    let cases: Vec<Case> = serde_yaml::from_str(include_str!("refused.yaml")).unwrap();
    let mut wrong = String::new();
    for Case { name, change, says, applied } in cases {
        let object = connection(&namespace, "t", &change);
        let created = said(create(&api, &object).await);
        let patched = said(apply(&api, &object).await);
        let applied = applied.unwrap_or_else(|| says.clone());
        for (way, said, wanted) in [("create", created, says), ("apply", patched, applied)] {
            if !is(&said, wanted.clone()) {
                writeln!(wrong, "{name}, {way}: wanted {wanted:#?}, but the server said {said:#?}").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Tries to create it, as `kubectl create --dry-run=server` does.
async fn create(api: &Api<DynamicObject>, object: &Value) -> kube::Result<Value> {
    let url = format!("{}?dryRun=All&fieldValidation=Strict", api.resource_url());
    let request = http::Request::post(url).header("content-type", "application/json");
    api.clone().into_client().request(request.body(serde_json::to_vec(object).unwrap()).unwrap()).await
}

/// Tries to apply it, as Flux, Argo CD and `kubectl apply --server-side --dry-run=server` do.
async fn apply(api: &Api<DynamicObject>, object: &Value) -> kube::Result<DynamicObject> {
    let name = object["metadata"]["name"].as_str().unwrap();
    api.patch(name, &PatchParams::apply("tests").dry_run(), &Patch::Apply(object)).await
}

#[tokio::test]
async fn accepts_what_is_right() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("accepted").await;
    let api = connections(cluster, &namespace).await;
    for change in [
        json!({}),
        json!({"schedule": {"cron": "@hourly"}}),
        json!({"schedule": null, "state": "Draft"}),
        json!({"source": {"type": "File", "ldap": null, "file": {"path": "a/b.csv", "format": "CSV", "idField": "id"}}}),
    ] {
        let object = connection(&namespace, "t", &change);
        assert_eq!(said(create(&api, &object).await), ["taken"], "{change}");
        assert_eq!(said(apply(&api, &object).await), ["taken"], "{change}");
    }
}

#[tokio::test]
async fn a_workspace_is_held_to_its_rules_too() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("desk").await;
    let api = workspaces(cluster, &namespace).await;
    let url = "must be an https:// URL (plain http only to this machine or to a service in the cluster)";
    let refused = |field: &str, said: &str| vec![format!("{field}: Invalid value: {said}")];
    for (change, wanted) in [
        (json!({}), vec!["taken".to_owned()]),
        (json!({"endpoint": "http://kdesk.support.svc:8085/scim/v2"}), vec!["taken".to_owned()]),
        (
            json!({"endpoint": "http://desk.example/scim/v2"}),
            refused("spec.endpoint", &format!("\"http://desk.example/scim/v2\": {url}")),
        ),
        (
            json!({"auth": {"type": "OAuth2"}}),
            refused("spec.auth", "auth.type is OAuth2, so set auth.oauth2 and no other"),
        ),
        (
            json!({"allowedNamespaces": {"from": "Selector", "selector": {}}}),
            refused(
                "spec.allowedNamespaces",
                "an empty selector would admit every namespace: say from: All if that is meant",
            ),
        ),
    ] {
        let mut object = json!({"apiVersion": "kdesk.seraphex.net/v1alpha1", "kind": "KDeskWorkspace",
            "metadata": {"namespace": namespace, "name": "acme"},
            "spec": {"endpoint": "https://acme.kdesk.example/scim/v2", "contactSync": "Enabled",
                "auth": {"type": "BearerToken", "bearerToken": {"secretRef": {"name": "kdesk", "key": "token"}}}}});
        merge(&mut object["spec"], &change);
        assert_eq!(said(create(&api, &object).await), wanted, "{change}");
        assert_eq!(said(apply(&api, &object).await), wanted, "{change}");
    }
}

#[tokio::test]
async fn kubectl_shows_the_mistake_and_nothing_else() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("shown").await;
    let object = connection(&namespace, "t", &json!({"scope": {"list": null}})).to_string();
    let said = cluster.kubectl_as(ADMIN, &["apply", "--server-side", "--dry-run=server", "-f", "-"], &object).await;
    assert_eq!(
        said.err,
        "The ContactSyncConnection \"t\" is invalid: spec.scope: Invalid value: scope.mode is List, so set scope.list and not scope.pattern\n"
    );
}

/// A merge patch, as `kubectl edit` sends it.
async fn change(api: &Api<DynamicObject>, name: &str, patch: Value) -> Vec<String> {
    said(api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await)
}

const FILE: &str = r#"{"type": "File", "ldap": null, "file": {"path": "a.csv", "format": "CSV", "idField": "id"}}"#;

#[tokio::test]
async fn what_owned_contacts_are_bound_to_cannot_change() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("bound").await;
    let api = connections(cluster, &namespace).await;
    let object = connection(&namespace, "bound", &json!({"ownershipKey": "acme/support/one"}));
    api.patch("bound", &PatchParams::apply("tests"), &Patch::Apply(&object)).await.unwrap();
    let binding = json!({"status": {"observedGeneration": 1, "binding": {
        "workspaceUID": "0b1c", "ownershipKey": "acme/support/one", "sourceType": "LDAP"}}});
    api.patch_status("bound", &PatchParams::default(), &Patch::Merge(binding)).await.unwrap();
    let file: Value = serde_json::from_str(FILE).unwrap();
    for (patch, wanted) in [
        (
            json!({"source": file}),
            "spec.source.type: Forbidden: spec.source.type cannot change while this connection owns contacts: person ids \
             of one directory mean nothing in another. Create a new connection, or delete this one's contacts first",
        ),
        (
            json!({"workspaceRef": {"name": "other"}}),
            "spec.workspaceRef: Forbidden: spec.workspaceRef cannot change while this connection owns contacts there. \
             Create a new connection for the other workspace",
        ),
        (
            json!({"ownershipKey": "acme/support/two"}),
            "spec.ownershipKey: Forbidden: spec.ownershipKey cannot change while this connection owns contacts",
        ),
        (
            json!({"ownershipKey": null}),
            "spec.ownershipKey: Forbidden: spec.ownershipKey cannot change while this connection owns contacts",
        ),
    ] {
        assert_eq!(change(&api, "bound", json!({ "spec": patch })).await, [wanted]);
    }
    // All else may change: the directory's address, and whether it is on.
    let moved = json!({"state": "Draft", "source": {"ldap": {"url": "ldaps://dc2.acme.example"}}});
    assert_eq!(change(&api, "bound", json!({ "spec": moved })).await, ["taken"]);
    // A finalizer comes and goes, and with it the object.
    let finalizer = json!({"metadata": {"finalizers": ["kdesk.seraphex.net/contacts"]}});
    assert_eq!(change(&api, "bound", finalizer).await, ["taken"]);
    api.delete("bound", &DeleteParams::default()).await.unwrap();
    assert_eq!(change(&api, "bound", json!({"metadata": {"finalizers": null}})).await, ["taken"]);
    assert!(api.get_opt("bound").await.unwrap().is_none());
}

#[tokio::test]
async fn a_connection_that_owns_nothing_may_change_its_mind() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("free").await;
    let api = connections(cluster, &namespace).await;
    let object = connection(&namespace, "free", &json!({}));
    api.patch("free", &PatchParams::apply("tests"), &Patch::Apply(&object)).await.unwrap();
    let file: Value = serde_json::from_str(FILE).unwrap();
    let patch = json!({"source": file, "workspaceRef": {"name": "other"}, "ownershipKey": "acme/support/two"});
    assert_eq!(change(&api, "free", json!({ "spec": patch })).await, ["taken"]);
}
