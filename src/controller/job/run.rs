//! One run as a Job, from its announcement to its end; and what is made of one that an earlier leader announced.

use futures::FutureExt;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::coordination::v1::Lease;
use kube::ResourceExt;

use super::super::begin::{Announced, announce, binding, settings};
use super::super::cluster::{Ready, name_of, workspace_of};
use super::super::conclude::{self, Outcome, conclude, tell};
use super::super::context::Context;
use super::super::error::Error;
use super::super::fault::Fault;
use super::super::lease::{Election, Won};
use super::super::metrics::Running;
use super::super::patch;
use super::super::roster::Name;
use super::super::settings::LeaseSettings;
use super::super::step::{Next, tokens, why};
use super::super::stop::stopped;
use super::super::turns::{Slot, Turn};
use super::fate::Fate;
use super::template::Order;
use super::{Jobs, LEASE_FORBIDDEN, job_name, run_lease};
use crate::api::{ConnectionState, ContactSyncConnection, RunResult, RunTrigger};
use crate::runlog::RunId;
use crate::sync::{ConnectionSettings, Mode};

/// Runs an Enabled connection as a Job.
pub(in super::super) async fn run(
    connection: ContactSyncConnection,
    ready: Ready,
    trigger: RunTrigger,
    jobs: &Jobs,
    name: &Name,
    context: &Context,
) -> Result<Next, Error> {
    let tokens = tokens(&connection, &ready);
    let settings = settings(&connection, name, context).map_err(Error::Run)?;
    let run = context.run(&settings, Mode::Sync, trigger);
    let binding = binding(&connection, &ready, &settings);
    let Announced { begun, before, object } =
        announce(&run, connection, binding, &tokens, name, context).boxed().await?;
    let counted = context.metrics.run_started(&name.namespace, &name.name);
    let id = begun.summary().id.clone();
    if !begun.is_on_record() {
        // A Job would find nothing to take up. It fails as it would here.
        let outcome = Outcome::from(run.finish(begun, std::future::pending()).boxed().await);
        outcome.count(counted);
        let object = conclude(object, &id, &outcome, &settings, name, context).boxed().await?;
        tell(&object, &before, &outcome, name, context).await;
        return Ok(Next::again(object));
    }
    let job = job_name(&id);
    tracing::info!(connection = %name, run = %id, job, trigger = why(trigger), "a run begins as a Job");
    let order = Order {
        name: job.clone(),
        run: &id,
        connection: name,
        connection_uid: &object.uid().unwrap_or_default(),
        workspace: &name_of(&ready.workspace),
        workspace_uid: &ready.workspace.uid().unwrap_or_default(),
        controller: &jobs.settings.lease.name,
        arguments: &jobs.settings.arguments,
    };
    let made = jobs.settings.template.job(&order);
    let errand = Errand { jobs, job, id, settings, name, context };
    errand.see_through(object, Some(made), counted.elsewhere()).boxed().await
}

/// A run is on in status, and this process does not run it. A Job may: then it is waited for. Else nobody does.
pub(in super::super) async fn recover(
    connection: ContactSyncConnection,
    name: &Name,
    context: &Context,
) -> Result<Next, Error> {
    let id = connection.status.as_ref().and_then(|status| RunId::parse(&status.last_run.as_ref()?.id));
    if let (Some(jobs), Some(id)) = (&context.jobs, id) {
        let job = job_name(&id);
        let kept = jobs.kept().remove(&job);
        if jobs.find(&job, &connection.uid().unwrap_or_default()).await?.is_some() {
            let _slot = match kept {
                Some(slot) => Some(slot),
                None => alone(&connection, context).await,
            };
            tracing::info!(connection = %name, run = %id, job, "a run goes on as a Job that an earlier leader made");
            let settings = settings(&connection, name, context).map_err(Error::Run)?;
            let counted = context.metrics.run_started(&name.namespace, &name.name).elsewhere();
            let errand = Errand { jobs, job, id, settings, name, context };
            return errand.see_through(connection, None, counted).boxed().await;
        }
    }
    // Its Job may have been removed while its process still ran.
    let held = match old_lease(&connection, context).boxed().await? {
        None => None,
        Some(base) => match hold(base, &connection.uid().unwrap_or_default(), context).boxed().await {
            Some(lease) => lease,
            None => return Ok(Next::until(None, context.now())),
        },
    };
    let next = Box::pin(conclude::recover(connection, name, context)).await;
    if let Some(mut lease) = held {
        lease.discard().await;
    }
    next
}

/// Has the workspace of a connection for a Job that runs there already.
async fn alone(connection: &ContactSyncConnection, context: &Context) -> Option<Slot> {
    let workspace = context.cluster.workspace(&workspace_of(connection))?.uid()?;
    tokio::select! {
        turn = context.turns.alone(&workspace) => Some(Slot { _turn: Turn::Alone(turn), _place: None }),
        // Whoever waits for the Job finds the same, and leaves.
        () = context.stopping.cancelled() => None,
    }
}

/// The lease beside which that of a Job's process lies, where one may be at work: a controller that makes Jobs cannot
/// know; one that makes none any more looks whether there is such a lease.
async fn old_lease<'a>(
    connection: &ContactSyncConnection,
    context: &'a Context,
) -> Result<Option<&'a LeaseSettings>, kube::Error> {
    if let Some(jobs) = &context.jobs {
        return Ok(Some(&jobs.settings.lease));
    }
    let Some(base) = context.settings.lease.as_ref() else { return Ok(None) };
    let own = run_lease(base, connection.uid().as_deref().unwrap_or_default());
    let leases: kube::Api<Lease> = kube::Api::namespaced(context.client.clone(), &own.namespace);
    let found = match leases.get_opt(&own.name).await {
        Ok(found) => found,
        // Without the right to look there were never Jobs.
        Err(error) if patch::is_forbidden(&error) => None,
        // Whoever does not know must not take it for nobody.
        Err(error) => return Err(error),
    };
    let holder = found.and_then(|lease| lease.spec?.holder_identity);
    Ok(holder.filter(|holder| !holder.is_empty()).map(|_held| base))
}

/// Holds the lease of a connection's Jobs: whoever held it has stopped. `Some(None)`: it has too, for nobody may hold it.
/// `None`: this process stops first.
pub(super) async fn hold(base: &LeaseSettings, connection_uid: &str, context: &Context) -> Option<Option<Election>> {
    let lease = run_lease(base, connection_uid);
    let (client, identity) = (context.client.clone(), context.settings.identity.clone());
    let mut election = Election::new(client, lease, identity, std::sync::Arc::clone(&context.clock));
    match election.win_if_allowed(&context.stopping).await {
        Won::Held(_fence) => Some(Some(election)),
        Won::Forbidden => Some(None),
        Won::Stopping => None,
    }
}

/// One run as a Job.
struct Errand<'a> {
    jobs: &'a Jobs,
    job: String,
    id: RunId,
    settings: ConnectionSettings,
    name: &'a Name,
    context: &'a Context,
}

impl Errand<'_> {
    /// Waits for the end of the run, and tells of it. Asked to stop, this process leaves the Job to the next leader.
    async fn see_through(
        self,
        announced: ContactSyncConnection,
        made: Option<Job>,
        counted: Running,
    ) -> Result<Next, Error> {
        let left = || Ok(Next::until(None, self.context.now()));
        let Some(mut fate) = self.fate(&announced, made).await else { return left() };
        let Some(lease) = self.settle(&fate, &announced).await else { return left() };
        if lease.is_none() && matches!(fate, Fate::Failed(_) | Fate::Complete) {
            fate = Fate::Nothing(Fault::JOB_REFUSED, LEASE_FORBIDDEN.to_owned());
        }
        // Its requests and those that come now are of one budget.
        let workspace = self.context.cluster.workspace(&workspace_of(&announced));
        if let Some(Ok(workspace)) = workspace.as_ref().map(|workspace| &workspace.0) {
            self.context.desks.drain(workspace);
        }
        let outcome = self.outcome(fate).await;
        outcome.count(counted.seen());
        let before = announced.status.clone().unwrap_or_default();
        let concluded = conclude(announced, &self.id, &outcome, &self.settings, self.name, self.context).boxed().await;
        if let Some(mut lease) = lease {
            lease.discard().await;
        }
        let object = concluded?;
        tell(&object, &before, &outcome, self.name, self.context).await;
        Ok(Next::again(object))
    }

    async fn fate(&self, announced: &ContactSyncConnection, made: Option<Job>) -> Option<Fate> {
        let began = as_announced(announced);
        let over = async {
            match &made {
                Some(job) => self.jobs.carry_out(job).await,
                None => self.jobs.over(&self.job).await,
            }
        };
        tokio::select! {
            biased;
            () = self.context.stopping.cancelled() => None,
            why = stopped(self.name, &began, self.context) => Some(Fate::Stopped(why)),
            fate = over.boxed() => Some(fate),
        }
    }

    /// Sees to it that nobody is at work any more: ends the Job where it has not ended by itself, and holds the lease of
    /// its process. `None`: this process stops first.
    async fn settle(&self, fate: &Fate, announced: &ContactSyncConnection) -> Option<Option<Election>> {
        if matches!(fate, Fate::Nothing(Fault::JOB_REFUSED, _)) {
            // There was never a process, and perhaps there is no right to end one, or to a lease, either.
            return Some(None);
        }
        if matches!(fate, Fate::Stopped(_) | Fate::Nothing(..)) {
            tokio::select! {
                () = self.jobs.end(&self.job).boxed() => {}
                () = self.context.stopping.cancelled() => return None,
            }
        }
        let uid = announced.uid().unwrap_or_default();
        hold(&self.jobs.settings.lease, &uid, self.context).boxed().await
    }

    /// What the run's record says counts, if it ended; else what is known of its Job.
    async fn outcome(&self, fate: Fate) -> Outcome {
        let summary = self.context.store.summary(&self.settings.key, &self.id).await;
        let unsaid = match &summary {
            Ok(summary) if summary.end_time.is_some() => return Outcome::of_summary(summary.clone()),
            Ok(summary) => summary.message.clone(),
            Err(_) => String::new(),
        };
        // Only a run that its process never took up did nothing: what another set out to do counts (L4).
        let is_untouched = matches!(self.context.store.intent(&self.settings.key, &self.id).await, Ok(None));
        match (fate, summary) {
            (Fate::Nothing(fault, why), Ok(mut summary)) if is_untouched => {
                summary.result = RunResult::Failed;
                summary.end_time = Some(self.context.now());
                summary.fault = Some(fault.reason.to_owned());
                summary.message = why;
                if let Err(error) = self.context.store.put_summary(&self.settings.key, &summary).await {
                    tracing::warn!(run = %self.id, %error, "the record of a run does not say that it failed");
                }
                Outcome::of_summary(summary)
            }
            // Its process said why, before it ended.
            (Fate::Failed(_), _) if !unsaid.is_empty() => Outcome::Stopped(unsaid),
            (Fate::Nothing(_, why) | Fate::Stopped(why) | Fate::Failed(why), _) => Outcome::Stopped(why),
            (Fate::Complete, _) => Outcome::Stopped("its Job ended, and its record cannot be read".to_owned()),
        }
    }
}

/// The connection as it was when its run was announced: Enabled, and not being deleted.
fn as_announced(connection: &ContactSyncConnection) -> ContactSyncConnection {
    let mut began = connection.clone();
    began.metadata.deletion_timestamp = None;
    began.spec.state = ConnectionState::Enabled;
    began
}
