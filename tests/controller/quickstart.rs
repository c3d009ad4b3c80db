//! From `kubectl apply` to Ready, and what a person sees on the way.

use serde_json::json;

use super::office::{Office, condition};
use crate::support::house::people;

#[tokio::test]
async fn a_connection_goes_from_apply_to_ready() {
    let office = Office::open("quickstart").await;
    office.people(&people(3));
    let _controller = office.controller(&[]);
    office.connection("emea", &json!({"schedule": {"cron": "*/30 * * * *"}})).await;
    let namespace = office.namespace.clone();
    let wait = ["wait", "--for=condition=Ready", "csc/emea", "-n", &namespace, "--timeout=30s"];
    office.cluster.kubectl(&wait).await.ok();
    let status = office.ready("emea", "True", "Succeeded").await;
    assert_eq!(status.contacts, Some(3));
    assert!(status.last_success_time.is_some() && status.next_run_time.is_some());
    let run = status.last_run.unwrap();
    assert_eq!((run.counts.created, run.counts.read), (3, 3));
    assert_eq!(status.recent_runs.len(), 1);
    assert_eq!(office.house.active().await.len(), 3);
    let kinds: Vec<&str> = status.conditions.iter().map(|condition| condition.type_.as_str()).collect();
    assert_eq!(kinds, ["Syncing", "Ready"]);
    assert_eq!(condition(&office.status("emea").await, "Syncing").unwrap().0, "False");
    assert_eq!(office.events("emea").await, ["RunSucceeded"]);
}
