//! Who may do what: the people of one namespace, and what they might try against another's or against the operator.
//!
//! docs/security.md lists every attempt by the word that stands here; a test holds the two together.

mod addresses;
mod contacts;
mod permitted;
mod refused;

use kube::core::Status;
use serde_json::{Value, json};

use super::office::Office;
use crate::support::cluster::Cluster;

/// What Kubernetes' own role `edit` gives besides, in its parts that matter here. No controller gathers it in these tests.
const EDIT: &str = r#"[
    {"apiGroups": [""], "resources": ["secrets", "configmaps", "pods", "services", "events"], "verbs": ["*"]},
    {"apiGroups": [""], "resources": ["pods/exec", "pods/portforward", "services/proxy"], "verbs": ["*"]},
    {"apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["*"]},
    {"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]},
    {"apiGroups": ["batch", "apps"], "resources": ["*"], "verbs": ["*"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["*"]}
]"#;

/// Gives a user one of the roles of `deploy/users.yaml` in an office's namespace, as Kubernetes' own role of that name does.
async fn grant(office: &Office, user: &str, role: &str) {
    office.apply_all(include_str!("../../../deploy/users.yaml")).await;
    let group = "rbac.authorization.k8s.io";
    let mut roles = vec![("ClusterRole", "contactsync-view")];
    if role == "edit" {
        roles.push(("ClusterRole", "contactsync-edit"));
        roles.push(("Role", "edit"));
        let edit: Value = serde_json::from_str(EDIT).unwrap();
        office
            .apply(&json!({"apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": {"name": "edit"}, "rules": edit}))
            .await;
    }
    for (kind, name) in roles {
        office
            .apply(&json!({
                "apiVersion": format!("{group}/v1"), "kind": "RoleBinding",
                "metadata": {"name": format!("{user}-{name}")},
                "roleRef": {"apiGroup": group, "kind": kind, "name": name},
                "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
            }))
            .await;
    }
}

/// What the API server answers a user: a status code, and what it says.
async fn ask(cluster: &Cluster, user: &str, method: &str, path: &str, body: &Value) -> (u16, String) {
    let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
    let body = if method == "GET" { Vec::new() } else { body.to_string().into_bytes() };
    let request = http::Request::builder().method(method).uri(path).header("content-type", kind).body(body).unwrap();
    match cluster.client_as(user).await.request_text(request).await {
        Ok(text) => (200, text),
        Err(kube::Error::Api(status)) => {
            let Status { code, message, .. } = *status;
            (code, message)
        }
        Err(error) => panic!("{method} {path}: {error}"),
    }
}

/// The path of the connections, workspaces and so on of a namespace.
fn path(namespace: &str, resource: &str) -> String {
    format!("/apis/kdesk.seraphex.net/v1alpha1/namespaces/{namespace}/{resource}")
}

/// Every attempt that the tests make.
fn attempts() -> Vec<&'static str> {
    let by_rights = refused::FORBIDDEN.iter().map(|attempt| attempt.word);
    by_rights
        .chain(refused::INVALID.iter().map(|attempt| attempt.0))
        .chain(addresses::WORDS)
        .chain(contacts::WORDS)
        .collect()
}

#[test]
fn the_security_page_lists_every_attempt_and_no_other() {
    let page = include_str!("../../../docs/security.md");
    let mut listed: Vec<&str> = page
        .split_once("## What was tried")
        .unwrap()
        .1
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .map(|(word, _)| word)
        .collect();
    let mut made = attempts();
    listed.sort_unstable();
    made.sort_unstable();
    assert_eq!(listed, made);
    assert!(made.len() >= 25, "{}", made.len());
}
