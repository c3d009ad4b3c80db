//! One run of one connection in the cluster: announced in status, run, told.

use std::path::PathBuf;

use futures::FutureExt;
use tracing::Instrument as _;

use super::begin::{Announced, announce, binding, settings};
use super::cluster::Ready;
use super::conclude::{Outcome, conclude, tell};
use super::context::Context;
use super::due::Due;
use super::error::Error;
use super::events::Notice;
use super::fault::Fault;
use super::roster::Name;
use super::step::{Next, due_after, moment, tokens, why};
use super::stop::stopped;
use super::{patch, status};
use crate::api::{ContactSyncConnection, RunTrigger};
use crate::sync::{self, ConnectionSettings, Ends, Mode, Place};
use crate::telemetry;

/// Runs an Enabled connection.
pub(super) async fn run(
    connection: ContactSyncConnection,
    ready: Ready,
    trigger: RunTrigger,
    name: &Name,
    context: &Context,
) -> Result<Next, Error> {
    let tokens = tokens(&connection, &ready);
    let settings = settings(&connection, name, context).map_err(Error::Run)?;
    let run = context.run(&settings, Mode::Sync, trigger);
    let binding = binding(&connection, &ready, &settings);
    let Announced { begun, before, object: announced } =
        announce(&run, connection, binding, &tokens, name, context).await?;
    let id = begun.summary().id.clone();
    let span = telemetry::run_span(&name.namespace, &name.name, id.as_str());
    tracing::info!(parent: &span, connection = %name, run = %id, trigger = why(trigger), "a run begins");
    let counted = context.metrics.run_started(&name.namespace, &name.name);
    let ends = ends(&ready, &settings, name, context).boxed();
    let outcome = tokio::select! {
        report = run.finish(begun, ends).boxed().instrument(span) => Outcome::from(report),
        why = stopped(name, &announced, context) => Outcome::Stopped(why),
    };
    outcome.count(counted);
    let object = conclude(announced, &id, &outcome, &settings, name, context).await?;
    tell(&object, &before, &outcome, name, context).await;
    Ok(Next::again(object))
}

/// Plans a Draft: it writes nothing, and leaves no record but status.
pub(super) async fn plan(
    connection: ContactSyncConnection,
    ready: Ready,
    trigger: RunTrigger,
    name: &Name,
    context: &Context,
) -> Result<Next, Error> {
    let tokens = tokens(&connection, &ready);
    let settings = settings(&connection, name, context).map_err(Error::Run)?;
    let run = context.run(&settings, Mode::Plan, trigger);
    let ends = ends(&ready, &settings, name, context).boxed();
    let report = tokio::select! {
        report = run.go(ends).boxed() => report,
        _why = stopped(name, &connection, context) => return Ok(Next::again(fresh(connection, name, context).await?)),
    };
    let failed = context.note_planned(&connection, report.summary.start_time, report.error.is_some());
    let fault = report.error.as_ref().map(Fault::of);
    let before = connection.status.clone().unwrap_or_default();
    let mut after =
        status::planned(before.clone(), &report.summary, fault.as_ref(), &tokens, moment(&connection, context.now()));
    after.next_run_time = match due_after(&connection, &ready, &after, context) {
        Due::At(time) => Some(time),
        Due::Now(_) | Due::OnChange => None,
    };
    let written = patch::status(&context.connections(name), &connection, &before, &after).await?;
    if let (Some(fault), 1) = (fault, failed) {
        let note = format!("the plan failed: {}", report.summary.message);
        context.events.tell(&connection, vec![Notice::warning(fault.reason, "Plan", note)]).await;
    }
    Ok(Next::again(written.unwrap_or(connection)))
}

/// Opens directory and desk.
pub(super) async fn ends(
    ready: &Ready,
    settings: &ConnectionSettings,
    name: &Name,
    context: &Context,
) -> Result<Ends, sync::Error> {
    let file_root: PathBuf = context.settings.file_root.join(&name.namespace);
    let reach = context.settings.tuning.reach.clone();
    let place = Place { keys: &context.keys, file_root, reach, patience: Place::PATIENCE };
    let watch = context.metrics.directory_requests();
    let directory = sync::open_watched_directory(settings, &place, watch).await?;
    let desk = context.desks.open(&ready.workspace, &context.keys).await?;
    Ok(Ends { directory, desk })
}

async fn fresh(
    connection: ContactSyncConnection,
    name: &Name,
    context: &Context,
) -> Result<ContactSyncConnection, Error> {
    Ok(context.connections(name).get_opt(&name.name).await?.unwrap_or(connection))
}
