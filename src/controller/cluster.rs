//! What is seen of the cluster: the objects that are watched, who is who among them, and who is to be looked at again.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use k8s_openapi::api::core::v1::Namespace;
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Resource, ResourceExt};
use tokio::sync::{mpsc, watch};

use super::roster::{Member, Name, Roster};
use super::standing::{self, Block, Found, View};
use crate::api::{ContactSyncConnection, KDeskWorkspace};
use crate::manifest::admits;

/// An object that may be beyond this version's understanding. Such a one stops nobody else.
pub(super) type Guarded<K> = DeserializeGuard<K>;
/// A connection as it is watched.
pub(super) type GuardedConnection = Guarded<ContactSyncConnection>;
/// A workspace as it is watched.
pub(super) type GuardedWorkspace = Guarded<KDeskWorkspace>;

/// The watched objects of one namespace, or of all.
pub(super) struct Scope {
    /// The namespace; `None`: all.
    pub(super) namespace: Option<String>,
    /// Its connections.
    pub(super) connections: Store<GuardedConnection>,
    /// Its workspaces.
    pub(super) workspaces: Store<GuardedWorkspace>,
    /// Asks for a connection to be looked at again.
    pub(super) wake_connection: mpsc::UnboundedSender<ObjectRef<GuardedConnection>>,
    /// Asks for a workspace to be looked at again.
    pub(super) wake_workspace: mpsc::UnboundedSender<ObjectRef<GuardedWorkspace>>,
}

/// Everything that is watched.
pub(super) struct Cluster {
    name: String,
    scopes: Vec<Scope>,
    /// Labels of namespaces; `None`: they may not be watched, and a selector admits nobody.
    namespaces: Option<Store<PartialObjectMeta<Namespace>>>,
    roster: RwLock<Roster>,
    changed: watch::Sender<u64>,
    /// Watches that have not listed everything yet.
    unlisted: watch::Sender<usize>,
}

impl Cluster {
    /// A cluster of this name, as these scopes show it.
    pub(super) fn new(
        name: impl Into<String>,
        scopes: Vec<Scope>,
        namespaces: Option<Store<PartialObjectMeta<Namespace>>>,
    ) -> Self {
        let watches = scopes.len() * 2 + usize::from(namespaces.is_some());
        Self {
            name: name.into(),
            scopes,
            namespaces,
            roster: RwLock::default(),
            changed: watch::Sender::new(0),
            unlisted: watch::Sender::new(watches),
        }
    }

    /// First part of ownership keys.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Waits until everything was listed once: what is not there before that only looks so.
    ///
    /// Stores can tell too, but each wakes one waiter only, which is kube's own controller.
    pub(super) async fn synced(&self) {
        // A sender that is gone ends the controller anyway.
        drop(self.unlisted.subscribe().wait_for(|left| *left == 0).await);
    }

    /// Whether everything was listed once.
    pub(super) fn is_synced(&self) -> bool {
        *self.unlisted.borrow() == 0
    }

    /// A watch has listed everything, and its store shows it. What a listing brings is in the store at its end only:
    /// whoever looked meanwhile looks again.
    pub(super) fn listed(&self, is_first: bool) {
        if is_first {
            self.unlisted.send_modify(|left| *left = left.saturating_sub(1));
        }
        self.touch();
        self.wake_all();
    }

    /// The newest that is known of a connection.
    pub(super) fn connection(&self, name: &Name) -> Option<Arc<GuardedConnection>> {
        let reference = ObjectRef::new(&name.name).within(&name.namespace);
        self.scope(&name.namespace)?.connections.get(&reference)
    }

    /// Every connection.
    pub(super) fn connections(&self) -> Vec<Arc<GuardedConnection>> {
        self.scopes.iter().flat_map(|scope| scope.connections.state()).collect()
    }

    /// The newest that is known of a workspace.
    pub(super) fn workspace(&self, name: &Name) -> Option<Arc<GuardedWorkspace>> {
        let reference = ObjectRef::new(&name.name).within(&name.namespace);
        self.scope(&name.namespace)?.workspaces.get(&reference)
    }

    /// Whether connections of a namespace are seen.
    pub(super) fn is_watched(&self, namespace: &str) -> bool {
        self.scope(namespace).is_some()
    }

    /// Who is who. Not to be held across an await.
    pub(super) fn roster(&self) -> RwLockReadGuard<'_, Roster> {
        self.roster.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is who, to change it.
    pub(super) fn roster_mut(&self) -> RwLockWriteGuard<'_, Roster> {
        self.roster.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that something changed: runs look whether they may go on.
    pub(super) fn touch(&self) {
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Tells of every change from now on.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Asks for connections to be looked at again.
    pub(super) fn wake<'a>(&self, names: impl IntoIterator<Item = &'a Name>) {
        for name in names {
            if let Some(scope) = self.scope(&name.namespace) {
                // Nobody listens while the controller stops.
                drop(scope.wake_connection.send(ObjectRef::new(&name.name).within(&name.namespace)));
            }
        }
    }

    /// Asks for every connection to be looked at again.
    pub(super) fn wake_all(&self) {
        let names: Vec<Name> = self.roster().names().cloned().collect();
        self.wake(&names);
    }

    /// Asks for every workspace to be looked at again.
    pub(super) fn wake_workspaces(&self) {
        for workspace in self.scopes.iter().flat_map(|scope| scope.workspaces.state()) {
            self.wake_workspace(&name_of(workspace.as_ref()));
        }
    }

    /// Asks for a workspace to be looked at again.
    pub(super) fn wake_workspace(&self, name: &Name) {
        if let Some(scope) = self.scope(&name.namespace) {
            drop(scope.wake_workspace.send(ObjectRef::new(&name.name).within(&name.namespace)));
        }
    }

    /// What stands in the way of a connection, and the workspace that was found for it.
    pub(super) fn look(&self, connection: &ContactSyncConnection) -> Result<Ready, Block> {
        let workspace = self.workspace(&workspace_of(connection));
        let found = match workspace.as_ref().map(|guarded| &guarded.0) {
            None => Found::Nothing,
            Some(Ok(workspace)) => Found::Workspace(workspace),
            Some(Err(_)) => Found::Unreadable,
        };
        let labels = self.labels(&connection.namespace().unwrap_or_default());
        let roster = self.roster();
        let view = View { connection, workspace: found, labels: labels.as_ref(), roster: &roster, cluster: &self.name };
        let clear = standing::look(&view)?;
        Ok(Ready { workspace: clear.workspace.clone(), timetable: clear.timetable })
    }

    /// Another connection that lives on with what this one owns, at a workspace that admits it: one that may never write
    /// there inherits nothing.
    pub(super) fn heir(&self, member: &Member) -> Option<Name> {
        let heirs = self.roster().heirs(member);
        heirs.into_iter().find(|name| self.is_admitted(name))
    }

    /// Connections that use a workspace. Whoever it does not admit cannot hold it.
    pub(super) fn users(&self, workspace: &Name) -> usize {
        let names = self.roster().at_workspace(workspace);
        names.into_iter().filter(|name| self.is_admitted(name)).count()
    }

    fn is_admitted(&self, name: &Name) -> bool {
        let Some(connection) = self.connection(name) else { return false };
        // What cannot be read keeps what it had.
        let Ok(connection) = &connection.0 else { return true };
        let at = workspace_of(connection);
        match self.workspace(&at).as_ref().map(|guarded| &guarded.0) {
            None => false,
            Some(Err(_)) => at.namespace == name.namespace,
            Some(Ok(workspace)) => {
                let labels = self.labels(&name.namespace);
                admits(workspace.spec.allowed_namespaces.as_ref(), &at.namespace, &name.namespace, labels.as_ref())
            }
        }
    }

    fn labels(&self, namespace: &str) -> Option<BTreeMap<String, String>> {
        let found = self.namespaces.as_ref()?.get(&ObjectRef::new(namespace))?;
        Some(found.metadata.labels.clone().unwrap_or_default())
    }

    fn scope(&self, namespace: &str) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.namespace.as_deref().is_none_or(|own| own == namespace))
    }
}

/// A connection that nothing stands in the way of.
pub(super) struct Ready {
    /// Where it writes.
    pub(super) workspace: KDeskWorkspace,
    /// When it runs by itself.
    pub(super) timetable: Option<crate::schedule::Timetable>,
}

/// The workspace that a connection points at.
pub(super) fn workspace_of(connection: &ContactSyncConnection) -> Name {
    let reference = &connection.spec.workspace_ref;
    let namespace = reference.namespace.clone().or_else(|| connection.namespace()).unwrap_or_default();
    Name::new(namespace, reference.name.clone())
}

/// The name of an object.
pub(super) fn name_of(object: &impl Resource) -> Name {
    let metadata = object.meta();
    Name::new(metadata.namespace.clone().unwrap_or_default(), metadata.name.clone().unwrap_or_default())
}

/// The annotation that asks for a run.
pub(super) const REQUESTED_AT: &str = "kdesk.seraphex.net/requestedAt";

/// What an object's `requestedAt` says.
pub(super) fn requested_at(object: &impl Resource) -> Option<String> {
    super::due::token(object.meta().annotations.as_ref()?.get(REQUESTED_AT).map(String::as_str))
}
