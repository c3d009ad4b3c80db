//! A controller of all namespaces, at a control plane of its own: labels of namespaces admit, and an object that cannot be
//! read stops nobody.

use serde_json::{Value, json};

use super::office::Office;
use crate::support::cluster::Cluster;
use crate::support::house::people;

#[tokio::test]
async fn labels_admit_and_what_cannot_be_read_stops_nobody() {
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::private().await));
    let office = Office::within(cluster, "selected").await;
    let guests = Office::within(cluster, "guests").await;
    std::fs::create_dir(office.house.folder().join(&guests.namespace)).unwrap();
    office.house.other_file(&format!("{}/people.csv", guests.namespace), &people(2));
    unreadable(cluster, &office).await;
    admitted_by_label(cluster, &office, &guests).await;
}

async fn admitted_by_label(cluster: &Cluster, office: &Office, guests: &Office) {
    let selector = json!({"allowedNamespaces": {"from": "Selector", "selector": {"matchLabels": {"desk": "acme"}}}});
    office.workspace("acme", &selector).await;
    let there = json!({"workspaceRef": {"name": "acme", "namespace": office.namespace}});
    let label = async |label: &str| drop(cluster.kubectl(&["label", "namespace", &guests.namespace, label]).await.ok());
    label("desk=acme").await;
    guests.connection("guest", &there).await;
    {
        // One that watches some namespaces may not see their labels.
        let _controller = office.controller(&["--watch-namespace", &guests.namespace]);
        guests.ready("guest", "False", "WorkspaceNotFound").await;
    }
    label("desk-").await;
    office.permit_everywhere().await;
    let _controller = office.controller_of_all(&[]);
    guests.change("guest", &json!({"description": "again"})).await;
    guests.ready("guest", "False", "WorkspaceNotFound").await;
    label("desk=acme").await;
    assert_eq!(guests.ready("guest", "True", "Succeeded").await.contacts, Some(2));
    label("desk-").await;
    guests.ready("guest", "False", "WorkspaceNotFound").await;
}

/// A newer version wrote a connection in a state that this one does not know.
async fn unreadable(cluster: &Cluster, office: &Office) {
    let state = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/state/enum";
    let loosened = json!([{"op": "add", "path": format!("{state}/-"), "value": "Paused"}]).to_string();
    let crd = "crd/contactsyncconnections.kdesk.seraphex.net";
    cluster.kubectl(&["patch", crd, "--type=json", "-p", &loosened]).await.ok();
    crate::support::eventually::eventually("the new state is taken", || async {
        let apply = ["apply", "--server-side", "--field-manager=gitops", "-n", &office.namespace, "-f", "-"];
        let odd = super::office::manifest("odd", &json!({"state": "Paused"})).to_string();
        let said = cluster.kubectl_as("admin", &apply, &odd).await;
        if said.code == 0 { Ok(()) } else { Err(said.err) }
    })
    .await;
    office.people(&people(4)[2..]);
    // Nobody knows where it points: one shard tells of it all the same.
    let shards = ["0", "1"].map(|shard| office.controller(&["--shards", "2", "--shard", shard]));
    office.connection("even", &json!({})).await;
    office.ready("even", "True", "Succeeded").await;
    let odd = crate::support::eventually::eventually("the odd one is told of", || async {
        let said = cluster.kubectl(&["get", "csc/odd", "-n", &office.namespace, "-o", "json"]).await.ok();
        let odd: Value = serde_json::from_str(&said).unwrap();
        if odd["status"]["conditions"].is_array() { Ok(odd) } else { Err(said) }
    })
    .await;
    let conditions = odd["status"]["conditions"].as_array().unwrap();
    let is = |kind: &str| conditions.iter().find(|one| one["type"] == kind).map(|one| (&one["status"], &one["reason"]));
    assert_eq!(is("Ready"), Some((&json!("False"), &json!("Unreadable"))));
    assert_eq!(is("Stalled"), Some((&json!("True"), &json!("Unreadable"))));
    assert_eq!(odd["status"]["observedGeneration"], 1);
    office.run_now("even", "on").await;
    let told = shards.iter().filter(|shard| shard.said().contains("an object cannot be read")).count();
    assert_eq!(told, 1, "one shard tells of it");
    // Mended, it runs; somebody else has these contacts.
    office.connection("odd", &json!({})).await;
    office.ready("odd", "True", "PartiallySynced").await;
}
