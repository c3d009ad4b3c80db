//! What every reconciliation is handed: the cluster, the stores, and what the process as a whole keeps.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use kube::{Api, Client, ResourceExt};
use tokio_util::sync::CancellationToken;

use super::cluster::Cluster;
use super::desks::Desks;
use super::events::Events;
use super::job::Jobs;
use super::metrics::Metrics;
use super::places::Leave;
use super::roster::Name;
use super::settings::Settings;
use super::turns::{Slot, Turn, Turns};
use crate::api::{ContactSyncConnection, KDeskWorkspace, RunTrigger};
use crate::clock::Clock;
use crate::keys::ClusterKeys;
use crate::runlog::RunStore;
use crate::sync::{ConnectionSettings, Mode, Run, Silent};

/// Shared by all reconciliations of one leader.
pub(super) struct Context {
    /// The API server.
    pub(super) client: Client,
    /// What the operator decided.
    pub(super) settings: Settings,
    /// What time it is.
    pub(super) clock: Clock,
    /// Where run records go.
    pub(super) store: RunStore,
    /// What is seen of the cluster.
    pub(super) cluster: Arc<Cluster>,
    /// Open desks.
    pub(super) desks: Desks,
    /// Secrets and `ConfigMap`s.
    pub(super) keys: ClusterKeys,
    /// Events.
    pub(super) events: Events,
    /// What is counted.
    pub(super) metrics: Metrics,
    /// Leave to run; so many at once.
    pub(super) slots: Leave,
    /// Whose turn it is at each workspace.
    pub(super) turns: Turns,
    /// How many wait for either.
    pub(super) waiting: AtomicUsize,
    /// Runs as Jobs; `None`: there are none.
    pub(super) jobs: Option<Jobs>,
    /// The process was asked to stop: nothing new begins.
    pub(super) stopping: CancellationToken,
    /// It must stop now: runs that are on are cut off.
    pub(super) abandoning: CancellationToken,
    /// What became of planning Drafts, by UID; planning leaves no record.
    pub(super) plans: Mutex<HashMap<String, Planned>>,
    /// When workspaces were last asked whether they are there, by UID.
    pub(super) checks: Mutex<HashMap<String, Checked>>,
}

/// When a Draft was last planned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planned {
    /// When.
    pub(super) at: Timestamp,
    /// Of which generation.
    pub(super) generation: i64,
    /// How often in a row it failed.
    pub(super) failed: u32,
}

/// When a workspace was last asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checked {
    /// When.
    pub(super) at: tokio::time::Instant,
    /// How often in a row it failed.
    pub(super) failed: u32,
    /// With which generation of its spec.
    pub(super) generation: i64,
}

impl Context {
    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Leave for a connection to run at a workspace (its UID), in turn; `None`: the process stops.
    pub(super) async fn slot(&self, name: &Name, workspace: &str) -> Option<Slot> {
        let slot = async {
            // Whoever waits for a workspace keeps nobody from running at another one.
            let turn = Turn::Shared(self.turns.shared(workspace).await);
            let place = self.slots.place(&name.namespace).await?;
            Some(Slot { _turn: turn, _place: Some(place) })
        };
        self.in_line(slot).await
    }

    /// Leave for a connection to have a workspace (its UID) worked at by a Job, in turn; `None`: the process stops.
    pub(super) async fn job_slot(&self, jobs: &Jobs, name: &Name, workspace: &str) -> Option<Slot> {
        let slot = async {
            // The other way round: a workspace is not kept from small runs while a Job waits for others.
            let place = jobs.slots.place(&name.namespace).await?;
            let turn = Turn::Alone(self.turns.alone(workspace).await);
            Some(Slot { _turn: turn, _place: Some(place) })
        };
        self.in_line(slot).await
    }

    /// Waits for leave as one of the queue; `None`: the process stops.
    async fn in_line(&self, slot: impl Future<Output = Option<Slot>>) -> Option<Slot> {
        let queued = Queued::join(self);
        let slot = tokio::select! {
            slot = slot => slot,
            () = self.stopping.cancelled() => None,
        };
        drop(queued);
        slot
    }

    /// A run that nobody watches.
    pub(super) fn run<'a>(&'a self, settings: &'a ConnectionSettings, mode: Mode, trigger: RunTrigger) -> Run<'a> {
        let (store, retention) = (&self.store, self.settings.retention);
        Run { settings, mode, trigger, store, retention, clock: &self.clock, observer: &Silent }
    }

    /// Connections of one namespace.
    pub(super) fn connections(&self, name: &Name) -> Api<ContactSyncConnection> {
        Api::namespaced(self.client.clone(), &name.namespace)
    }

    /// Workspaces of one namespace.
    pub(super) fn workspaces(&self, name: &Name) -> Api<KDeskWorkspace> {
        Api::namespaced(self.client.clone(), &name.namespace)
    }

    /// When a Draft was planned by this process.
    pub(super) fn planned(&self, connection: &ContactSyncConnection) -> Option<Planned> {
        let uid = connection.uid().unwrap_or_default();
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).get(&uid).copied()
    }

    /// Remembers that a Draft was planned; returns how often in a row that failed.
    pub(super) fn note_planned(&self, connection: &ContactSyncConnection, at: Timestamp, failed: bool) -> u32 {
        let generation = connection.metadata.generation.unwrap_or_default();
        let uid = connection.uid().unwrap_or_default();
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let before = plans.get(&uid).filter(|planned| planned.generation == generation);
        let failed = if failed { before.map_or(0, |planned| planned.failed).saturating_add(1) } else { 0 };
        plans.insert(uid, Planned { at, generation, failed });
        failed
    }

    /// Forgets what is kept of an object that is gone.
    pub(super) fn forget(&self, uid: &str) {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
        self.checks.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
        self.desks.forget(uid);
        self.turns.forget(uid);
    }
}

/// A connection that waits for its turn; it leaves the queue however the waiting ends.
struct Queued<'a>(&'a Context);

impl<'a> Queued<'a> {
    fn join(context: &'a Context) -> Self {
        context.metrics.queue(context.waiting.fetch_add(1, Ordering::Relaxed) + 1);
        Self(context)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.metrics.queue(self.0.waiting.fetch_sub(1, Ordering::Relaxed).saturating_sub(1));
    }
}
