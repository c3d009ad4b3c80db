//! Brings one connection to rest: looks at it, does the next thing, looks again.

use std::sync::Arc;

use futures::FutureExt;
use kube::ResourceExt;
use kube::runtime::controller::Action;

use super::cluster::{GuardedConnection, Ready, name_of, workspace_of};
use super::context::Context;
use super::due::Due;
use super::error::Error;
use super::metrics::Standing;
use super::roster::Name;
use super::standing::Block;
use super::status;
use super::step::{FINALIZER, Next, due_after, moment};
use super::{departure, job, patch, run, unreadable};
use crate::api::{ConnectionState, ConnectionStatus, ContactSyncConnection, DeletionPolicy, RunResult};

/// Reconciles.
pub(super) async fn reconcile(guarded: Arc<GuardedConnection>, context: Arc<Context>) -> Result<Action, Error> {
    context.cluster.synced().await;
    let name = name_of(guarded.as_ref());
    let shard = context.settings.shard;
    let mut connection = match &guarded.0 {
        Ok(connection) => connection.clone(),
        // Nobody knows where it points.
        Err(_) if !shard.owns(&name) => return Ok(Action::await_change()),
        Err(invalid) => return Box::pin(unreadable::connection(&name, invalid, &context)).await,
    };
    let mut conflicts = patch::Conflicts::default();
    loop {
        if context.stopping.is_cancelled() {
            return Ok(Action::await_change());
        }
        // It may have been this shard's until now: only a connection that owns nothing may point elsewhere.
        if !shard.owns(&workspace_of(&connection)) {
            context.metrics.connection(&name.namespace, &name.name, &Standing::default());
            return Ok(Action::await_change());
        }
        if let Some(status) = &connection.status {
            context.metrics.connection(&name.namespace, &name.name, &status::standing(status));
        }
        match step(connection, &name, &context).boxed().await {
            Ok(Next::Again(newer)) => connection = *newer,
            Ok(Next::Rest(action)) => return Ok(action),
            Err(Error::Api(error)) if patch::is_gone(&error) => return Ok(Action::await_change()),
            // It changed since it was looked at: look at what it is now.
            Err(Error::Api(error)) if patch::is_conflict(&error) && conflicts.may_go_on() => {
                let api = context.connections(&name);
                let Some(newer) = Box::pin(api.get_opt(&name.name)).await? else {
                    return Ok(Action::await_change());
                };
                connection = newer;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn step(connection: ContactSyncConnection, name: &Name, context: &Context) -> Result<Next, Error> {
    // No run of it is on: this is the only place that runs it. Whoever did is gone.
    let last = connection.status.as_ref().and_then(|status| status.last_run.as_ref());
    if last.is_some_and(|run| run.result == RunResult::Running) {
        return Box::pin(job::recover(connection, name, context)).await;
    }
    if connection.metadata.deletion_timestamp.is_some() {
        return Box::pin(departure::step(connection, name, context)).await;
    }
    let holds =
        connection.spec.deletion_policy != DeletionPolicy::Keep && connection.spec.state == ConnectionState::Enabled;
    if connection.finalizers().iter().any(|finalizer| finalizer == FINALIZER) != holds {
        let api = context.connections(name);
        return Ok(Next::again(Box::pin(patch::finalizer(&api, &connection, FINALIZER, holds)).await?));
    }
    match context.cluster.look(&connection) {
        Ok(ready) => go_on(connection, ready, name, context).await,
        Err(block) => Box::pin(rest_blocked(connection, &block, name, context)).await,
    }
}

/// Runs or plans what is due, when it is this one's turn.
async fn go_on(connection: ContactSyncConnection, ready: Ready, name: &Name, context: &Context) -> Result<Next, Error> {
    let now = context.now();
    let trigger = match next_due(&connection, &ready, context) {
        Due::Now(trigger) => trigger,
        Due::At(time) => return Ok(Next::until(Some(time), now)),
        Due::OnChange => return Ok(Next::until(None, now)),
    };
    let jobs = context.jobs.as_ref().filter(|jobs| jobs.takes(&connection));
    let workspace = ready.workspace.uid().unwrap_or_default();
    // A thousand may wait here: whatever is large is made after.
    drop(ready);
    let slot = match jobs {
        Some(jobs) => context.job_slot(jobs, name, &workspace).await,
        None => context.slot(name, &workspace).await,
    };
    let Some(slot) = slot else { return Ok(Next::until(None, now)) };
    // What was so when it got in line may be so no more.
    let Ok(ready) = context.cluster.look(&connection) else { return Ok(Next::again(connection)) };
    // It was made anew meanwhile, and it is another one's turn.
    if ready.workspace.uid().unwrap_or_default() != workspace {
        return Ok(Next::again(connection));
    }
    let next = match connection.spec.state {
        ConnectionState::Enabled => match jobs {
            Some(jobs) => Box::pin(job::run(connection, ready, trigger, jobs, name, context)).await,
            None => Box::pin(run::run(connection, ready, trigger, name, context)).await,
        },
        ConnectionState::Draft => Box::pin(run::plan(connection, ready, trigger, name, context)).await,
    };
    drop(slot);
    next
}

fn next_due(connection: &ContactSyncConnection, ready: &Ready, context: &Context) -> Due {
    match &connection.status {
        Some(status) => due_after(connection, ready, status, context),
        None => due_after(connection, ready, &ConnectionStatus::default(), context),
    }
}

async fn rest_blocked(
    connection: ContactSyncConnection,
    block: &Block,
    name: &Name,
    context: &Context,
) -> Result<Next, Error> {
    let now = context.now();
    let before = connection.status.clone().unwrap_or_default();
    let is_draft = connection.spec.state == ConnectionState::Draft;
    let mut after = status::blocked(before.clone(), block, is_draft, moment(&connection, now));
    after.next_run_time = None;
    patch::status(&context.connections(name), &connection, &before, &after).await?;
    // Whatever is waited for wakes this one when it changes.
    Ok(Next::Rest(Action::await_change()))
}
