//! What every reconciliation is handed: the cluster, the stores, and what the process as a whole keeps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use kube::{Api, Client, ResourceExt};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::cluster::Cluster;
use super::desks::Desks;
use super::events::Events;
use super::keys::ClusterKeys;
use super::roster::Name;
use super::settings::Settings;
use crate::api::{ContactSyncConnection, KDeskWorkspace};
use crate::clock::Clock;
use crate::runlog::RunStore;

/// Shared by all reconciliations of one leader.
pub struct Context {
    /// The API server.
    pub client: Client,
    /// What the operator decided.
    pub settings: Settings,
    /// What time it is.
    pub clock: Clock,
    /// Where run records go.
    pub store: RunStore,
    /// What is seen of the cluster.
    pub cluster: Arc<Cluster>,
    /// Open desks.
    pub desks: Desks,
    /// Secrets and ConfigMaps.
    pub keys: ClusterKeys,
    /// Events.
    pub events: Events,
    /// Leave to run; so many at once.
    pub slots: Arc<Semaphore>,
    /// The process was asked to stop: nothing new begins.
    pub stopping: CancellationToken,
    /// It must stop now: runs that are on are cut off.
    pub abandoning: CancellationToken,
    /// What became of planning Drafts, by UID; planning leaves no record.
    pub plans: Mutex<HashMap<String, Planned>>,
    /// When workspaces were last asked whether they are there, by UID.
    pub checks: Mutex<HashMap<String, Checked>>,
}

/// When a Draft was last planned.
#[derive(Clone, Copy, Debug)]
pub struct Planned {
    /// When.
    pub at: Timestamp,
    /// Of which generation.
    pub generation: i64,
    /// How often in a row it failed.
    pub failed: u32,
}

/// When a workspace was last asked.
#[derive(Clone, Copy, Debug)]
pub struct Checked {
    /// When.
    pub at: tokio::time::Instant,
    /// How often in a row it failed.
    pub failed: u32,
    /// With which generation of its spec.
    pub generation: i64,
}

impl Context {
    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Connections of one namespace.
    pub fn connections(&self, name: &Name) -> Api<ContactSyncConnection> {
        Api::namespaced(self.client.clone(), &name.namespace)
    }

    /// Workspaces of one namespace.
    pub fn workspaces(&self, name: &Name) -> Api<KDeskWorkspace> {
        Api::namespaced(self.client.clone(), &name.namespace)
    }

    /// When a Draft was planned by this process.
    pub fn planned(&self, connection: &ContactSyncConnection) -> Option<Planned> {
        let uid = connection.uid().unwrap_or_default();
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).get(&uid).copied()
    }

    /// Remembers that a Draft was planned; returns how often in a row that failed.
    pub fn note_planned(&self, connection: &ContactSyncConnection, at: Timestamp, failed: bool) -> u32 {
        let generation = connection.metadata.generation.unwrap_or_default();
        let uid = connection.uid().unwrap_or_default();
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let before = plans.get(&uid).filter(|planned| planned.generation == generation);
        let failed = if failed { before.map_or(0, |planned| planned.failed).saturating_add(1) } else { 0 };
        plans.insert(uid, Planned { at, generation, failed });
        failed
    }

    /// Forgets what is kept of an object that is gone.
    pub fn forget(&self, uid: &str) {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
        self.checks.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
        self.desks.forget(uid);
    }
}
