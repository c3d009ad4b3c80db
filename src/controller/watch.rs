//! The watches: they fill the stores and the roster, and let pass only what a controller reacts to. Status and progress
//! are not: whoever reacts to what he writes himself never rests.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::Namespace;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::Store;
use kube::runtime::reflector::store::Writer;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{PredicateConfig, WatchStreamExt, predicates, reflector};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use super::cluster::{Cluster, Guarded, GuardedConnection, GuardedWorkspace, name_of, requested_at};
use super::roster::{Member, Name};
use crate::api::ContactSyncConnection;

/// The API of a kind, in one namespace or in all.
pub(super) fn api<K>(client: &Client, namespace: Option<&str>) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
{
    match namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}

/// An object that is there no more.
pub(super) enum Gone {
    /// A connection whose deletion was seen, as it was last.
    Connection(Box<ContactSyncConnection>),
    /// A connection that could not be read, or that went while nobody watched, and its UID.
    Unread(Name, String),
    /// A workspace, and its UID.
    Workspace(Name, String),
}

/// Told of every object that goes.
pub(super) type Departed = mpsc::UnboundedSender<Gone>;

/// Watches connections. `cluster` is set before the stream is polled.
pub(super) fn connections(
    api: Api<GuardedConnection>,
    writer: Writer<GuardedConnection>,
    cluster: Arc<OnceLock<Arc<Cluster>>>,
    departed: Departed,
    namespace: Option<String>,
) -> impl Stream<Item = Result<GuardedConnection, watcher::Error>> + Send + 'static {
    let mut listing: Option<BTreeSet<Name>> = None;
    let mut is_first = true;
    watcher::watcher(api, watcher::Config::default())
        .default_backoff()
        .modify(trim)
        .reflect(writer)
        // After the store: whoever is woken looks there.
        .inspect(move |event| {
            let (Ok(event), Some(cluster)) = (event, cluster.get()) else { return };
            follow(event, cluster, &mut listing, namespace.as_deref(), &departed);
            if matches!(event, Event::InitDone) {
                cluster.listed(std::mem::take(&mut is_first));
            }
        })
        .applied_objects()
        .predicate_filter(reacts, PredicateConfig::default())
}

/// Watches workspaces.
pub(super) fn workspaces(
    api: Api<GuardedWorkspace>,
    writer: Writer<GuardedWorkspace>,
    cluster: Arc<OnceLock<Arc<Cluster>>>,
    departed: Departed,
) -> impl Stream<Item = Result<GuardedWorkspace, watcher::Error>> + Send + 'static {
    let touched = Arc::clone(&cluster);
    let mut known = BTreeMap::new();
    let mut listing = BTreeMap::new();
    let mut is_first = true;
    let wake = move |cluster: &Cluster, name: &Name| {
        cluster.touch();
        let names = cluster.roster().at_workspace(name);
        cluster.wake(&names);
    };
    watcher::watcher(api, watcher::Config::default())
        .default_backoff()
        .modify(trim)
        .reflect(writer)
        .inspect(move |event| {
            let (Ok(event), Some(cluster)) = (event, touched.get()) else { return };
            // Nobody listens while the controller stops.
            let gone = |name, uid| drop(departed.send(Gone::Workspace(name, uid)));
            match event {
                Event::Init => listing.clear(),
                Event::InitApply(workspace) => drop(listing.insert(name_of(workspace), uid_of(workspace))),
                Event::Apply(workspace) => drop(known.insert(name_of(workspace), uid_of(workspace))),
                Event::Delete(workspace) => {
                    let name = name_of(workspace);
                    known.remove(&name);
                    wake(cluster, &name);
                    gone(name, uid_of(workspace));
                }
                Event::InitDone => {
                    let before = std::mem::replace(&mut known, std::mem::take(&mut listing));
                    for (name, uid) in before.into_iter().filter(|(name, uid)| known.get(name) != Some(uid)) {
                        gone(name, uid);
                    }
                    cluster.listed(std::mem::take(&mut is_first));
                    cluster.wake_workspaces();
                }
            }
        })
        .applied_objects()
        .predicate_filter(reacts, PredicateConfig::default())
        .inspect(move |workspace| {
            if let (Ok(workspace), Some(cluster)) = (workspace, cluster.get()) {
                wake(cluster, &name_of(workspace));
            }
        })
}

/// Watches the labels of namespaces, which `allowedNamespaces` may select by.
pub(super) fn namespaces(
    client: &Client,
    writer: Writer<PartialObjectMeta<Namespace>>,
    cluster: Arc<OnceLock<Arc<Cluster>>>,
) -> impl Stream<Item = Result<PartialObjectMeta<Namespace>, watcher::Error>> + Send + 'static {
    let listed = Arc::clone(&cluster);
    let mut is_first = true;
    watcher::watcher(Api::<PartialObjectMeta<Namespace>>::all(client.clone()), watcher::Config::default())
        .default_backoff()
        .modify(|namespace| {
            namespace.metadata.managed_fields = None;
            namespace.metadata.annotations = None;
        })
        .reflect(writer)
        .inspect(move |event| {
            if let (Ok(Event::InitDone), Some(cluster)) = (event, listed.get()) {
                cluster.listed(std::mem::take(&mut is_first));
            }
        })
        .applied_objects()
        .predicate_filter(predicates::labels, PredicateConfig::default())
        .inspect(move |namespace| {
            let (Ok(namespace), Some(cluster)) = (namespace, cluster.get()) else { return };
            cluster.touch();
            let theirs = namespace.name_any();
            let names: Vec<Name> = cluster.roster().names().filter(|name| name.namespace == theirs).cloned().collect();
            cluster.wake(&names);
            // Who may use a workspace may have changed with it.
            for workspace in names.iter().filter_map(|name| cluster.roster().get(name)?.workspace.clone()) {
                cluster.wake_workspace(&workspace);
            }
        })
}

/// A store and what fills it.
pub(super) fn store<K>() -> (Store<Guarded<K>>, Writer<Guarded<K>>)
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + 'static,
{
    reflector::store()
}

/// What nobody looks at is not kept.
fn trim<K: Resource>(object: &mut Guarded<K>) {
    let metadata = object.meta_mut();
    metadata.managed_fields = None;
    if let Some(annotations) = &mut metadata.annotations {
        annotations.retain(|name, _| name.starts_with(crate::api::GROUP));
    }
}

/// Spec, requests, finalizers and the wish to be deleted: nothing else is reacted to.
#[expect(clippy::unnecessary_wraps, reason = "the shape of a predicate")]
fn reacts<K: Resource>(object: &Guarded<K>) -> Option<u64> {
    let metadata = object.meta();
    let mut hasher = DefaultHasher::new();
    metadata.generation.hash(&mut hasher);
    metadata.finalizers.hash(&mut hasher);
    metadata.deletion_timestamp.is_some().hash(&mut hasher);
    requested_at(object).hash(&mut hasher);
    Some(hasher.finish())
}

/// Keeps the roster in step with the store, whatever the watch goes through.
fn follow(
    event: &Event<GuardedConnection>,
    cluster: &Cluster,
    listing: &mut Option<BTreeSet<Name>>,
    namespace: Option<&str>,
    departed: &Departed,
) {
    match event {
        Event::Init => *listing = Some(BTreeSet::new()),
        Event::InitApply(connection) => {
            if let Some(listed) = listing {
                listed.insert(name_of(connection));
            }
            put(connection, cluster);
        }
        Event::InitDone => {
            let Some(listed) = listing.take() else { return };
            let is_ours = |name: &&Name| namespace.is_none_or(|own| own == name.namespace);
            let lost: Vec<Name> =
                cluster.roster().names().filter(is_ours).filter(|name| !listed.contains(*name)).cloned().collect();
            for name in lost {
                let uid = cluster.roster().get(&name).map(|member| member.uid.clone()).unwrap_or_default();
                remove(&name, cluster);
                drop(departed.send(Gone::Unread(name, uid)));
            }
        }
        Event::Apply(connection) => put(connection, cluster),
        Event::Delete(connection) => {
            let name = name_of(connection);
            remove(&name, cluster);
            let gone = match &connection.0 {
                Ok(connection) => Gone::Connection(Box::new(connection.clone())),
                Err(_) => Gone::Unread(name, uid_of(connection)),
            };
            // Nobody listens while the controller stops.
            drop(departed.send(gone));
        }
    }
}

fn put(connection: &GuardedConnection, cluster: &Cluster) {
    let member = match &connection.0 {
        Ok(connection) => Member::of(connection, cluster.name()),
        // Whoever cannot be read still lives, and owns what its name says.
        Err(_) => unreadable(connection, cluster),
    };
    let Some(member) = member else { return };
    let earlier = cluster.roster().get(&member.name).cloned();
    if !cluster.roster_mut().put(member.clone()) {
        cluster.touch();
        return;
    }
    cluster.touch();
    let mut related = cluster.roster().related(&member);
    if let Some(earlier) = &earlier {
        related.extend(cluster.roster().related(earlier));
    }
    cluster.wake(&related);
    let workspaces = [earlier.and_then(|earlier| earlier.workspace), member.workspace];
    for workspace in workspaces.iter().flatten() {
        cluster.wake_workspace(workspace);
    }
}

fn unreadable(connection: &GuardedConnection, cluster: &Cluster) -> Option<Member> {
    let name = name_of(connection);
    let before = cluster.roster().get(&name).cloned();
    before.or_else(|| {
        let key = crate::contact::OwnershipKey::new(format!("{}/{name}", cluster.name())).ok()?;
        Some(Member {
            uid: connection.uid().unwrap_or_default(),
            key,
            bound: false,
            take_over: Vec::new(),
            refused: None,
            refused_takeovers: Vec::new(),
            workspace: None,
            directory: BTreeSet::new(),
            created: connection.creation_timestamp().map(|time| time.0),
            deleting: false,
            name,
        })
    })
}

fn uid_of<K: Resource>(object: &Guarded<K>) -> String {
    object.meta().uid.clone().unwrap_or_default()
}

fn remove(name: &Name, cluster: &Cluster) {
    let Some(member) = cluster.roster_mut().remove(name) else { return };
    cluster.touch();
    let related = cluster.roster().related(&member);
    cluster.wake(&related);
    if let Some(workspace) = &member.workspace {
        cluster.wake_workspace(workspace);
    }
}
