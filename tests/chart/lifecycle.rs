//! A release comes, is upgraded, goes and comes again, on an API server that knew nothing of it. No pod runs here: `make e2e`
//! shows that in a whole cluster.

use serde_json::Value;

use super::helm::{chart, ci_values, helm, run};
use crate::support::cluster::{ADMIN, Cluster};

/// helm against this cluster, in the namespace of the docs.
fn release(cluster: &Cluster, arguments: &[&str]) -> String {
    let mut command = helm(arguments);
    command.args(["--namespace", "contactsync"]).env("KUBECONFIG", cluster.kubeconfig_of(ADMIN));
    run(command, "").ok()
}

/// With a workspace to try it out; what helm makes must suit an API server that has never heard of the kind.
fn trial() -> Vec<String> {
    let values = ci_values().into_iter().find(|file| file.ends_with("kdesk-trial-values.yaml")).unwrap();
    let (chart, claim) = (chart(), "logs.store.type=PersistentVolumeClaim");
    let arguments = ["contactsync", chart.to_str().unwrap(), "-f", values.to_str().unwrap(), "--set", claim];
    arguments.map(ToOwned::to_owned).into()
}

fn with<'a>(command: &[&'a str], trial: &'a [String]) -> Vec<&'a str> {
    command.iter().copied().chain(trial.iter().map(String::as_str)).collect()
}

/// One object of the release's namespace; nothing where it is not there.
async fn object(cluster: &Cluster, kind: &str, name: &str) -> Option<Value> {
    let said =
        cluster.kubectl(&["get", kind, name, "-n", "contactsync", "-o", "json", "--ignore-not-found"]).await.ok();
    (!said.is_empty()).then(|| serde_json::from_str(&said).unwrap())
}

#[tokio::test]
async fn a_release_is_installed_upgraded_uninstalled_and_installed_again() {
    let cluster = Cluster::private().await;
    cluster.kubectl(&["delete", "crd", "--all"]).await.ok();
    let trial = trial();
    let said = release(&cluster, &with(&["install", "--create-namespace"], &trial));
    assert!(said.contains("helm test contactsync --namespace contactsync"), "{said}");
    let token = async || object(&cluster, "secret", "contactsync-kdesk").await.unwrap()["data"]["token"].clone();
    let uid = async |kind: &str, name: &str| object(&cluster, kind, name).await.unwrap()["metadata"]["uid"].clone();
    let (first, workspace) = (token().await, uid("kdw", "kdesk").await);
    // Twice: the first upgrade takes the workspace into the release, the second finds it there.
    for port in ["9001", "9002"] {
        let port = format!("kdesk.port={port}");
        release(&cluster, &with(&["upgrade", "--set", &port], &trial));
    }
    assert_eq!(token().await, first, "an upgrade keeps the token of the bundled workspace");
    let now = object(&cluster, "kdw", "kdesk").await.unwrap();
    assert_eq!(now["metadata"]["uid"], workspace);
    assert_eq!(now["spec"]["endpoint"], "http://contactsync-kdesk.contactsync.svc:9002/scim/v2");
    let connection = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/quickstart/connection.yaml");
    cluster.kubectl(&["create", "namespace", "support"]).await.ok();
    cluster.kubectl(&["apply", "-n", "support", "-f", connection]).await.ok();
    let claim = uid("pvc", "contactsync-runs").await;
    release(&cluster, &["uninstall", "contactsync"]);
    assert!(object(&cluster, "deployment", "contactsync").await.is_none());
    let kept = cluster.kubectl(&["get", "csc", "-A", "-o", "name"]).await.ok();
    assert_eq!(kept.lines().count(), 1, "connections stay: {kept}");
    release(&cluster, &with(&["install"], &trial));
    assert_eq!(
        (uid("pvc", "contactsync-runs").await, uid("kdw", "kdesk").await),
        (claim, workspace),
        "both were taken back"
    );
}
