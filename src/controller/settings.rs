//! What the operator decides about a controller; read once when it starts.

use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;

use super::job::template::JobTemplate;
use super::shard::Shard;
use crate::desk::Tuning;
use crate::runlog::Retention;

/// Settings of one controller process.
#[derive(Clone, Debug)]
pub struct Settings {
    /// First part of ownership keys that connections do not write out: the cluster's name (L7).
    pub cluster_name: String,
    /// The namespaces that are watched; none means all.
    pub namespaces: Vec<String>,
    /// File sources of a namespace lie in the folder of its name below this.
    pub file_root: PathBuf,
    /// Runs that go on together.
    pub concurrent_runs: usize,
    /// How many run records are kept.
    pub retention: Retention,
    /// How the desk is talked to.
    pub tuning: Tuning,
    /// This process among its replicas.
    pub identity: String,
    /// The workspaces that this process and its replicas look after.
    pub shard: Shard,
    /// Runs as Jobs; `None`: every run is this process's own.
    pub jobs: Option<JobSettings>,
    /// The lease that one replica holds; `None`: there is one replica only.
    pub lease: Option<LeaseSettings>,
    /// How long runs may go on after the process was asked to stop.
    pub shutdown_grace: Duration,
    /// How long the contacts of a connection that was deleted with Keep wait for it to come back, or for another one to
    /// take them over, before nobody owns them.
    pub release_after: Duration,
    /// How long the deletion of a connection waits for a workspace or a Secret that is not there.
    pub deletion_patience: SignedDuration,
    /// How often a workspace is asked whether it is still there.
    pub workspace_check: Duration,
}

/// Runs as Jobs: each in a process of its own, with its own resources.
#[derive(Clone, Debug)]
pub struct JobSettings {
    /// What a Job is made from.
    pub template: JobTemplate,
    /// Connections that own more contacts, or read more people, run as a Job; 0: all. `None`: those that ask for it.
    pub above: Option<u64>,
    /// Jobs that go on together.
    pub at_once: usize,
    /// Flags of `contactsync run-job` that are the same for every run.
    pub arguments: Vec<String>,
    /// Where Jobs are made, and the first part of the names of their leases.
    pub lease: LeaseSettings,
    /// How long a Job may take to begin its work.
    pub start_patience: Duration,
}

/// Where the lease lies, and how long it lasts.
#[derive(Clone, Debug)]
pub struct LeaseSettings {
    /// Namespace of the lease.
    pub namespace: String,
    /// Its name; where there are several shards, the first part of the names of theirs.
    pub name: String,
    /// How long a leader that is not heard of keeps it. Two thirds of it is how long the leader itself goes on without
    /// having renewed it.
    pub duration: Duration,
}
