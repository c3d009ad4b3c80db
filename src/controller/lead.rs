//! One controller process: waits for the lease, leads, and stops as it should.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use futures::{Stream, StreamExt};
use jiff::SignedDuration;
use kube::Client;
use kube::runtime::Controller as Loop;
use kube::runtime::controller::{self, Action, Config};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::cluster::{Cluster, Guarded, name_of, workspace_of};
use super::context::Context;
use super::desks::Desks;
use super::error::{Error, contained};
use super::events::Events;
use super::fence::{Fence, both};
use super::http::Health;
use super::job::Jobs;
use super::lease::Election;
use super::metrics::Metrics;
use super::places::Leave;
use super::seen::{Watched, tell_failed};
use super::settings::{LeaseSettings, Settings};
use super::shard::Shard;
use super::turns::Turns;
use super::watch::Gone;
use super::{connection, departure, housekeeping, job, logs, workspace};
use crate::clock::Clock;
use crate::keys::ClusterKeys;
use crate::net::Gate;
use crate::runlog::RunStore;

/// After an error the API server is asked again about this much later; longer, and no two at once.
const AGAIN: Duration = Duration::from_secs(5);
/// How long runs that were cut off may take to say so in status, before the process ends all the same.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long changes around a workspace are gathered.
const GATHERED: Duration = Duration::from_millis(300);
/// How often the clock is compared with the time that passed.
const CLOCK_CHECK: Duration = Duration::from_secs(10);
/// A clock that is further off than this was set.
const CLOCK_JUMP: SignedDuration = SignedDuration::from_secs(5);

/// What readiness waits for.
const CACHES: &str = "caches";
const UNSEEN: &str = "the API server has not shown all connections and workspaces yet";
const STORE: &str = "run log store";
const UNPROVEN: &str = "it has not been written and read yet: the log says what --log-store answers";
/// How long after a failed proof of the store the next one is tried.
const PROVE_AGAIN: Duration = Duration::from_secs(5);

/// A controller.
pub struct Controller {
    pub(super) client: Client,
    pub(super) settings: Settings,
    pub(super) clock: Clock,
    pub(super) store: RunStore,
    metrics: Metrics,
    health: Health,
}

impl Controller {
    /// A controller that has not begun; it is not ready before it has seen everything.
    pub fn new(
        client: Client,
        settings: Settings,
        clock: Clock,
        store: RunStore,
        metrics: Metrics,
        health: Health,
    ) -> Self {
        health.waits_for(STORE, UNPROVEN);
        health.waits_for(CACHES, UNSEEN);
        Self { client, settings, clock, store, metrics, health }
    }

    /// Runs until `stopping`, and a little longer: runs that are on may end within the grace that the settings give.
    pub async fn run(self, stopping: CancellationToken) {
        let alive = async {
            let mut ticks = tokio::time::interval(CLOCK_CHECK);
            loop {
                self.health.tick(ticks.tick().await.into_std());
            }
        };
        tokio::select! {
            () = self.take_part(&stopping) => {}
            () = alive => {}
        }
    }

    /// Leads, as often and for as long as it is this replica's turn.
    async fn take_part(&self, stopping: &CancellationToken) {
        tokio::select! {
            () = self.prove_store() => {}
            () = stopping.cancelled() => return,
        }
        let Some(lease) = self.settings.lease.clone() else {
            self.lead(None, stopping).await;
            return;
        };
        let shard = self.settings.shard;
        let own = LeaseSettings { name: shard.lease(&lease.name), ..lease.clone() };
        let common = LeaseSettings { name: Shard::count_lease(&lease.name), ..lease };
        let identity = self.settings.identity.clone();
        let mut election = Election::new(self.client.clone(), own, identity, Arc::clone(&self.clock));
        let count = shard.count().to_string();
        let mut count = Election::together(self.client.clone(), common, count, Arc::clone(&self.clock));
        while let Some(fence) = election.win(stopping, || self.stand_by()).await {
            tokio::select! {
                // It stops only when it is asked to.
                () = self.lead_as_counted(&fence, &mut count, stopping) => break,
                // Everything that leads is dropped here: no run goes on.
                () = election.keep(&fence) => self.metrics.leads(false),
            }
        }
        election.resign().await;
    }

    /// Waits until the store of run records works: without it no run may write, so another replica should lead. A store
    /// that fails later fails the runs of that time.
    async fn prove_store(&self) {
        while let Err(error) = self.store.prove().await {
            tracing::error!(%error, "--log-store does not work: no connection is run before it does; it is tried again");
            tokio::time::sleep(PROVE_AGAIN).await;
        }
        self.health.has(STORE);
    }

    /// Leads its shard while no other number of shards is on: a workspace that is this shard's now may have been another's
    /// of so many. The lease that says so is nobody's to give back: it runs out after the last of them.
    async fn lead_as_counted(&self, fence: &Fence, count: &mut Election, stopping: &CancellationToken) {
        while let Some(counted) = count.win(stopping, || self.stand_by()).await {
            tokio::select! {
                () = self.lead(Some(both(fence, &counted)), stopping) => return,
                () = count.keep(&counted) => self.metrics.leads(false),
            }
        }
    }

    /// Another leads: there is nothing to wait for that a probe could speed up.
    fn stand_by(&self) {
        self.metrics.leads(false);
        self.health.has(CACHES);
    }

    /// Watches and reconciles until `stopping`.
    async fn lead(&self, gate: Option<Gate>, stopping: &CancellationToken) {
        self.metrics.leads(true);
        self.health.waits_for(CACHES, UNSEEN);
        let built = self.build(gate, stopping);
        let context = Arc::clone(&built.context);
        let abandon = async {
            stopping.cancelled().await;
            tokio::time::sleep(self.settings.shutdown_grace).await;
            context.abandoning.cancel();
            tokio::time::sleep(LAST_WORDS).await;
            tracing::warn!("the API server took no last words: the next leader finds what was cut off");
        };
        // Before anything runs: a Job that is on has its workspace for itself.
        tokio::select! {
            () = Box::pin(job::survey(&context)) => {}
            () = stopping.cancelled() => return,
        }
        // Dropped with this, whichever way it ends.
        let mut side = JoinSet::new();
        side.spawn(orphans(Arc::clone(&context)));
        side.spawn(clock_jumps(Arc::clone(&context)));
        side.spawn(synced(Arc::clone(&context), self.health.clone()));
        side.spawn(releases(Arc::clone(&context), built.departed));
        // What is nobody's workspace is done once.
        if self.settings.shard.index() == 0 {
            side.spawn(housekeeping::housekeeping(Arc::clone(&context)));
            let namespaces = self.settings.namespaces.clone();
            side.spawn(logs::expire(self.client.clone(), namespaces, Arc::clone(&self.clock)));
        }
        // Nothing is reconciled before everything is listed: whoever is stopped before that has nothing to bring to its end,
        // and a watch that cannot begin would wait for its store for ever.
        let unseen = async {
            stopping.cancelled().await;
            if context.cluster.is_synced() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            _all = join_all(built.loops) => {}
            () = abandon => {}
            () = unseen => {}
        }
    }

    fn build(&self, gate: Option<Gate>, stopping: &CancellationToken) -> Built {
        let seen = Watched::new(&self.client, &self.settings);
        let context = self.context(seen.cluster, gate, stopping);
        let mut loops: Vec<BoxedLoop> = Vec::new();
        for part in seen.connections {
            let connections = Loop::for_stream(part.stream, part.store).reconcile_on(received(part.woken));
            loops.push(driven(connections, Config::default(), stopping, &context, connection::reconcile));
        }
        for part in seen.workspaces {
            let workspaces = Loop::for_stream(part.stream, part.store).reconcile_on(received(part.woken));
            // A thousand connections that come at once are one change of who uses it.
            let gathered = Config::default().debounce(GATHERED);
            loops.push(driven(workspaces, gathered, stopping, &context, workspace::reconcile));
        }
        if let Some(stream) = seen.namespaces {
            let stream = stream.take_until(stopping.clone().cancelled_owned());
            loops.push(Box::pin(stream.for_each(|seen| {
                if let Err(error) = seen {
                    tell_failed("Namespace", &error);
                }
                ready(())
            })));
        }
        Built { context, departed: seen.departed, loops }
    }

    pub(super) fn context(
        &self,
        cluster: Arc<Cluster>,
        gate: Option<Gate>,
        stopping: &CancellationToken,
    ) -> Arc<Context> {
        let settings = self.settings.clone();
        Arc::new(Context {
            client: self.client.clone(),
            clock: Arc::clone(&self.clock),
            store: self.store.clone(),
            cluster,
            desks: Desks::new(settings.tuning.clone(), gate, self.metrics.desk_requests()),
            metrics: self.metrics.clone(),
            waiting: std::sync::atomic::AtomicUsize::new(0),
            keys: ClusterKeys::of_controller(self.client.clone()),
            events: Events::new(self.client.clone(), &settings.identity),
            slots: Leave::new(settings.concurrent_runs),
            turns: Turns::default(),
            jobs: settings.jobs.clone().map(|jobs| Jobs::new(&self.client, jobs)),
            stopping: stopping.clone(),
            abandoning: CancellationToken::new(),
            plans: std::sync::Mutex::default(),
            checks: std::sync::Mutex::default(),
            settings,
        })
    }
}

struct Built {
    context: Arc<Context>,
    departed: mpsc::UnboundedReceiver<Gone>,
    loops: Vec<BoxedLoop>,
}

type BoxedLoop = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// Drives one kind's reconciliations until `stopping`; those that are on end as they see fit.
fn driven<K, F>(
    controller: Loop<Guarded<K>>,
    config: Config,
    stopping: &CancellationToken,
    context: &Arc<Context>,
    reconcile: impl Fn(Arc<Guarded<K>>, Arc<Context>) -> F + Send + 'static,
) -> BoxedLoop
where
    K: kube::Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
    F: Future<Output = Result<Action, Error>> + Send + 'static,
{
    let reconciled = controller.with_config(config).graceful_shutdown_on(stopping.clone().cancelled_owned()).run(
        move |object, context| contained(reconcile(object, context)),
        error_policy::<K>,
        Arc::clone(context),
    );
    Box::pin(reconciled.for_each(|outcome| {
        // What became of an object is told by the error policy; one that is gone meanwhile is nobody's loss.
        if let Err(controller::Error::QueueError(error)) = outcome {
            tell_failed(&K::kind(&()), &error);
        }
        ready(())
    }))
}

/// The one reporter of what stops a reconciliation.
#[expect(clippy::needless_pass_by_value, reason = "the shape of an error policy")]
fn error_policy<K: kube::Resource<DynamicType = ()>>(
    object: Arc<Guarded<K>>,
    error: &Error,
    context: Arc<Context>,
) -> Action {
    let kind = if K::kind(&()) == "KDeskWorkspace" { "KDeskWorkspace" } else { "ContactSyncConnection" };
    context.metrics.reconcile_failed(kind);
    let name = name_of(object.as_ref());
    tracing::warn!(object = %name, kind, %error, "it is looked at again later");
    // Different objects come back at different moments.
    let spread = name.name.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 1000;
    Action::requeue(AGAIN + AGAIN * spread / 1000)
}

fn received<T: Send + 'static>(receiver: mpsc::UnboundedReceiver<T>) -> impl Stream<Item = T> + Send + 'static {
    futures::stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|item| (item, receiver)) })
}

/// Says when everything was listed once.
async fn synced(context: Arc<Context>, health: Health) {
    context.cluster.synced().await;
    health.has(CACHES);
    let (connections, shard) = (context.cluster.connections().len(), context.settings.shard);
    let (shard, shards) = (shard.index(), shard.count());
    tracing::info!(connections, shard, shards, "everything was listed: this replica reconciles");
}

async fn orphans(context: Arc<Context>) {
    Box::pin(job::orphans(&context)).await;
}

/// Timers run by the time that passes, schedules by the clock: where the clock is set, everybody is looked at again.
async fn clock_jumps(context: Arc<Context>) {
    let mut ticks = tokio::time::interval(CLOCK_CHECK);
    let mut last = (context.now(), std::time::Instant::now());
    loop {
        ticks.tick().await;
        let now = (context.now(), std::time::Instant::now());
        let jump = clock_jump(now.0.duration_since(last.0), now.1.duration_since(last.1));
        last = now;
        if let Some(jump) = jump {
            tracing::warn!(seconds = jump.as_secs(), "the clock was set: every connection is looked at again");
            context.cluster.wake_all();
        }
    }
}

/// By how much a clock was set that went on by so much while so much time passed; small steps are nobody's business.
fn clock_jump(by_clock: SignedDuration, passed: Duration) -> Option<SignedDuration> {
    let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
    let jump = by_clock.saturating_sub(passed);
    (jump > CLOCK_JUMP || jump < -CLOCK_JUMP).then_some(jump)
}

/// What is kept of objects that are gone is forgotten. Contacts of connections that were deleted with Keep become nobody's,
/// after a while.
async fn releases(context: Arc<Context>, mut departed: mpsc::UnboundedReceiver<Gone>) {
    let mut waiting = JoinSet::new();
    while let Some(gone) = departed.recv().await {
        let (name, uid) = match &gone {
            Gone::Connection(connection) => {
                (name_of(connection.as_ref()), connection.metadata.uid.clone().unwrap_or_default())
            }
            Gone::Unread(name, uid) | Gone::Workspace(name, uid) => (name.clone(), uid.clone()),
        };
        context.forget(&uid);
        match &gone {
            Gone::Workspace(..) => context.metrics.workspace(&name.namespace, &name.name, None),
            Gone::Connection(_) | Gone::Unread(..) => context.metrics.forget(&name.namespace, &name.name),
        }
        let Gone::Connection(connection) = gone else { continue };
        // Another shard releases its own.
        if !context.settings.shard.owns(&workspace_of(&connection)) {
            continue;
        }
        let context = Arc::clone(&context);
        waiting.spawn(async move {
            tokio::time::sleep(context.settings.release_after).await;
            let name = name_of(connection.as_ref());
            if let Err(error) = departure::release(&connection, &name, &context).await {
                tracing::warn!(connection = %name, %error, "contacts of a deleted connection were not released");
            }
        });
        while waiting.try_join_next().is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_noticed_in_either_direction_and_one_that_is_corrected_is_not() {
        let look = |clock, passed| clock_jump(SignedDuration::from_secs(clock), Duration::from_secs(passed));
        assert_eq!(look(10, 10), None);
        assert_eq!((look(15, 10), look(5, 10)), (None, None), "a daemon that keeps the clock right does this");
        assert_eq!(look(3610, 10), Some(SignedDuration::from_hours(1)));
        assert_eq!(look(-3590, 10), Some(SignedDuration::from_hours(-1)));
        // A machine that slept: only its clock went on.
        assert_eq!(look(600, 1), Some(SignedDuration::from_secs(599)));
        assert!(clock_jump(SignedDuration::MIN, Duration::MAX).is_some(), "it never overflows");
    }
}
