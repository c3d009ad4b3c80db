//! Alerts, runbooks, dashboard and docs name the same things.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::helm::{chart, named, set};

/// What docs/metrics.md lists, each with its labels; a test of the telemetry compares that with what is exposed.
fn metrics() -> BTreeMap<String, BTreeSet<String>> {
    let rows = include_str!("../../docs/metrics.md").lines().filter(|line| line.starts_with("| `contactsync_"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let labels = cells[3].split(',').map(|label| label.trim().trim_matches('`').to_owned());
        (cells[1].trim_matches('`').to_owned(), labels.filter(|label| !label.is_empty()).collect())
    })
    .collect()
}

pub(super) fn alerts() -> Vec<Value> {
    let text = std::fs::read_to_string(chart().join("files/monitoring/alerts.yaml")).unwrap();
    let file: Value = serde_yaml::from_str(&text).unwrap();
    file["groups"][0]["rules"].as_array().unwrap().clone()
}

/// The queries of the dashboard, variables included.
pub(super) fn queries() -> Vec<String> {
    let text = std::fs::read_to_string(chart().join("files/monitoring/dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

/// The metrics that an expression names, and the labels that it matches them by.
fn named_in(expression: &str) -> Vec<(String, Vec<String>)> {
    let metric = regex::Regex::new(r"(contactsync_\w+)(?:\{([^}]*)\})?").unwrap();
    let label = regex::Regex::new(r#"(\w+)\s*(?:=~|!~|!=|=)\s*""#).unwrap();
    metric
        .captures_iter(expression)
        .map(|found| {
            let labels = found.get(2).map_or("", |labels| labels.as_str());
            (found[1].to_owned(), label.captures_iter(labels).map(|label| label[1].to_owned()).collect())
        })
        .collect()
}

#[test]
fn every_metric_and_label_that_is_asked_for_exists() {
    let known = metrics();
    let rules = alerts().into_iter().map(|alert| alert["expr"].as_str().unwrap().to_owned());
    let mut asked = 0;
    for expression in rules.chain(queries()) {
        for (name, labels) in named_in(&expression) {
            let family =
                ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(&name);
            let of = known.get(family).unwrap_or_else(|| panic!("docs/metrics.md has no {family}: {expression}"));
            for label in labels {
                assert!(of.contains(&label), "{family} has no label {label}: {expression}");
            }
            asked += 1;
        }
    }
    assert!(asked > 30, "{asked}");
}

#[test]
fn every_alert_has_a_runbook_and_can_be_left_out() {
    let runbooks: BTreeSet<&str> =
        include_str!("../../docs/runbooks.md").lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let names: BTreeSet<String> = alerts().iter().map(|alert| alert["alert"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names.iter().map(String::as_str).collect::<BTreeSet<_>>(), runbooks);
    let text = std::fs::read_to_string(chart().join("values.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let disabled =
        schema.pointer("/properties/metrics/properties/prometheusRule/properties/disabled/items/enum").unwrap();
    let disabled: BTreeSet<String> = serde_json::from_value(disabled.clone()).unwrap();
    assert_eq!(disabled, names, "values.schema.json: metrics.prometheusRule.disabled");
}

#[test]
fn rules_are_rendered_with_their_runbooks_labels_and_limit() {
    let objects = set(&[
        "metrics.prometheusRule.enabled=true",
        "metrics.prometheusRule.staleAfterSeconds=7200",
        "metrics.prometheusRule.runbookURL=https://acme.example/runbooks",
        "metrics.prometheusRule.alertLabels.severity=page",
        "metrics.prometheusRule.disabled={ContactSyncRunSlow}",
    ]);
    let rules = named(&objects, "PrometheusRule", "contactsync")["spec"]["groups"][0]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), alerts().len() - 1);
    for rule in rules {
        let name = rule["alert"].as_str().unwrap();
        let runbook = format!("https://acme.example/runbooks#{}", name.to_lowercase());
        assert_eq!(rule["annotations"]["runbook_url"], runbook);
        assert_eq!(rule["labels"]["severity"], "page");
        assert!(!rule["expr"].as_str().unwrap().contains("STALE"));
    }
    let stale = rules.iter().find(|rule| rule["alert"] == "ContactSyncConnectionStale").unwrap();
    assert!(stale["expr"].as_str().unwrap().contains("> 7200)"), "{stale}");
}

#[test]
fn a_scrape_keeps_the_connections_own_namespace() {
    for (kind, value, endpoints) in [
        ("ServiceMonitor", "metrics.serviceMonitor.enabled=true", "endpoints"),
        ("PodMonitor", "metrics.podMonitor.enabled=true", "podMetricsEndpoints"),
    ] {
        let objects = set(&[value]);
        let endpoint = &named(&objects, kind, "contactsync")["spec"][endpoints][0];
        assert_eq!((&endpoint["honorLabels"], &endpoint["port"]), (&true.into(), &"http".into()));
    }
}

#[test]
fn the_dashboard_is_rendered_as_it_is_written() {
    let objects = set(&["metrics.dashboard.enabled=true"]);
    let config = named(&objects, "ConfigMap", "contactsync-dashboard");
    assert_eq!(config["metadata"]["labels"]["grafana_dashboard"], "1");
    let rendered: Value = serde_json::from_str(config["data"]["contactsync.json"].as_str().unwrap()).unwrap();
    assert_eq!(rendered["uid"], "contactsync");
    assert!(rendered.to_string().contains("{{namespace}}/{{name}}"), "legends are Grafana's, not helm's");
}
