//! What the controller tells about itself: metrics, health, log lines, traces.

mod http;
mod logs;
mod metrics;
mod requests;
mod traces;

use std::collections::{BTreeMap, BTreeSet};

use contactsync::api::{RunCounts, RunResult, RunTrigger};
use contactsync::controller::Shard;
use contactsync::controller::metrics::{Metrics, Standing};
use contactsync::runlog::{RunId, Summary, WindowCounts};
use jiff::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

fn counted() -> (Registry, Metrics) {
    let mut registry = Registry::default();
    let metrics = Metrics::new(&mut registry, Shard::new(1, 3).unwrap());
    (registry, metrics)
}

fn text(registry: &Registry) -> String {
    let mut text = String::new();
    encode(&mut text, registry).unwrap();
    text
}

/// The value of one series as it is written.
fn value(registry: &Registry, series: &str) -> Option<f64> {
    let text = text(registry);
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
    Some(line.parse().unwrap())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn summary(result: RunResult, counts: RunCounts) -> Summary {
    let start_time = at("2026-01-01T00:00:00Z");
    Summary {
        id: RunId::new(start_time),
        previous: None,
        connection: "support/emea".to_owned(),
        trigger: RunTrigger::Schedule,
        generation: None,
        start_time,
        end_time: Some(at("2026-01-01T00:00:02Z")),
        result,
        message: String::new(),
        counts,
        reasons: BTreeMap::default(),
        owned_at_start: None,
        active_at_start: None,
        owned: None,
        spent: WindowCounts::default(),
        plan: None,
        clears_held: Vec::new(),
        not_converging: Vec::new(),
    }
}

/// Says something of everything that there is a metric for.
fn say_everything(metrics: &Metrics) {
    let time = Some(at("2026-01-01T00:00:00Z"));
    let standing = Standing { ready: Some(true), contacts: Some(1), held: Some(0), last_success: time, next_run: time };
    metrics.connection("support", "emea", &standing);
    metrics.workspace("support", "acme", Some(false));
    metrics.run_ended("support", "emea", &summary(RunResult::Succeeded, RunCounts::default()));
    metrics.reconcile_failed("ContactSyncConnection");
    metrics.leads(true);
    metrics.queue(0);
}

/// Of each metric, the names of its labels.
fn labels(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').unwrap();
        let (name, inside) = series.split_once('{').unwrap_or((series, ""));
        let name = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let names = inside.split(',').filter_map(|pair| Some(pair.split_once('=')?.0.to_owned()));
        found.entry(name.to_owned()).or_default().extend(names.filter(|name| name != "le"));
    }
    found
}
