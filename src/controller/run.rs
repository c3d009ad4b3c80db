//! One run of one connection in the cluster: announced in status, run, told.

use std::path::PathBuf;

use futures::FutureExt;
use kube::ResourceExt;
use tracing::Instrument as _;

use super::cluster::Ready;
use super::conclude::{Outcome, conclude, tell};
use super::connection::{Next, due_after, moment, tokens, why};
use super::context::Context;
use super::due::Due;
use super::error::Error;
use super::events::Notice;
use super::fault::Fault;
use super::roster::{Member, Name};
use super::status;
use super::{departure, patch, standing};
use crate::api::{Binding, ConnectionState, ContactSyncConnection, RunTrigger};
use crate::sync::{self, Begun, ConnectionSettings, Ends, GoneOwners, Mode, Place, Run};
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
    let begun = run.begin().await;
    let before = connection.status.clone().unwrap_or_default();
    let binding = Binding {
        workspace_uid: ready.workspace.uid().unwrap_or_default(),
        ownership_key: settings.key.to_string(),
        source_type: source_type(&connection),
    };
    let announced =
        status::begun(before.clone(), begun.summary().report(), binding, &tokens, moment(&connection, context.now()));
    let api = context.connections(name);
    let announced = match patch::status(&api, &connection, &before, &announced).await {
        Ok(object) => object.unwrap_or(connection),
        Err(error) => return Err(unannounced(&run, begun, error).await),
    };
    let id = begun.summary().id.clone();
    let span = telemetry::run_span(&name.namespace, &name.name, id.as_str());
    tracing::info!(parent: &span, connection = %name, run = %id, trigger = why(trigger), "a run begins");
    let counted = context.metrics.run_started(&name.namespace, &name.name);
    let ends = ends(&ready, &settings, name, context).boxed();
    let outcome = tokio::select! {
        report = run.finish(begun, ends).boxed().instrument(span) => Outcome::Ended(Box::new(report)),
        why = stopped(name, &announced, context) => Outcome::Stopped(why),
    };
    outcome.count(counted);
    let object = conclude(announced, &id, &outcome, &settings, name, context).await?;
    tell(&object, &before, &outcome, name, context).await;
    Ok(Next::again(object))
}

/// Closes the record of a run that could not be announced in status, and so did nothing. Where the object changed since it
/// was looked at, nobody was told of that run: no trace is left, and what is due is decided again.
pub(super) async fn unannounced(run: &Run<'_>, begun: Begun, error: kube::Error) -> Error {
    let closed = if patch::is_conflict(&error) || patch::is_gone(&error) {
        run.withdraw(begun).await
    } else {
        run.abandon(begun, "it could not be announced in status: it did nothing").await
    };
    closed.map_or_else(Error::Run, |()| error.into())
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

/// What a run of a connection is told.
pub(super) fn settings(
    connection: &ContactSyncConnection,
    name: &Name,
    context: &Context,
) -> Result<ConnectionSettings, sync::Error> {
    let cluster = std::sync::Arc::clone(&context.cluster);
    let generation = connection.metadata.generation;
    let spec = connection.spec.clone();
    let mut settings = ConnectionSettings::new(cluster.name(), &name.namespace, &name.name, generation, spec)?;
    if let Some(member) = Member::of(connection, cluster.name()) {
        settings.same_directory = cluster.roster().same_directory(&member);
    }
    settings.gone = GoneOwners::new(move |owner| {
        let roster = cluster.roster();
        standing::is_gone(owner.as_str(), &roster, cluster.name(), |namespace| cluster.is_watched(namespace))
    });
    Ok(settings)
}

async fn ends(
    ready: &Ready,
    settings: &ConnectionSettings,
    name: &Name,
    context: &Context,
) -> Result<Ends, sync::Error> {
    let file_root: PathBuf = context.settings.file_root.join(&name.namespace);
    let place = Place { keys: &context.keys, file_root };
    let watch = context.metrics.directory_requests();
    let directory = sync::open_watched_directory(settings, &place, watch).await?;
    let desk = context.desks.open(&ready.workspace, &context.keys).await?;
    Ok(Ends { directory, desk })
}

/// Waits until a run may not go on any longer, and says why.
pub(super) async fn stopped(name: &Name, began: &ContactSyncConnection, context: &Context) -> String {
    let mut changes = context.cluster.changes();
    loop {
        if let Some(why) = must_stop(name, began, context) {
            return why;
        }
        tokio::select! {
            told = changes.changed() => if told.is_err() { std::future::pending::<()>().await },
            () = context.abandoning.cancelled() => return "the controller was shut down".to_owned(),
        }
    }
}

fn must_stop(name: &Name, began: &ContactSyncConnection, context: &Context) -> Option<String> {
    let Some(now) = context.cluster.connection(name) else { return Some("the connection was deleted".to_owned()) };
    // What cannot be read says nothing of what it wants: what was begun goes on.
    let Ok(now) = &now.0 else { return None };
    if now.uid() != began.uid() {
        return Some("the connection was deleted and made again".to_owned());
    }
    // The watch is behind: what it shows was changed before this began.
    if now.metadata.generation < began.metadata.generation {
        return None;
    }
    let deleting = |object: &ContactSyncConnection| object.metadata.deletion_timestamp.is_some();
    if deleting(began) {
        // Somebody wants the contacts to stay after all, or lives on with them.
        let stays = departure::nothing_to_do(now, name, context).map(|(_, why)| why.to_owned());
        return stays.or_else(|| context.cluster.look(now).err().map(|block| block.message));
    }
    if deleting(now) {
        return Some("the connection is being deleted".to_owned());
    }
    if now.spec.state == ConnectionState::Draft && began.spec.state == ConnectionState::Enabled {
        return Some("the connection became a Draft".to_owned());
    }
    context.cluster.look(now).err().map(|block| block.message)
}

async fn fresh(
    connection: ContactSyncConnection,
    name: &Name,
    context: &Context,
) -> Result<ContactSyncConnection, Error> {
    Ok(context.connections(name).get_opt(&name.name).await?.unwrap_or(connection))
}

pub(super) fn source_type(connection: &ContactSyncConnection) -> String {
    match connection.spec.source.type_ {
        crate::api::SourceType::Ldap => "LDAP".to_owned(),
        crate::api::SourceType::File => "File".to_owned(),
    }
}
