//! The series of objects that are gone go too: an alert on one would never end.

use kube::api::DeleteParams;
use serde_json::json;

use super::office::{Office, Operator};
use crate::support::api_proxy::{ApiProxy, Call, Trouble};
use crate::support::eventually::eventually;
use crate::support::house::{client, people};

/// Waits until the metrics have, or have no more, a series of the object.
async fn shows(address: &str, series: &str, object: &str, wanted: bool) {
    let word = format!(r#"name="{object}""#);
    eventually(&format!("{series} of {object}: {wanted}"), || async {
        let answer = client().get(format!("http://{address}/metrics")).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let found: Vec<_> = text.lines().filter(|line| line.starts_with(series) && line.contains(&word)).collect();
        if found.is_empty() == wanted { Err(format!("{found:?}")) } else { Ok(()) }
    })
    .await;
}

#[tokio::test]
async fn a_workspace_that_nobody_used_leaves_no_series() {
    let office = Office::open("series-unused").await;
    let controller = office.controller(&["--lease-duration", "15s"]);
    let address = controller.serves("metrics and probes").await;
    office.workspace("lone", &json!({"auth": {"bearerToken": {"secretRef": {"name": "none"}}}})).await;
    office.workspace_ready("lone", "False", "KeyNotFound").await;
    shows(&address, "contactsync_workspace_ready", "lone", true).await;
    office.workspaces.delete("lone", &DeleteParams::default()).await.unwrap();
    shows(&address, "contactsync_workspace_ready", "lone", false).await;
}

#[tokio::test]
async fn what_was_deleted_while_nobody_watched_leaves_no_series() {
    let office = Office::open("series-unseen").await;
    let proxy = ApiProxy::start(office.cluster).await;
    office.people(&people(2));
    let controller = Operator::at(
        &office,
        &proxy.kubeconfig,
        "controller",
        &["--watch-namespace", &office.namespace, "--lease-duration", "15s"],
    );
    let address = controller.serves("metrics and probes").await;
    office.workspace("lone", &json!({"auth": {"bearerToken": {"secretRef": {"name": "none"}}}})).await;
    office.connection("emea", &json!({})).await;
    office.ready("emea", "True", "Succeeded").await;
    let all = [("contactsync_workspace_ready", "lone"), ("contactsync_connection_ready", "emea")];
    for (series, object) in all {
        shows(&address, series, object, true).await;
    }
    proxy.trouble(usize::MAX, Trouble::Refuse(503, 0), Call::is_watch);
    proxy.cut_watches();
    office.workspaces.delete("lone", &DeleteParams::default()).await.unwrap();
    office.delete("emea").await;
    office.gone("emea").await;
    // What is told is where the last watch stood: the answer is a new listing, without those that are gone.
    proxy.heal();
    proxy.trouble(2, Trouble::Expired, Call::is_watch);
    for (series, object) in all {
        shows(&address, series, object, false).await;
    }
}
