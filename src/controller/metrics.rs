//! What the controller counts, in the words of `OpenMetrics`, with the prefix `contactsync_`. docs/metrics.md tells users of each.
//!
//! Labels are names of objects and words of short lists: never anybody's data, and nothing that a stranger can make many
//! of. What is known of a connection goes when the connection does ([`Metrics::forget`]).

use std::fmt::Write as _;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::shard::Shard;
use crate::api::RunResult;
use crate::net::Watch;
use crate::runlog::Summary;

/// From a no-op run of a small file to a first sync of a large company.
const DURATIONS: [f64; 12] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0];
/// The changes of contacts that are counted, as `status.lastRun.counts` names them.
const CHANGES: [&str; 9] =
    ["created", "updated", "reactivated", "adopted", "claimed", "left", "deactivated", "deleted", "released"];
/// How a run can end.
const RESULTS: [RunResult; 4] = [RunResult::Succeeded, RunResult::Partial, RunResult::Failed, RunResult::Interrupted];

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Object {
    namespace: String,
    name: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Run {
    namespace: String,
    name: String,
    result: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Ended {
    result: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Kind {
    kind: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct OfShard {
    shard: u16,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Request {
    side: &'static str,
    code: Code,
}

/// A code as a label: a server may answer any number, and no more than these become series.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Code {
    Known(u32),
    Other,
    None,
}

impl EncodeLabelValue for Code {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        match self {
            Self::Known(code) => write!(encoder, "{code}"),
            Self::Other => encoder.write_str("other"),
            Self::None => encoder.write_str("none"),
        }
    }
}

/// What a connection's status says, which gauges repeat: so they are right from the leader's first look at an object
/// on, before any run.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Standing {
    /// Ready; none while it is Unknown.
    pub ready: Option<bool>,
    /// Contacts that it owns.
    pub contacts: Option<u64>,
    /// Changes that wait for approval.
    pub held: Option<u64>,
    /// When it last succeeded.
    pub last_success: Option<Timestamp>,
    /// When it runs next.
    pub next_run: Option<Timestamp>,
}

/// All metrics of the controller. Clones count the same.
#[derive(Clone, Debug)]
pub struct Metrics {
    runs: Family<Run, Counter>,
    durations: Family<Ended, Histogram, fn() -> Histogram>,
    active: Gauge,
    changes: Family<Kind, Counter>,
    contacts: Family<Object, Gauge>,
    held: Family<Object, Gauge>,
    last_success: Family<Object, Gauge>,
    next_run: Family<Object, Gauge>,
    ready: Family<Object, Gauge>,
    workspace_ready: Family<Object, Gauge>,
    requests: Family<Request, Counter>,
    reconcile_errors: Family<Kind, Counter>,
    queue: Gauge,
    leader: Family<OfShard, Gauge>,
    shards: Gauge,
    shard: Shard,
}

impl Metrics {
    /// Registers them; the registry is what `/metrics` serves. They are those of a process of this shard.
    pub fn new(registry: &mut Registry, shard: Shard) -> Self {
        let metrics = Self {
            runs: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(DURATIONS)),
            active: Gauge::default(),
            changes: Family::default(),
            contacts: Family::default(),
            held: Family::default(),
            last_success: Family::default(),
            next_run: Family::default(),
            ready: Family::default(),
            workspace_ready: Family::default(),
            requests: Family::default(),
            reconcile_errors: Family::default(),
            queue: Gauge::default(),
            leader: Family::default(),
            shards: Gauge::default(),
            shard,
        };
        metrics.shards.set(i64::from(shard.count()));
        metrics.leads(false);
        metrics.register(registry.sub_registry_with_prefix("contactsync"));
        // Series that are there from the start begin at zero, so that the first event shows in a rate.
        for result in RESULTS {
            drop(metrics.durations.get_or_create(&Ended { result: word(result) }));
        }
        for kind in CHANGES {
            drop(metrics.changes.get_or_create(&Kind { kind }));
        }
        for kind in ["ContactSyncConnection", "KDeskWorkspace"] {
            drop(metrics.reconcile_errors.get_or_create(&Kind { kind }));
        }
        metrics
    }

    fn register(&self, at: &mut Registry) {
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        at.register("build", "The running program", version);
        at.register("runs", "Runs that ended, by connection and result", self.runs.clone());
        let told = "How long runs took, by result";
        at.register_with_unit("run_duration", told, Unit::Seconds, self.durations.clone());
        at.register("runs_active", "Runs going on", self.active.clone());
        at.register("contact_changes", "Contacts changed on desks, by kind of change", self.changes.clone());
        at.register("contacts_owned", "Contacts that a connection owns", self.contacts.clone());
        at.register("changes_held", "Changes of a connection that wait for approval", self.held.clone());
        let told = "When a connection last succeeded, since 1970";
        at.register_with_unit("last_success_timestamp", told, Unit::Seconds, self.last_success.clone());
        let told = "When a connection runs next, since 1970";
        at.register_with_unit("next_run_timestamp", told, Unit::Seconds, self.next_run.clone());
        at.register("connection_ready", "Whether a connection is Ready (1) or not (0)", self.ready.clone());
        at.register("workspace_ready", "Whether a workspace is Ready (1) or not (0)", self.workspace_ready.clone());
        at.register("requests", "Requests to directories and desks, by the answer's code", self.requests.clone());
        let told = "Reconciliations that failed and are tried again, by kind of object";
        at.register("reconcile_errors", told, self.reconcile_errors.clone());
        at.register("queue_depth", "Connections that wait for their turn to run", self.queue.clone());
        at.register("leader", "Whether this replica leads its shard (1) or not (0)", self.leader.clone());
        at.register("shards", "Shards that share the workspaces", self.shards.clone());
    }

    /// A run begins. Hold the guard while it goes on.
    pub fn run_started(&self, namespace: &str, name: &str) -> Running {
        self.active.inc();
        let object = object(namespace, name);
        Running { metrics: self.clone(), object, since: Instant::now(), ended: false }
    }

    /// A run ended as its summary says.
    pub fn run_ended(&self, namespace: &str, name: &str, summary: &Summary) {
        let took = summary.end_time.map_or(SignedDuration::ZERO, |end| end.duration_since(summary.start_time));
        self.count(&object(namespace, name), summary.result, took.as_secs_f64().max(0.0));
        for (kind, count) in summary.counts.named() {
            if let Some(kind) = CHANGES.into_iter().find(|change| *change == kind) {
                self.changes.get_or_create(&Kind { kind }).inc_by(count);
            }
        }
    }

    fn count(&self, object: &Object, result: RunResult, seconds: f64) {
        let Object { namespace, name } = object.clone();
        let result = word(result);
        self.runs.get_or_create(&Run { namespace, name, result }).inc();
        self.durations.get_or_create(&Ended { result }).observe(seconds);
    }

    /// Repeats what a connection's status says. What it does not say has no series.
    pub fn connection(&self, namespace: &str, name: &str, standing: &Standing) {
        let object = object(namespace, name);
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        show(&self.ready, &object, standing.ready.map(i64::from));
        show(&self.contacts, &object, standing.contacts.map(number));
        show(&self.held, &object, standing.held.map(number));
        show(&self.last_success, &object, standing.last_success.map(Timestamp::as_second));
        show(&self.next_run, &object, standing.next_run.map(Timestamp::as_second));
    }

    /// A connection is gone, and its series with it.
    pub fn forget(&self, namespace: &str, name: &str) {
        self.connection(namespace, name, &Standing::default());
        for result in RESULTS {
            let Object { namespace, name } = object(namespace, name);
            self.runs.remove(&Run { namespace, name, result: word(result) });
        }
    }

    /// Whether a workspace is Ready; none while it is Unknown, and once it is gone.
    pub fn workspace(&self, namespace: &str, name: &str, ready: Option<bool>) {
        show(&self.workspace_ready, &object(namespace, name), ready.map(i64::from));
    }

    /// A reconciliation of an object of this kind failed.
    pub fn reconcile_failed(&self, kind: &'static str) {
        self.reconcile_errors.get_or_create(&Kind { kind }).inc();
    }

    /// How many connections wait for their turn to run.
    pub fn queue(&self, depth: usize) {
        self.queue.set(i64::try_from(depth).unwrap_or(i64::MAX));
    }

    /// Whether this replica leads. Who does not, no longer knows how objects stand, and shows no gauges of them: what
    /// it saw last would look as if nothing had succeeded since.
    pub fn leads(&self, leads: bool) {
        self.leader.get_or_create(&OfShard { shard: self.shard.index() }).set(i64::from(leads));
        if !leads {
            let of_objects = [&self.ready, &self.contacts, &self.held, &self.last_success, &self.next_run];
            of_objects.into_iter().for_each(Family::clear);
            self.workspace_ready.clear();
        }
    }

    /// Counts the requests to desks, for [`crate::net::Budget::watched`].
    pub fn desk_requests(&self) -> Watch {
        // RFC 9110 section 15: classes 1 to 5.
        self.requests("desk", 100..=599)
    }

    /// Counts the requests to directories, for [`crate::sync::open_watched_directory`].
    pub fn directory_requests(&self) -> Watch {
        // LDAP's registered result codes end at 123 (IANA), 4096 is RFC 4533's.
        self.requests("directory", 0..=123)
    }

    fn requests(&self, side: &'static str, known: std::ops::RangeInclusive<u32>) -> Watch {
        let requests = self.requests.clone();
        Watch::new(move |code| {
            let code = match code {
                Some(code) if known.contains(&code) => Code::Known(code),
                Some(_) => Code::Other,
                None => Code::None,
            };
            requests.get_or_create(&Request { side, code }).inc();
        })
    }
}

/// A run that goes on. Dropped without having ended, it counts as interrupted.
#[derive(Debug)]
pub struct Running {
    metrics: Metrics,
    object: Object,
    since: Instant,
    ended: bool,
}

impl Running {
    /// It ended as its summary says.
    pub fn ended(mut self, summary: &Summary) {
        self.ended = true;
        self.metrics.run_ended(&self.object.namespace, &self.object.name, summary);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.metrics.active.dec();
        if !self.ended {
            self.metrics.count(&self.object, RunResult::Interrupted, self.since.elapsed().as_secs_f64());
        }
    }
}

fn object(namespace: &str, name: &str) -> Object {
    Object { namespace: namespace.to_owned(), name: name.to_owned() }
}

fn show(family: &Family<Object, Gauge>, object: &Object, value: Option<i64>) {
    match value {
        Some(value) => drop(family.get_or_create(object).set(value)),
        None => drop(family.remove(object)),
    }
}

fn word(result: RunResult) -> &'static str {
    match result {
        RunResult::Succeeded => "Succeeded",
        RunResult::Partial => "Partial",
        RunResult::Failed => "Failed",
        // A summary that nobody closed is of a run that was cut off.
        RunResult::Running | RunResult::Interrupted => "Interrupted",
    }
}
