//! Argo CD's health check gives what kstatus gives, so that Argo CD, Flux and kubectl agree.

use std::fmt::Write as _;
use std::process::Command;

use contactsync::api::ContactSyncConnection;
use serde_json::{Value, json};

use super::helm::{named, run, set};
use crate::controller::kstatus::{Health, health};

/// A value in Lua's own words.
fn lua(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Array(items) => format!("{{{}}}", items.iter().map(lua).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("[{name:?}] = {}", lua(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        plain => plain.to_string(),
    }
}

fn connection(status: &Value) -> Value {
    json!({
        "apiVersion": "kdesk.seraphex.net/v1alpha1", "kind": "ContactSyncConnection",
        "metadata": {"name": "emea", "namespace": "support", "generation": 3},
        "spec": {"state": "Enabled", "workspaceRef": {"name": "acme"},
            "source": {"type": "File", "file": {"path": "a.csv", "format": "CSV", "idField": "id"}},
            "emailDomains": ["acme.example"], "scope": {"mode": "List", "list": {"categories": ["a"], "categoryAttribute": "b"}},
            "mapping": {"preset": "Standard"}, "conflicts": "Skip", "leavers": {"policy": "Keep"}, "deletionPolicy": "Keep"},
        "status": status,
    })
}

/// Every status that the conditions allow, and some that they do not.
fn statuses() -> Vec<Value> {
    let mut all = vec![json!({"observedGeneration": -1})];
    for generation in [2, 3] {
        for ready in [None, Some("True"), Some("False"), Some("Unknown")] {
            for other in [&[][..], &["Stalled"], &["Reconciling"], &["Stalled", "Reconciling"], &["RemovalsHeld"]] {
                let condition = |kind: &str, status: &str| {
                    json!({"type": kind, "status": status, "reason": "Because", "message": format!("{kind} is {status}"),
                        "lastTransitionTime": "2026-11-23T10:00:00Z", "observedGeneration": generation})
                };
                let mut conditions: Vec<Value> = ready.iter().map(|ready| condition("Ready", ready)).collect();
                conditions.extend(other.iter().map(|kind| condition(kind, "True")));
                all.push(json!({"observedGeneration": generation, "conditions": conditions}));
            }
        }
    }
    all
}

#[test]
fn argo_cd_sees_what_kstatus_sees() {
    let config = set(&["argocd.health.enabled=true"]);
    let config = named(&config, "ConfigMap", "contactsync-argocd-health");
    let check =
        |kind: &str| config["data"][format!("resource.customizations.health.kdesk.seraphex.net_{kind}")].clone();
    assert_eq!(check("ContactSyncConnection"), check("KDeskWorkspace"));
    let check = check("ContactSyncConnection").as_str().unwrap().to_owned();
    let mut script = format!("local function health(obj)\n{check}\nend\n");
    let mut wanted = String::new();
    for status in statuses() {
        let object = connection(&status);
        let of: ContactSyncConnection = serde_json::from_value(object.clone()).unwrap();
        let ready = status["conditions"].as_array().is_some_and(|all| all.iter().any(|one| one["type"] == "Ready"));
        let expected = match health(&of) {
            // kstatus takes an object without Ready for done; ours never is.
            Health::Current if ready => "Healthy",
            Health::Failed => "Degraded",
            _ => "Progressing",
        };
        writeln!(wanted, "{expected}").unwrap();
        writeln!(script, "print(health({}).status)", lua(&object)).unwrap();
    }
    let mut command = Command::new("lua5.4");
    command.arg("-");
    assert_eq!(run(command, &script).ok(), wanted);
}
