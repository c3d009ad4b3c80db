//! Runs as Jobs (batch/v1) in the controller's own namespace: each in a process of its own, with its own memory and CPU.
//!
//! ```text
//! connection -> run (announce, make the Job, see it through) -> template, fate
//! lead -> survey (Jobs of an earlier leader)            worker: what the Job's process does
//! ```
//!
//! The leader announces a run as always, and its record lies in the store. The Job's process takes it up from there,
//! and the leader concludes from the record. Between the two stands a Lease of the run: the process sends no request to
//! a desk without holding it, and the leader concludes only while it holds it itself. So a process that was cut off has
//! stopped before anything is said of its run, and one that comes too late finds that its run is over.

mod fate;
mod run;
mod survey;
pub(super) mod template;
mod worker;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client, ResourceExt};

use super::places::Leave;
use super::settings::{JobSettings, LeaseSettings};
use super::turns::Slot;
use crate::api::{ConnectionState, ContactSyncConnection};
use crate::runlog::RunId;

pub(super) use run::{recover, run};
pub(super) use survey::{orphans, survey};
pub use template::{JobTemplate, Unfit};
pub use worker::WorkOrder;

/// The annotation of a connection that asks for its runs to be Jobs, with the value `Job`.
const RUN_AS: &str = "kdesk.seraphex.net/runAs";

/// Why a run that nobody may hold the lease of comes to nothing.
const LEASE_FORBIDDEN: &str = "the lease of the run may not be read or written: the API server: 403 Forbidden: give the \
    controller and its Jobs get, create, update and delete on leases in the controller's namespace";

/// Jobs of one leader.
pub(super) struct Jobs {
    settings: JobSettings,
    api: Api<Job>,
    pods: Api<Pod>,
    /// Leave to have a Job.
    pub(super) slots: Leave,
    /// What Jobs have of which nobody has seen through yet: those that were on when this process began to lead.
    kept: Mutex<HashMap<String, Slot>>,
}

impl Jobs {
    /// In the namespace that the settings give.
    pub(super) fn new(client: &Client, settings: JobSettings) -> Self {
        let namespace = &settings.lease.namespace;
        Self {
            api: Api::namespaced(client.clone(), namespace),
            pods: Api::namespaced(client.clone(), namespace),
            slots: Leave::new(settings.at_once),
            kept: Mutex::default(),
            settings,
        }
    }

    /// Whether runs of a connection are Jobs. Planning a Draft never is: it keeps no record that another process could
    /// take up.
    pub(super) fn takes(&self, connection: &ContactSyncConnection) -> bool {
        connection.spec.state == ConnectionState::Enabled
            && (asks(connection) || self.settings.above.is_some_and(|above| above == 0 || size(connection) > above))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<String, Slot>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn asks(connection: &ContactSyncConnection) -> bool {
    connection.annotations().get(RUN_AS).is_some_and(|value| value == "Job")
}

/// How many contacts a connection owns, or people its last run read.
fn size(connection: &ContactSyncConnection) -> u64 {
    let Some(status) = &connection.status else { return 0 };
    let owned = status.contacts.and_then(|contacts| u64::try_from(contacts).ok()).unwrap_or(0);
    // A run that is cut off early has read nobody.
    let read = status.recent_runs.iter().chain(&status.last_run).map(|run| run.counts.read).max().unwrap_or(0);
    owned.max(read)
}

/// The name of a run's Job: no two runs have the same.
fn job_name(run: &RunId) -> String {
    let name = format!("contactsync-{run}");
    // The name becomes a label of its pods, and they get some more letters.
    if name.len() <= 57 { name } else { format!("contactsync-{}", hash(run.as_str())) }
}

/// The lease of a connection's Jobs.
fn run_lease(base: &LeaseSettings, connection_uid: &str) -> LeaseSettings {
    LeaseSettings { name: format!("{}-run-{}", base.name, hash(connection_uid)), ..base.clone() }
}

fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> ContactSyncConnection {
        serde_yaml::from_str(include_str!("../../../examples/quickstart/connection.yaml")).unwrap()
    }

    #[test]
    fn names_fit_and_are_always_the_same() {
        let run = RunId::parse("20261123t093354507z-aaaaaa").unwrap();
        assert_eq!(job_name(&run), "contactsync-20261123t093354507z-aaaaaa");
        let long = RunId::parse(&"a".repeat(64)).unwrap();
        assert!(job_name(&long).len() <= 57 && job_name(&long) == job_name(&long));
        let base =
            LeaseSettings { namespace: "x".into(), name: "contactsync".into(), duration: std::time::Duration::ZERO };
        assert_eq!(run_lease(&base, "a").name.len(), "contactsync-run-".len() + 12);
    }

    #[test]
    fn the_size_of_a_connection_is_what_it_owns_or_what_a_run_read() {
        let mut connection = connection();
        assert_eq!(size(&connection), 0);
        connection.status = serde_json::from_value(serde_json::json!({
            "contacts": 7,
            "recentRuns": [{"id": "a", "trigger": "Change", "startTime": "2026-11-23T10:00:00Z", "result": "Failed", "counts": {"read": 9}}],
        }))
        .unwrap();
        assert_eq!(size(&connection), 9, "a first run that failed");
    }

    #[test]
    fn a_connection_asks_by_an_annotation_with_one_value() {
        let mut connection = connection();
        for (value, expected) in [("Job", true), ("job", false), ("", false)] {
            connection.annotations_mut().insert(RUN_AS.to_owned(), value.to_owned());
            assert_eq!(asks(&connection), expected, "{value:?}");
        }
    }
}
