//! How connections and workspaces look to whoever works with kubectl, before any controller has seen them.

use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::support::{connection, connections};
use crate::support::cluster::{ADMIN, Cluster};

/// What both tests begin with: one connection applied, and the file it came from.
async fn applied(cluster: &Cluster, namespace: &str, name: &str, change: &Value) -> String {
    let text = connection(namespace, name, change).to_string();
    cluster.kubectl_as(ADMIN, &["apply", "-f", "-"], &text).await.ok();
    text
}

#[tokio::test]
async fn applying_again_changes_nothing() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("again").await;
    let workspace =
        include_str!("../manifest/workspace.yaml").replace("namespace: support", &format!("namespace: {namespace}"));
    let connection = connection(&namespace, "emea-sales", &json!({})).to_string();
    let text = format!("{connection}\n---\n{workspace}");
    let versions = async || {
        let each = "jsonpath={range .items[*]}{.metadata.name} {.metadata.resourceVersion}{'\\n'}{end}";
        cluster.kubectl(&["get", "csc,kdw,secrets", "-n", &namespace, "-o", each]).await.ok()
    };
    for way in [&["apply", "-f", "-"][..], &["apply", "--server-side", "--force-conflicts", "-f", "-"]] {
        cluster.kubectl_as(ADMIN, way, &text).await.ok();
        let mut diff = way.to_vec();
        diff[0] = "diff";
        let difference = cluster.kubectl_as(ADMIN, &diff, &text).await;
        assert_eq!((difference.code, difference.out.as_str()), (0, ""), "{way:?}: {}", difference.err);
        let before = versions().await;
        assert_eq!(before.lines().count(), 4, "{before}");
        cluster.kubectl_as(ADMIN, way, &text).await.ok();
        assert_eq!(versions().await, before, "{way:?}");
    }
}

#[tokio::test]
async fn what_nobody_has_looked_at_is_not_taken_for_current() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("new").await;
    applied(cluster, &namespace, "new", &json!({})).await;
    let now = connections(cluster, &namespace).await.get("new").await.unwrap();
    assert_eq!(now.data["status"], json!({"observedGeneration": -1}));
    // No default appears in what the team wrote: Argo CD would show it as a difference.
    assert_eq!(now.data["spec"], connection(&namespace, "new", &json!({}))["spec"]);
}

#[tokio::test]
async fn the_list_says_whether_people_are_in_step() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("listed").await;
    applied(cluster, &namespace, "emea-sales", &json!({})).await;
    let status = json!({"status": {
        "observedGeneration": 1,
        "contacts": 12034,
        "nextRunTime": "2126-11-23T10:30:00Z",
        "lastRun": {"id": "one", "trigger": "Schedule", "generation": 1, "startTime": "2026-11-23T10:00:00Z",
            "endTime": "2026-11-23T10:00:07Z", "result": "Succeeded"},
        "conditions": [{"type": "Ready", "status": "True", "reason": "InStep", "message": "every contact is in step",
            "lastTransitionTime": "2026-11-23T10:00:07Z", "observedGeneration": 1}],
    }});
    let api = connections(cluster, &namespace).await;
    api.patch_status("emea-sales", &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
    let list = cluster.kubectl(&["get", "csc", "-n", &namespace, "-o", "wide"]).await.ok();
    let rows: Vec<Vec<&str>> = list.lines().map(cells).collect();
    let wide = ["NAME", "SOURCE", "STATE", "READY", "LAST RUN", "NEXT RUN", "AGE", "CONTACTS", "RESULT", "MESSAGE"];
    assert_eq!(rows[0], wide);
    for (column, wanted) in [
        ("SOURCE", "LDAP"),
        ("STATE", "Enabled"),
        ("READY", "True"),
        ("NEXT RUN", "2126-11-23T10:30:00Z"),
        ("CONTACTS", "12034"),
        ("RESULT", "Succeeded"),
        ("MESSAGE", "every contact is in step"),
    ] {
        let at = wide.iter().position(|name| *name == column).unwrap();
        assert_eq!(rows[1][at], wanted, "{column}");
    }
    let narrow = cluster.kubectl(&["get", "contactsync", "-n", &namespace]).await.ok();
    assert_eq!(cells(narrow.lines().next().unwrap()), wide[..7]);
}

/// kubectl puts three spaces between two cells, and a cell may hold single ones.
fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

#[tokio::test]
async fn connections_are_found_by_what_they_say() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("found").await;
    applied(cluster, &namespace, "enabled", &json!({})).await;
    applied(cluster, &namespace, "draft", &json!({"state": "Draft", "workspaceRef": {"name": "other"}})).await;
    let file =
        json!({"source": {"type": "File", "ldap": null, "file": {"path": "a.csv", "format": "CSV", "idField": "id"}}});
    applied(cluster, &namespace, "file", &file).await;
    let failed = json!({"status": {"observedGeneration": 1, "lastRun": {"id": "one", "trigger": "Schedule",
        "generation": 1, "startTime": "2026-11-23T10:00:00Z", "result": "Failed"}}});
    let api = connections(cluster, &namespace).await;
    api.patch_status("enabled", &PatchParams::default(), &Patch::Merge(failed)).await.unwrap();
    for (selector, wanted) in [
        ("spec.state=Draft", "draft"),
        ("spec.state=Enabled,spec.source.type=File", "file"),
        ("spec.source.type=File", "file"),
        ("spec.workspaceRef.name=other", "draft"),
        ("status.lastRun.result=Failed", "enabled"),
    ] {
        let arguments =
            ["get", "csc", "-n", &namespace, "--field-selector", selector, "-o", "jsonpath={.items[*].metadata.name}"];
        assert_eq!(cluster.kubectl(&arguments).await.ok(), wanted, "{selector}");
    }
}
