//! Everything that is watched, put together: streams that fill a [`Cluster`]. Whoever drives the streams sees it.

use std::future::ready;
use std::sync::{Arc, OnceLock};

use futures::StreamExt;
use futures::stream::BoxStream;
use k8s_openapi::api::core::v1::Namespace;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::watcher;
use kube::{Client, Resource};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::cluster::{Cluster, Guarded, Scope};
use super::settings::Settings;
use super::watch;
use crate::api::{ContactSyncConnection, KDeskWorkspace};

type Seen<K> = BoxStream<'static, Result<K, watcher::Error>>;

/// What is watched of one kind, in one namespace or in all.
pub(super) struct Part<K: Resource<DynamicType = ()> + 'static> {
    /// Objects that a controller reacts to.
    pub(super) stream: Seen<Guarded<K>>,
    /// All objects.
    pub(super) store: Store<Guarded<K>>,
    /// Those that are to be looked at again.
    pub(super) woken: mpsc::UnboundedReceiver<ObjectRef<Guarded<K>>>,
}

/// What is watched of everything.
pub(super) struct Watched {
    /// What is seen.
    pub(super) cluster: Arc<Cluster>,
    /// Connections, by namespace.
    pub(super) connections: Vec<Part<ContactSyncConnection>>,
    /// Workspaces, by namespace.
    pub(super) workspaces: Vec<Part<KDeskWorkspace>>,
    /// Labels of namespaces, where they may be seen.
    pub(super) namespaces: Option<Seen<PartialObjectMeta<Namespace>>>,
    /// What is there no more.
    pub(super) departed: mpsc::UnboundedReceiver<watch::Gone>,
}

impl Watched {
    /// All that these settings show; nothing is asked before the streams are polled.
    pub(super) fn new(client: &Client, settings: &Settings) -> Self {
        let seen: Arc<OnceLock<Arc<Cluster>>> = Arc::default();
        let (departed, departures) = mpsc::unbounded_channel();
        let (mut connection_parts, mut workspace_parts, mut scopes) = (Vec::new(), Vec::new(), Vec::new());
        let namespaces = if settings.namespaces.is_empty() {
            vec![None]
        } else {
            settings.namespaces.iter().cloned().map(Some).collect()
        };
        for namespace in namespaces {
            let (connections, connection_writer) = watch::store();
            let (workspaces, workspace_writer) = watch::store();
            let (wake_connection, woken_connections) = mpsc::unbounded_channel();
            let (wake_workspace, woken_workspaces) = mpsc::unbounded_channel();
            let api = watch::api(client, namespace.as_deref());
            let (at, departed) = (Arc::clone(&seen), departed.clone());
            let stream = watch::connections(api, connection_writer, at, departed.clone(), namespace.clone()).boxed();
            connection_parts.push(Part { stream, store: connections.clone(), woken: woken_connections });
            let api = watch::api(client, namespace.as_deref());
            let stream = watch::workspaces(api, workspace_writer, Arc::clone(&seen), departed).boxed();
            workspace_parts.push(Part { stream, store: workspaces.clone(), woken: woken_workspaces });
            scopes.push(Scope { namespace, connections, workspaces, wake_connection, wake_workspace });
        }
        // Namespaces are cluster-wide: who watches a few may not see them.
        let labels = settings.namespaces.is_empty().then(reflector::store);
        let (labels, label_writer) = labels.unzip();
        let cluster = Arc::new(Cluster::new(settings.cluster_name.clone(), scopes, labels));
        // Nobody has set it yet.
        drop(seen.set(Arc::clone(&cluster)));
        let namespaces = label_writer.map(|writer| watch::namespaces(client, writer, seen).boxed());
        Self { cluster, connections: connection_parts, workspaces: workspace_parts, namespaces, departed: departures }
    }

    /// Drives the streams for somebody who looks and does not react, until what is given back is dropped.
    pub(super) fn follow(self) -> (Arc<Cluster>, Vec<AbortOnDropHandle<()>>) {
        let mut tasks = Vec::new();
        for part in self.connections {
            tasks.push(drain("ContactSyncConnection", part.stream));
        }
        for part in self.workspaces {
            tasks.push(drain("KDeskWorkspace", part.stream));
        }
        tasks.extend(self.namespaces.map(|stream| drain("Namespace", stream)));
        (self.cluster, tasks)
    }
}

fn drain<K: Send + 'static>(kind: &'static str, stream: Seen<K>) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(stream.for_each(move |seen| {
        if let Err(error) = seen {
            tell_failed(kind, &error);
        }
        ready(())
    })))
}

/// A watch that fails is begun again by itself, ever later. Until then nothing of its kind is seen.
pub(super) fn tell_failed(kind: &str, error: &watcher::Error) {
    let why = match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => super::error::brief(error),
        // The server ends watches that are too old: a new listing begins.
        watcher::Error::WatchError(status) if status.code == 410 => return,
        watcher::Error::WatchError(status) => format!("{} {}", status.code, status.reason),
        watcher::Error::NoResourceVersion => "it gives no resource version".to_owned(),
    };
    tracing::warn!(kind, error = %why, "the watch broke off and is begun again: check the API server, the rights and crds/");
}
