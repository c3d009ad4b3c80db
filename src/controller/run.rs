//! One run of one connection in the cluster: announced in status, run, told.

use std::path::PathBuf;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::FutureExt;
use kube::ResourceExt;
use tracing::Instrument as _;

use super::cluster::{Ready, requested_at};
use super::connection::{Next, moment, next_due, why};
use super::context::Context;
use super::due::Due;
use super::error::Error;
use super::events::{self, Notice};
use super::fault::Fault;
use super::metrics::Running;
use super::roster::{Member, Name};
use super::status::{self, Tokens};
use super::{departure, patch, standing};
use crate::api::{Binding, ConnectionState, ConnectionStatus, ContactSyncConnection, LeaverPolicy, RunTrigger};
use crate::runlog::{RunId, Summary};
use crate::sync::{self, Begun, ConnectionSettings, Ends, GoneOwners, Mode, Place, Report, Run, Silent};
use crate::telemetry;

/// Why a run was cut off of which no more is known.
const GONE: &str = "the controller that ran it is gone";

/// How a run that was begun came out.
pub(super) enum Outcome {
    Ended(Box<Report>),
    /// It was cut off, and why.
    Stopped(String),
}

impl Outcome {
    /// A run that did not end counts as interrupted.
    pub(super) fn count(&self, counted: Running) {
        match self {
            Self::Ended(report) => counted.ended(&report.summary),
            Self::Stopped(_) => drop(counted),
        }
    }
}

/// Runs an Enabled connection.
pub(super) async fn run(
    connection: ContactSyncConnection,
    ready: Ready,
    trigger: RunTrigger,
    tokens: Tokens,
    name: &Name,
    context: &Context,
) -> Result<Next, Error> {
    let Some(_slot) = context.slot().await else { return Ok(Next::until(None, context.now())) };
    // What was so when it got in line may be so no more.
    if context.cluster.look(&connection).is_err() {
        return Ok(Next::again(connection));
    }
    let settings = match settings(&connection, name, context) {
        Ok(settings) => settings,
        Err(error) => return Err(Error::Run(error)),
    };
    let run = Run {
        settings: &settings,
        mode: Mode::Sync,
        trigger,
        store: &context.store,
        retention: context.settings.retention,
        clock: &context.clock,
        observer: &Silent,
    };
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
    tokens: Tokens,
    name: &Name,
    context: &Context,
) -> Result<Next, Error> {
    let Some(_slot) = context.slot().await else { return Ok(Next::until(None, context.now())) };
    let settings = settings(&connection, name, context).map_err(Error::Run)?;
    let run = Run {
        settings: &settings,
        mode: Mode::Plan,
        trigger,
        store: &context.store,
        retention: context.settings.retention,
        clock: &context.clock,
        observer: &Silent,
    };
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
    after.next_run_time = match next_due(&connection, &ready, &after, &tokens, context.now(), context) {
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

/// A run is on in status, and nobody runs it. Its summary may tell how it ended all the same.
pub(super) async fn recover(connection: ContactSyncConnection, name: &Name, context: &Context) -> Result<Next, Error> {
    let before = connection.status.clone().unwrap_or_default();
    let settings = settings(&connection, name, context).map_err(Error::Run)?;
    let id = before.last_run.as_ref().and_then(|run| RunId::parse(&run.id));
    let summary = match &id {
        Some(id) => context.store.summary(&settings.key, id).await.ok().filter(|summary| summary.end_time.is_some()),
        None => None,
    };
    let moment = moment(&connection, context.now());
    let mut after = match &summary {
        Some(summary) => status::ended(
            before.clone(),
            summary,
            None,
            policy(&connection),
            context.store.log_ref(&settings.key, &summary.id),
            moment,
        ),
        None => status::interrupted(before.clone(), GONE, moment),
    };
    after.next_run_time = next_run_time(&connection, &after, context);
    let written = patch::status(&context.connections(name), &connection, &before, &after).await?;
    let object = written.unwrap_or(connection);
    if summary.is_none() {
        if let Some(id) = &id {
            note_cut_off(&settings, id, GONE, context).await;
        }
        let note = "a run was cut off with the controller that ran it; it is run again";
        context.events.tell(&object, vec![Notice::warning("RunInterrupted", "Sync", note)]).await;
    }
    Ok(Next::again(object))
}

/// Status tells of it in any case.
async fn note_cut_off(settings: &ConnectionSettings, id: &RunId, why: &str, context: &Context) {
    if let Err(error) = context.store.note_cut_off(&settings.key, id, why).await {
        tracing::warn!(run = %id, %error, "the record of a run does not say that it was cut off");
    }
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
            changed = changes.changed() => if changed.is_err() { std::future::pending::<()>().await },
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

/// Writes the end of a run into status, however long the API server takes: nobody else knows of it.
pub(super) async fn conclude(
    announced: ContactSyncConnection,
    id: &RunId,
    outcome: &Outcome,
    settings: &ConnectionSettings,
    name: &Name,
    context: &Context,
) -> Result<ContactSyncConnection, Error> {
    let api = context.connections(name);
    let mut waits = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(20))
        .without_max_times()
        .with_jitter()
        .build();
    if let Outcome::Stopped(why) = outcome {
        note_cut_off(settings, id, why, context).await;
    }
    let mut conflicts = patch::Conflicts::default();
    let mut object = announced;
    loop {
        let before = object.status.clone().unwrap_or_default();
        // Another leader has taken it from here.
        if before.last_run.as_ref().is_none_or(|run| run.id != id.as_str()) {
            return Ok(object);
        }
        let after = concluded(&object, before.clone(), outcome, settings, context);
        let error = match patch::status(&api, &object, &before, &after).await {
            Ok(written) => return Ok(written.unwrap_or(object)),
            Err(error) => error,
        };
        if patch::is_gone(&error) {
            return Err(error.into());
        }
        if !(patch::is_conflict(&error) && conflicts.may_go_on()) {
            tracing::warn!(connection = %name, run = %id, error = %super::error::brief(&error), "the end of a run is not in status yet");
            tokio::time::sleep(waits.next().unwrap_or(Duration::from_secs(20))).await;
        }
        match api.get(&name.name).await {
            Ok(newer) if newer.uid() == object.uid() => object = newer,
            Ok(newer) => return Ok(newer),
            Err(error) if patch::is_gone(&error) => return Err(error.into()),
            Err(_unreachable) => {}
        }
    }
}

fn concluded(
    object: &ContactSyncConnection,
    before: ConnectionStatus,
    outcome: &Outcome,
    settings: &ConnectionSettings,
    context: &Context,
) -> ConnectionStatus {
    let moment = moment(object, context.now());
    let mut after = match outcome {
        Outcome::Stopped(why) => status::interrupted(before, why, moment),
        Outcome::Ended(report) => {
            let fault = report.error.as_ref().map(Fault::of);
            let log_ref = context.store.log_ref(&settings.key, &report.summary.id);
            status::ended(before, &report.summary, fault.as_ref(), policy(object), log_ref, moment)
        }
    };
    after.next_run_time = next_run_time(object, &after, context);
    after
}

/// What removal means for the contacts of a connection now.
fn policy(object: &ContactSyncConnection) -> LeaverPolicy {
    if object.metadata.deletion_timestamp.is_none() {
        return object.spec.leavers.policy;
    }
    match object.spec.deletion_policy {
        crate::api::DeletionPolicy::Keep => LeaverPolicy::Keep,
        crate::api::DeletionPolicy::Deactivate => LeaverPolicy::Deactivate,
        crate::api::DeletionPolicy::Delete => LeaverPolicy::Delete,
    }
}

fn next_run_time(
    object: &ContactSyncConnection,
    status: &ConnectionStatus,
    context: &Context,
) -> Option<jiff::Timestamp> {
    if object.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let ready = context.cluster.look(object).ok()?;
    let tokens = Tokens { own: requested_at(object), workspace: requested_at(&ready.workspace) };
    match next_due(object, &ready, status, &tokens, context.now(), context) {
        Due::At(time) => Some(time),
        Due::Now(_) | Due::OnChange => None,
    }
}

pub(super) async fn tell(
    object: &ContactSyncConnection,
    before: &ConnectionStatus,
    outcome: &Outcome,
    name: &Name,
    context: &Context,
) {
    match outcome {
        Outcome::Ended(report) => {
            let Report { summary, error } = report.as_ref();
            let fault = error.as_ref().map(Fault::of);
            log(summary, fault.as_ref(), name);
            context.events.tell(object, events::of_run(before, summary, fault.as_ref())).await;
        }
        Outcome::Stopped(why) => {
            tracing::warn!(connection = %name, why, "a run was cut off");
            let notice = Notice::warning("RunInterrupted", "Sync", format!("the run was cut off: {why}"));
            context.events.tell(object, vec![notice]).await;
        }
    }
}

fn log(summary: &Summary, fault: Option<&Fault>, name: &Name) {
    let (run, counts) = (&summary.id, summary.counts.in_words());
    match fault {
        Some(fault) => {
            tracing::warn!(connection = %name, %run, reason = fault.reason, message = %summary.message, "a run failed");
        }
        None => tracing::info!(connection = %name, %run, result = ?summary.result, counts, "a run ended"),
    }
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
