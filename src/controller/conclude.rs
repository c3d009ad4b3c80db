//! The end of a run in the cluster: into status, Events, metrics and the log, and what is made of a run whose end nobody
//! wrote.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use kube::ResourceExt;

use super::begin::settings;
use super::context::Context;
use super::due::Due;
use super::error::Error;
use super::events::{self, Notice};
use super::fault::Fault;
use super::metrics::Running;
use super::roster::Name;
use super::step::{Next, due_after, moment};
use super::{patch, status};
use crate::api::{ConnectionStatus, ContactSyncConnection, LeaverPolicy};
use crate::runlog::{RunId, Summary};
use crate::sync::{ConnectionSettings, Report};

/// Why a run was cut off of which no more is known.
const GONE: &str = "the controller that ran it is gone";

/// How a run that was begun came out.
pub(super) enum Outcome {
    /// As its summary says, and why it failed, if it did.
    Ended(Box<Summary>, Option<Fault>),
    /// It was cut off, and why.
    Stopped(String),
}

impl From<Report> for Outcome {
    fn from(report: Report) -> Self {
        let fault = report.error.as_ref().map(Fault::of);
        Self::Ended(Box::new(report.summary), fault)
    }
}

impl Outcome {
    /// Of a run whose summary somebody else closed.
    pub(super) fn of_summary(summary: Summary) -> Self {
        let fault = summary.fault.as_deref().map(Fault::named);
        Self::Ended(Box::new(summary), fault)
    }

    /// A run that did not end counts as interrupted.
    pub(super) fn count(&self, counted: Running) {
        match self {
            Self::Ended(summary, _) => counted.ended(summary),
            Self::Stopped(_) => drop(counted),
        }
    }
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
    let is_cut_off = summary.is_none();
    let outcome = summary.map_or_else(|| Outcome::Stopped(GONE.to_owned()), Outcome::of_summary);
    let after = concluded(&connection, before.clone(), &outcome, &settings, context);
    let written = patch::status(&context.connections(name), &connection, &before, &after).await?;
    let object = written.unwrap_or(connection);
    if is_cut_off {
        if let Some(id) = &id {
            note_cut_off(&settings, id, GONE, context).await;
        }
        let note = "a run was cut off with the controller that ran it; it is run again";
        context.events.tell(&object, vec![Notice::warning("RunInterrupted", "Sync", note)]).await;
    }
    Ok(Next::again(object))
}

/// Status tells of it in any case.
pub(super) async fn note_cut_off(settings: &ConnectionSettings, id: &RunId, why: &str, context: &Context) {
    if let Err(error) = context.store.note_cut_off(&settings.key, id, why).await {
        tracing::warn!(run = %id, %error, "the record of a run does not say that it was cut off");
    }
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
        Outcome::Ended(summary, fault) => {
            let log_ref = context.store.log_ref(&settings.key, &summary.id);
            status::ended(before, summary, fault.as_ref(), policy(object), log_ref, moment)
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
    match due_after(object, &ready, status, context) {
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
        Outcome::Ended(summary, fault) => {
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
    if let Some(fault) = fault {
        tracing::warn!(connection = %name, %run, reason = fault.reason, message = %summary.message, "a run failed");
    } else {
        tracing::info!(connection = %name, %run, result = ?summary.result, counts, "a run ended");
    }
}
