//! What a Job's process does: takes up the run that the leader announced, and runs it.

use std::sync::Arc;

use futures::FutureExt;
use kube::ResourceExt;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::super::begin::settings;
use super::super::cluster::Ready;
use super::super::conclude::note_cut_off;
use super::super::context::Context;
use super::super::error::brief;
use super::super::fault::Fault;
use super::super::lease::{Election, Won};
use super::super::roster::Name;
use super::super::seen::Watched;
use super::super::settings::LeaseSettings;
use super::super::stop::stopped;
use super::super::{Controller, run};
use super::{LEASE_FORBIDDEN, run_lease};
use crate::api::{ConnectionState, ContactSyncConnection, RunResult};
use crate::net::Gate;
use crate::runlog::RunId;
use crate::sync::{Begun, Mode, Report};
use crate::telemetry;

/// Which run to take up.
#[derive(Clone, Debug)]
pub struct WorkOrder {
    /// Namespace of the connection.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The run's id.
    pub run: RunId,
    /// The controller's lease: the run's lies beside it.
    pub lease: LeaseSettings,
}

/// Why a run was not carried out.
type Refusal = String;

impl Controller {
    /// Carries out one run that a leader announced. An error: it did not come to its end; whatever it did stands in its
    /// record.
    pub async fn work(self, order: WorkOrder, stopping: CancellationToken) -> Result<(), String> {
        let name = Name::new(&order.namespace, &order.name);
        let api = kube::Api::<ContactSyncConnection>::namespaced(self.client.clone(), &name.namespace);
        let connection = api.get(&name.name).boxed().await.map_err(|error| format!("{name}: {}", brief(&error)))?;
        let lease = run_lease(&order.lease, &connection.uid().unwrap_or_default());
        let identity = self.settings.identity.clone();
        let mut election = Election::new(self.client.clone(), lease, identity, Arc::clone(&self.clock));
        let fence = match election.win_if_allowed(&stopping).await {
            Won::Held(fence) => fence,
            Won::Stopping => return Err("it was asked to stop".to_owned()),
            Won::Forbidden => return Err(LEASE_FORBIDDEN.to_owned()),
        };
        let done = tokio::select! {
            done = self.take_up(&order, &name, fence.gate(), &stopping).boxed() => done,
            // Everything is dropped here: no request leaves any more.
            () = election.keep(&fence) => Err("its lease is lost".to_owned()),
        };
        election.resign().await;
        done
    }

    async fn take_up(
        &self,
        order: &WorkOrder,
        name: &Name,
        gate: Gate,
        stopping: &CancellationToken,
    ) -> Result<(), Refusal> {
        let (cluster, _watching) = Watched::new(&self.client, &self.settings).follow();
        let context = self.context(cluster, Some(gate), stopping);
        tokio::select! {
            () = context.cluster.synced() => {}
            () = stopping.cancelled() => return Err("it was asked to stop".to_owned()),
        }
        // After the lease is held: whoever wanted this run to be over has said so by now.
        let connection = context
            .connections(name)
            .get(&name.name)
            .boxed()
            .await
            .map_err(|error| format!("{name}: {}", brief(&error)))?;
        let ready = stands(&connection, &order.run, name, &context)?;
        // Until now the leader's process was at work there, by a budget of its own.
        context.desks.drain(&ready.workspace);
        let settings = settings(&connection, name, &context).map_err(|error| error.to_string())?;
        let trigger = connection.status.as_ref().and_then(|status| Some(status.last_run.as_ref()?.trigger));
        let run = context.run(&settings, Mode::Sync, trigger.unwrap_or(crate::api::RunTrigger::Change));
        let begun = run.resume(&order.run).await.map_err(|error| error.to_string())?;
        let begun: Begun = begun.ok_or("its record says that it is over, or that it was taken up before")?;
        let span = telemetry::run_span(&name.namespace, &name.name, order.run.as_str());
        tracing::info!(parent: &span, connection = %name, run = %order.run, "a run is taken up");
        let ends = run::ends(&ready, &settings, name, &context).boxed();
        let why = tokio::select! {
            report = run.finish(begun, ends).boxed().instrument(span) => return kept(report, &settings.key, &context).await,
            why = stopped(name, &connection, &context) => why,
            () = superseded(name, &order.run, &context) => "another run has begun".to_owned(),
            () = stopping.cancelled() => "its Job was stopped".to_owned(),
        };
        tracing::warn!(connection = %name, run = %order.run, why, "the run is cut off");
        note_cut_off(&settings, &order.run, &why, &context).await;
        Err(why)
    }
}

/// Whether everything is still as the leader found it.
fn stands(connection: &ContactSyncConnection, run: &RunId, name: &Name, context: &Context) -> Result<Ready, Refusal> {
    let last = connection.status.as_ref().and_then(|status| status.last_run.as_ref());
    let last = last.filter(|last| last.id == run.as_str() && last.result == RunResult::Running);
    let Some(last) = last else { return Err(format!("{name}: status does not say that this run is on")) };
    if last.generation != connection.metadata.generation || connection.metadata.deletion_timestamp.is_some() {
        return Err(format!("{name} changed before its run began"));
    }
    if connection.spec.state != ConnectionState::Enabled {
        return Err(format!("{name} is a Draft"));
    }
    let ready = context.cluster.look(connection).map_err(|block| block.message)?;
    let bound = connection.status.as_ref().and_then(|status| status.binding.as_ref());
    if bound.is_none_or(|bound| Some(&bound.workspace_uid) != ready.workspace.uid().as_ref()) {
        return Err(format!("{name}: its workspace is another one than the run was announced for"));
    }
    Ok(ready)
}

/// Waits until status says that the run is over, or of a later one.
async fn superseded(name: &Name, run: &RunId, context: &Context) {
    let mut changes = context.cluster.changes();
    loop {
        let seen = context.cluster.connection(name);
        let status = seen.as_ref().and_then(|seen| seen.0.as_ref().ok()).and_then(|seen| seen.status.as_ref());
        if let Some(last) = status.and_then(|status| status.last_run.as_ref())
            // The watch may be behind, and show an earlier one.
            && (last.id.as_str() > run.as_str() || last.id == run.as_str() && last.result != RunResult::Running)
        {
            return;
        }
        if changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The run came to its end. It is told by its record alone, so that must be there.
async fn kept(report: Report, key: &crate::contact::OwnershipKey, context: &Context) -> Result<(), Refusal> {
    let Report { mut summary, error } = report;
    if let Some(error) = &error {
        summary.fault = Some(Fault::of(error).reason.to_owned());
        context.store.put_summary(key, &summary).await.map_err(|error| error.to_string())?;
    }
    let counts = summary.counts.in_words();
    tracing::info!(run = %summary.id, result = ?summary.result, counts, "the run ended");
    Ok(())
}
