//! Whether Prometheus's own tool takes the rules and the dashboard's queries; tests/controller/promtool.rs asks it of metrics.

use serde_json::Value;

use super::helm::{chart, rendered, run, set, tool};
use super::monitoring::{alerts, queries};

#[test]
#[ignore = "run by make chart-test, which builds promtool"]
fn the_rules_are_right_and_each_alert_fires_when_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let from = chart().join("files/monitoring");
    let rules = std::fs::read_to_string(from.join("alerts.yaml")).unwrap().replace("STALE", "86400");
    std::fs::write(folder.path().join("alerts.yaml"), rules).unwrap();
    let tests = std::fs::read_to_string(from.join("alerts_test.yaml")).unwrap();
    for alert in alerts() {
        let fires =
            format!("alertname: {}\n        exp_alerts:\n          - exp_labels", alert["alert"].as_str().unwrap());
        assert!(tests.contains(&fires), "no test in alerts_test.yaml lets {} fire", alert["alert"]);
    }
    std::fs::write(folder.path().join("alerts_test.yaml"), tests).unwrap();
    for arguments in [&["check", "rules", "--lint-fatal", "alerts.yaml"][..], &["test", "rules", "alerts_test.yaml"]] {
        let mut command = tool("prometheus");
        command.args(arguments).current_dir(folder.path());
        let said = run(command, "");
        assert!(said.code == 0 && said.out.contains("SUCCESS"), "{}{}", said.out, said.err);
    }
}

/// What a `PrometheusRule` of the chart holds, as a file of rules.
fn check(spec: &Value) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules.yaml"), spec.to_string()).unwrap();
    let mut command = tool("prometheus");
    command.args(["check", "rules", "--lint-fatal", "rules.yaml"]).current_dir(folder.path());
    let said = run(command, "");
    assert!(said.code == 0 && said.out.contains("SUCCESS"), "{}{}", said.out, said.err);
}

#[test]
#[ignore = "run by make chart-test, which builds promtool"]
fn the_rendered_rules_and_the_dashboards_queries_are_right() {
    let everything = rendered(&chart().join("ci/everything-values.yaml"));
    let plain = set(&["metrics.prometheusRule.enabled=true"]);
    for objects in [everything, plain] {
        check(&objects.iter().find(|object| object["kind"] == "PrometheusRule").unwrap()["spec"]);
    }
    let queries = queries().into_iter().enumerate().map(|(at, query)| {
        // Grafana's own word for a window.
        let query = query.replace("$__rate_interval", "5m");
        serde_json::json!({"record": format!("dashboard:query:{at}"), "expr": query})
    });
    check(&serde_json::json!({"groups": [{"name": "dashboard", "rules": queries.collect::<Vec<_>>()}]}));
}
