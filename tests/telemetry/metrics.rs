//! What is counted, under which names.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

#[tokio::test]
async fn the_documentation_lists_exactly_what_is_exposed() {
    let (registry, metrics) = counted();
    say_everything(&metrics);
    contactsync_answers_one_request(&metrics).await;
    let exposed = text(&registry);
    let rows = include_str!("../../docs/metrics.md").lines().filter(|line| line.starts_with("| `contactsync_"));
    let mut told = BTreeMap::new();
    let mut kinds = BTreeSet::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let name = cells[1].trim_matches('`');
        let labels = cells[3].split(',').map(|label| label.trim().trim_matches('`').to_owned());
        told.insert(name.to_owned(), labels.filter(|label| !label.is_empty()).collect::<BTreeSet<_>>());
        let family = name.strip_suffix("_total").or_else(|| name.strip_suffix("_info")).unwrap_or(name);
        kinds.insert(format!("# TYPE {family} {}", cells[2]));
    }
    assert_eq!(labels(&exposed), told);
    let types: BTreeSet<String> = exposed.lines().filter(|line| line.starts_with("# TYPE")).map(Into::into).collect();
    assert_eq!(types, kinds);
    assert!(exposed.ends_with("# EOF\n"));
}

/// Requests have series once one was sent.
async fn contactsync_answers_one_request(metrics: &Metrics) {
    super::requests::one_desk_request(metrics).await;
}

#[test]
fn a_run_counts_its_result_its_time_and_its_changes() {
    let (registry, metrics) = counted();
    let counts = RunCounts { created: 3, deactivated: 2, unchanged: 7, read: 12, ..RunCounts::default() };
    let running = metrics.run_started("support", "emea");
    assert_eq!(value(&registry, "contactsync_runs_active"), Some(1.0));
    running.ended(&summary(RunResult::Partial, counts));
    assert_eq!(value(&registry, "contactsync_runs_active"), Some(0.0));
    let of = |result| format!("contactsync_runs_total{{namespace=\"support\",name=\"emea\",result=\"{result}\"}}");
    assert_eq!(value(&registry, &of("Partial")), Some(1.0));
    assert_eq!(value(&registry, &of("Interrupted")), None);
    assert_eq!(value(&registry, "contactsync_run_duration_seconds_sum{result=\"Partial\"}"), Some(2.0));
    assert_eq!(value(&registry, "contactsync_contact_changes_total{kind=\"created\"}"), Some(3.0));
    assert_eq!(value(&registry, "contactsync_contact_changes_total{kind=\"deactivated\"}"), Some(2.0));
    assert_eq!(value(&registry, "contactsync_contact_changes_total{kind=\"updated\"}"), Some(0.0));
    assert!(!text(&registry).contains("kind=\"read\""));
}

#[test]
fn a_run_that_is_dropped_counts_as_interrupted() {
    let (registry, metrics) = counted();
    drop(metrics.run_started("support", "emea"));
    let series = "contactsync_runs_total{namespace=\"support\",name=\"emea\",result=\"Interrupted\"}";
    assert_eq!(value(&registry, series), Some(1.0));
    assert_eq!(value(&registry, "contactsync_run_duration_seconds_count{result=\"Interrupted\"}"), Some(1.0));
    assert_eq!(value(&registry, "contactsync_runs_active"), Some(0.0));
}

#[test]
fn a_deleted_connection_leaves_no_series() {
    let (registry, metrics) = counted();
    say_everything(&metrics);
    metrics.run_ended("support", "emea", &summary(RunResult::Failed, RunCounts::default()));
    metrics.run_ended("support", "apac", &summary(RunResult::Failed, RunCounts::default()));
    metrics.forget("support", "emea");
    metrics.workspace("support", "acme", None);
    let text = text(&registry);
    assert!(!text.contains("\"emea\"") && !text.contains("\"acme\""), "{text}");
    assert!(text.contains("\"apac\""));
}

#[test]
fn a_replica_that_lost_the_lease_shows_how_no_object_stands() {
    let (registry, metrics) = counted();
    say_everything(&metrics);
    metrics.leads(false);
    let left = text(&registry);
    let of_objects = left.lines().filter(|line| line.contains("name=\"")).collect::<Vec<_>>();
    let runs = "contactsync_runs_total{namespace=\"support\",name=\"emea\",result=\"Succeeded\"} 1";
    assert_eq!(of_objects, [runs], "what this process did stays counted");
    assert!(left.contains("contactsync_leader{shard=\"1\"} 0\n"));
}

#[test]
fn what_a_status_does_not_say_has_no_series() {
    let (registry, metrics) = counted();
    say_everything(&metrics);
    let ready = "contactsync_connection_ready{namespace=\"support\",name=\"emea\"}";
    let next = "contactsync_next_run_timestamp_seconds{namespace=\"support\",name=\"emea\"}";
    assert_eq!((value(&registry, ready), value(&registry, next)), (Some(1.0), Some(1_767_225_600.0)));
    metrics.connection("support", "emea", &Standing { ready: Some(false), ..Standing::default() });
    assert_eq!((value(&registry, ready), value(&registry, next)), (Some(0.0), None));
}
