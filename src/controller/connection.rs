//! Brings one connection to rest: looks at it, does the next thing, looks again.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::cluster::{GuardedConnection, Ready, name_of, requested_at};
use super::context::Context;
use super::due::{self, Due, Facts};
use super::error::Error;
use super::roster::Name;
use super::status::{self, Block, Moment, Tokens};
use super::{departure, patch, run, standing, unreadable};
use crate::api::{ConnectionState, ConnectionStatus, ContactSyncConnection, DeletionPolicy, RunResult, RunTrigger};

/// Holds a connection that is to do something to its contacts when it is deleted.
pub(super) const FINALIZER: &str = "kdesk.seraphex.net/contacts";

/// What comes after a step.
pub(super) enum Next {
    /// Look again, at the object as it is now.
    Again(Box<ContactSyncConnection>),
    /// Nothing more, for now.
    Rest(Action),
}

impl Next {
    pub(super) fn again(connection: ContactSyncConnection) -> Self {
        Self::Again(Box::new(connection))
    }

    /// Until then, or until something changes.
    pub(super) fn until(time: Option<Timestamp>, now: Timestamp) -> Self {
        let wait = time.map(|time| Duration::try_from(time.duration_since(now)).unwrap_or_default());
        Self::Rest(wait.map_or_else(Action::await_change, Action::requeue))
    }
}

/// Reconciles.
pub(super) async fn reconcile(guarded: Arc<GuardedConnection>, context: Arc<Context>) -> Result<Action, Error> {
    context.cluster.synced().await;
    let name = name_of(guarded.as_ref());
    let mut connection = match &guarded.0 {
        Ok(connection) => connection.clone(),
        Err(invalid) => return unreadable::connection(&name, invalid, &context).await,
    };
    let mut conflicts = patch::Conflicts::default();
    loop {
        if context.stopping.is_cancelled() {
            return Ok(Action::await_change());
        }
        let status = connection.status.clone().unwrap_or_default();
        context.metrics.connection(&name.namespace, &name.name, &status::standing(&status));
        match step(connection, &name, &context).boxed().await {
            Ok(Next::Again(newer)) => connection = *newer,
            Ok(Next::Rest(action)) => return Ok(action),
            Err(Error::Api(error)) if patch::is_gone(&error) => return Ok(Action::await_change()),
            // It changed since it was looked at: look at what it is now.
            Err(Error::Api(error)) if patch::is_conflict(&error) && conflicts.may_go_on() => {
                let Some(newer) = context.connections(&name).get_opt(&name.name).await? else {
                    return Ok(Action::await_change());
                };
                connection = newer;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn step(connection: ContactSyncConnection, name: &Name, context: &Context) -> Result<Next, Error> {
    let before = connection.status.clone().unwrap_or_default();
    // No run of it is on: this is the only place that runs it. Whoever did is gone.
    if before.last_run.as_ref().is_some_and(|run| run.result == RunResult::Running) {
        return run::recover(connection, name, context).await;
    }
    if connection.metadata.deletion_timestamp.is_some() {
        return departure::step(connection, name, context).await;
    }
    let holds =
        connection.spec.deletion_policy != DeletionPolicy::Keep && connection.spec.state == ConnectionState::Enabled;
    if connection.finalizers().iter().any(|finalizer| finalizer == FINALIZER) != holds {
        let api = context.connections(name);
        return Ok(Next::again(patch::finalizer(&api, &connection, FINALIZER, holds).await?));
    }
    match context.cluster.look(&connection) {
        Ok(ready) => go_on(connection, ready, before, name, context).await,
        Err(block) => rest_blocked(connection, &block, before, name, context).await,
    }
}

/// Runs or plans what is due.
async fn go_on(
    connection: ContactSyncConnection,
    ready: Ready,
    before: ConnectionStatus,
    name: &Name,
    context: &Context,
) -> Result<Next, Error> {
    let now = context.now();
    let tokens = Tokens { own: requested_at(&connection), workspace: requested_at(&ready.workspace) };
    let due = next_due(&connection, &ready, &before, &tokens, now, context);
    match (due, connection.spec.state) {
        (Due::Now(trigger), ConnectionState::Enabled) => {
            run::run(connection, ready, trigger, tokens, name, context).await
        }
        (Due::Now(trigger), ConnectionState::Draft) => {
            run::plan(connection, ready, trigger, tokens, name, context).await
        }
        (Due::At(time), _) => Ok(Next::until(Some(time), now)),
        (Due::OnChange, _) => Ok(Next::until(None, now)),
    }
}

/// What is due for a connection that nothing stands in the way of.
pub(super) fn next_due(
    connection: &ContactSyncConnection,
    ready: &Ready,
    status: &ConnectionStatus,
    tokens: &Tokens,
    now: Timestamp,
    context: &Context,
) -> Due {
    let generation = connection.metadata.generation.unwrap_or_default();
    let facts = Facts {
        generation,
        status,
        token: tokens.own.as_deref(),
        workspace_token: tokens.workspace.as_deref(),
        timetable: ready.timetable.as_ref(),
        was_blocked: standing::was_blocked(status),
        now,
    };
    match connection.spec.state {
        ConnectionState::Enabled => due::run(facts),
        ConnectionState::Draft => {
            let known = context.planned(connection).filter(|planned| planned.generation == generation);
            let written = status.plan.as_ref().and_then(|plan| plan.time);
            due::plan(facts, known.map(|planned| planned.at).or(written), known.map_or(0, |planned| planned.failed))
        }
    }
}

async fn rest_blocked(
    connection: ContactSyncConnection,
    block: &Block,
    before: ConnectionStatus,
    name: &Name,
    context: &Context,
) -> Result<Next, Error> {
    let now = context.now();
    let is_draft = connection.spec.state == ConnectionState::Draft;
    let mut after = status::blocked(before.clone(), block, is_draft, moment(&connection, now));
    after.next_run_time = None;
    patch::status(&context.connections(name), &connection, &before, &after).await?;
    // Whatever is waited for wakes this one when it changes.
    Ok(Next::Rest(Action::await_change()))
}

/// Of this object, now.
pub(super) fn moment(connection: &ContactSyncConnection, now: Timestamp) -> Moment {
    Moment { generation: connection.metadata.generation.unwrap_or_default(), now }
}

/// Why a run begins, for a log line.
pub(super) fn why(trigger: RunTrigger) -> &'static str {
    match trigger {
        RunTrigger::Schedule => "schedule",
        RunTrigger::Request => "request",
        RunTrigger::Change => "change",
        RunTrigger::Retry => "retry",
    }
}
