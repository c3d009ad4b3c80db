//! Names and labels that are legal and strange.

use serde_json::Value;

use super::helm::{chart, helm, objects, run};
use crate::support::cluster::Said;

fn release(name: &str, namespace: &str, values: &[&str]) -> Said {
    let mut command = helm(&["template", name]);
    command.arg(chart()).args(["--namespace", namespace]).args(values);
    run(command, "")
}

const EVERYTHING: &str = "kdesk.enabled=true,kdesk.workspace.create=true,endpoints.allowPlainHTTP=true,jobs.enabled=true,\
    networkPolicy.enabled=true,metrics.serviceMonitor.enabled=true,metrics.prometheusRule.enabled=true,\
    metrics.dashboard.enabled=true,argocd.health.enabled=true";

/// Every label, selector and namespace below a value that is no text.
fn not_text(value: &Value, at: &str, found: &mut Vec<String>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(n, value)| (n.to_string(), value)).collect(),
        _ => return,
    };
    for (name, member) in members {
        let at = format!("{at}/{name}");
        let is_name = matches!(name.as_str(), "namespace" | "app.kubernetes.io/instance" | "meta.helm.sh/release-name");
        let is_listed = at.contains("/matchNames/");
        if (is_name || is_listed) && member.is_number() {
            found.push(at.clone());
        }
        not_text(member, &at, found);
    }
}

#[test]
fn a_release_and_a_namespace_that_read_like_numbers_stay_text() {
    let own = ["--set", "fullnameOverride=sync", "--set-json", r#"watchNamespaces=["2024"]"#, "--set", EVERYTHING];
    let rendered = objects(&release("123", "2024", &own).ok());
    let mut found = Vec::new();
    for object in &rendered {
        not_text(object, object["kind"].as_str().unwrap(), &mut found);
        if let Some(job) = object["data"]["job.yaml"].as_str() {
            for job in objects(job) {
                not_text(&job, "Job", &mut found);
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_name_that_no_service_may_have_is_refused_with_what_to_set() {
    for (name, value) in
        [("123", "clusterName=default"), ("my.release", "clusterName=default"), ("contactsync", "fullnameOverride=a.b")]
    {
        let said = release(name, "contactsync", &["--set", value]);
        assert_ne!(said.code, 0, "{name} {value}");
        assert!(said.err.contains("fullnameOverride"), "{name} {value}: {}", said.err);
    }
}

#[test]
fn a_label_that_the_chart_sets_itself_is_refused_as_another() {
    for label in ["commonLabels", "podLabels"] {
        let value = format!(r"{label}.app\.kubernetes\.io/part-of=platform");
        let said = release("contactsync", "contactsync", &["--set", &value]);
        assert_ne!(said.code, 0, "{label}: helm takes it, and others refuse a key that is there twice");
        assert!(said.err.contains(&format!("{label}: app.kubernetes.io/part-of")), "{}", said.err);
    }
}

/// `null` takes a default away: nothing is left, as with an empty one.
#[test]
fn a_default_that_is_taken_away_is_an_empty_one() {
    for value in [
        "commonLabels",
        "podLabels",
        "jobs.podLabels",
        "proxy.noProxy",
        "crds.annotations",
        "networkPolicy.egress.directoryPorts",
        "metrics.prometheusRule.alertLabels",
    ] {
        let all = format!("{EVERYTHING},proxy.httpsProxy=http://proxy.example,{value}=null");
        let said = release("contactsync", "contactsync", &["--set", &all]);
        assert_eq!(said.code, 0, "{value}: {}", said.err);
    }
}
