//! The desks of all workspaces: each is opened once for many runs, and all connections of a workspace share its budget.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use kube::ResourceExt;

use crate::api::{KDeskWorkspace, KDeskWorkspaceSpec, Limits};
use crate::desk::{Desk, Settings, Tuning};
use crate::keys::Keys;
use crate::net::{Budget, Gate, Watch};
use crate::sync;

/// After so long a desk is asked anew what it can do.
const FRESH: Duration = Duration::from_mins(10);

/// Open desks, by workspace.
pub(super) struct Desks {
    tuning: Tuning,
    gate: Option<Gate>,
    watch: Watch,
    open: Mutex<HashMap<String, Entry>>,
}

struct Entry {
    limits: Option<Limits>,
    budget: Budget,
    desk: Option<Open>,
}

struct Open {
    settings: Settings,
    desk: Desk,
    since: Instant,
}

impl Desks {
    /// No desk is open yet. `gate` says whether this process may still write.
    /// `watch` is told of each request.
    pub(super) fn new(tuning: Tuning, gate: Option<Gate>, watch: Watch) -> Self {
        Self { tuning, gate, watch, open: Mutex::default() }
    }

    /// The desk of a workspace. Its credentials are read each time; while they and the spec stay the same, so does the
    /// connection to it.
    pub(super) async fn open(&self, workspace: &KDeskWorkspace, keys: &dyn Keys) -> Result<Desk, sync::Error> {
        let settings = settings(workspace, keys).await?;
        let uid = workspace.uid().unwrap_or_default();
        let budget = {
            let mut open = self.lock();
            let entry = self.entry(&mut open, &uid, &workspace.spec);
            if let Some(open) = &entry.desk
                && open.settings == settings
                && open.since.elapsed() < FRESH
            {
                return Ok(open.desk.clone());
            }
            entry.budget.clone()
        };
        let desk = Desk::connect_with(settings.clone(), budget, self.tuning.clone()).await?;
        let since = Instant::now();
        if let Some(entry) = self.lock().get_mut(&uid) {
            entry.desk = Some(Open { settings, desk: desk.clone(), since });
        }
        Ok(desk)
    }

    /// Opens the desk anew, to see whether it is there.
    pub(super) async fn check(&self, workspace: &KDeskWorkspace, keys: &dyn Keys) -> Result<Desk, sync::Error> {
        if let Some(entry) = self.lock().get_mut(&workspace.uid().unwrap_or_default()) {
            entry.desk = None;
        }
        self.open(workspace, keys).await
    }

    /// Lets requests to a workspace go on at an even pace from now on: another process was at work there until now.
    pub(super) fn drain(&self, workspace: &KDeskWorkspace) {
        let mut open = self.lock();
        self.entry(&mut open, &workspace.uid().unwrap_or_default(), &workspace.spec).budget.drain();
    }

    /// Forgets a workspace that is gone.
    pub(super) fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn entry<'a>(&self, open: &'a mut HashMap<String, Entry>, uid: &str, spec: &KDeskWorkspaceSpec) -> &'a mut Entry {
        let budget = || sync::budget(spec, self.gate.clone()).watched(self.watch.clone());
        let fresh = || Entry { limits: spec.limits, budget: budget(), desk: None };
        let entry = open.entry(uid.to_owned()).or_insert_with(fresh);
        if entry.limits != spec.limits {
            *entry = fresh();
        }
        entry
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Entry>> {
        // Nothing is left half done under the lock.
        self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

async fn settings(workspace: &KDeskWorkspace, keys: &dyn Keys) -> Result<Settings, sync::Error> {
    sync::desk_settings(&workspace.namespace().unwrap_or_default(), &workspace.spec, keys).await
}
