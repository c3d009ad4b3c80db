//! Brings one workspace to rest: is the desk there, what can it do, who uses it.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use kube::ResourceExt;
use kube::runtime::controller::Action;
use tokio::time::Instant;

use super::cluster::{GuardedWorkspace, name_of, requested_at};
use super::conditions::{self, Conditions, Is, READY, RECONCILING, STALLED};
use super::context::{Checked, Context};
use super::error::Error;
use super::events::Notice;
use super::fault::Fault;
use super::roster::Name;
use super::{patch, unreadable};
use crate::api::{ContactSync, KDeskWorkspace, WorkspaceStatus};
use crate::desk::Capabilities;
use crate::{desk, sync};

/// Holds a workspace that connections point at.
pub(super) const FINALIZER: &str = "kdesk.seraphex.net/in-use";

/// How long to wait after a desk that was not there: a little at first, then ever longer.
const FIRST_WAIT: Duration = Duration::from_secs(15);

/// Reconciles.
pub(super) async fn reconcile(guarded: Arc<GuardedWorkspace>, context: Arc<Context>) -> Result<Action, Error> {
    context.cluster.synced().await;
    let name = name_of(guarded.as_ref());
    if !context.settings.shard.owns(&name) {
        return Ok(Action::await_change());
    }
    let mut workspace = match &guarded.0 {
        Ok(workspace) => workspace.clone(),
        Err(invalid) => return unreadable::workspace(&name, invalid, &context).await,
    };
    let mut conflicts = patch::Conflicts::default();
    loop {
        match step(&workspace, &name, &context).boxed().await {
            Ok(Step::Rest(action)) => return Ok(action),
            Ok(Step::Again(newer)) => workspace = *newer,
            Err(Error::Api(error)) if patch::is_gone(&error) => return Ok(Action::await_change()),
            Err(Error::Api(error)) if patch::is_conflict(&error) && conflicts.may_go_on() => {
                let Some(newer) = context.workspaces(&name).get_opt(&name.name).await? else {
                    return Ok(Action::await_change());
                };
                workspace = newer;
            }
            Err(error) => return Err(error),
        }
    }
}

enum Step {
    Again(Box<KDeskWorkspace>),
    Rest(Action),
}

async fn step(workspace: &KDeskWorkspace, name: &Name, context: &Context) -> Result<Step, Error> {
    let users = context.cluster.users(name);
    let holds = workspace.finalizers().iter().any(|finalizer| finalizer == FINALIZER);
    let is_deleting = workspace.metadata.deletion_timestamp.is_some();
    let api = context.workspaces(name);
    if holds != (users > 0) && (holds || !is_deleting) {
        let newer = patch::finalizer(&api, workspace, FINALIZER, users > 0).await?;
        if is_deleting {
            context.forget(&workspace.uid().unwrap_or_default());
            context.metrics.workspace(&name.namespace, &name.name, None);
            return Ok(Step::Rest(Action::await_change()));
        }
        return Ok(Step::Again(Box::new(newer)));
    }
    let before = workspace.status.clone().unwrap_or_default();
    let mut after = before.clone();
    let wait = if is_deleting {
        being_deleted(&mut after, workspace, users, context);
        None
    } else {
        check(&mut after, workspace, context).await
    };
    after.connections = i32::try_from(users).ok();
    after.observed_generation = workspace.metadata.generation;
    // Each connection notes for itself that it handled the token; here it was handed to all.
    if let Some(token) = requested_at(workspace) {
        after.last_handled_requested_at = Some(token);
    }
    patch::status(&api, workspace, &before, &after).await?;
    let ready = conditions::find(&after.conditions, READY).map(|ready| ready.status == "True");
    context.metrics.workspace(&name.namespace, &name.name, ready);
    tell(workspace, &before, &after, context).await;
    Ok(Step::Rest(wait.map_or_else(Action::await_change, Action::requeue)))
}

/// Asks the desk, unless that was done lately and nobody asks for it. How long it is good for.
async fn check(status: &mut WorkspaceStatus, workspace: &KDeskWorkspace, context: &Context) -> Option<Duration> {
    let uid = workspace.uid().unwrap_or_default();
    let generation = workspace.metadata.generation.unwrap_or_default();
    let every = context.settings.workspace_check;
    let known = context.checks.lock().unwrap_or_else(PoisonError::into_inner).get(&uid).copied();
    let known = known.filter(|checked| checked.generation == generation);
    let wait_after = |failed: u32| match failed {
        0 => every,
        failed => FIRST_WAIT.saturating_mul(1 << (failed - 1).min(6)).min(every),
    };
    if let Some(checked) = known
        && status.observed_generation == Some(generation)
        && requested_at(workspace).is_none_or(|token| status.last_handled_requested_at.as_ref() == Some(&token))
    {
        let left = wait_after(checked.failed).saturating_sub(checked.at.elapsed());
        if !left.is_zero() {
            return Some(left);
        }
    }
    let asked = context.desks.check(workspace, &context.keys).await;
    let failed = if asked.is_err() { known.map_or(0, |checked| checked.failed).saturating_add(1) } else { 0 };
    let checked = Checked { at: Instant::now(), failed, generation };
    context.checks.lock().unwrap_or_else(PoisonError::into_inner).insert(uid, checked);
    let mut conditions = Conditions::new(&mut status.conditions, generation, context.now());
    match &asked {
        Ok(desk) => {
            let can = can_do(desk.capabilities());
            let message = match workspace.spec.contact_sync {
                ContactSync::Enabled => format!("the desk answers and takes the credentials; it offers {can}"),
                ContactSync::Disabled => format!("contact sync is Disabled; the desk answers, and offers {can}"),
            };
            let reason =
                if workspace.spec.contact_sync == ContactSync::Enabled { "DeskAnswers" } else { "ContactSyncDisabled" };
            conditions.set(READY, Is::True, reason, &message);
            conditions.only_while(RECONCILING, None);
            conditions.only_while(STALLED, None);
        }
        Err(error) => {
            let fault = fault(error);
            let message = error.to_string();
            conditions.set(READY, Is::False, fault.reason, &message);
            conditions.only_while(STALLED, fault.stands_in_spec.then_some((fault.reason, message.as_str())));
            let retrying = "the desk is asked again";
            conditions.only_while(RECONCILING, (!fault.stands_in_spec).then_some(("ProgressingWithRetry", retrying)));
        }
    }
    Some(wait_after(failed))
}

/// What is wrong with the workspace's own spec stands there.
fn fault(error: &sync::Error) -> Fault {
    match error {
        sync::Error::Desk(desk::Error::Settings { field, .. })
            if !field.starts_with("tls") && (!field.starts_with("auth") || *field == "auth.oauth2.tokenURL") =>
        {
            Fault { reason: "InvalidSpec", stands_in_spec: true }
        }
        error => Fault::of(error),
    }
}

fn can_do(capabilities: &Capabilities) -> String {
    let mut words = vec![if capabilities.patch { "PATCH" } else { "PUT only" }.to_owned()];
    match &capabilities.bulk {
        Some(bulk) => words.push(format!("Bulk of {} operations", bulk.max_operations)),
        None => words.push("no Bulk".to_owned()),
    }
    let paging = if capabilities.cursor { "cursor paging" } else { "index paging" };
    words.push(paging.to_owned());
    words.push(if capabilities.filter.is_some() { "filters" } else { "no filters" }.to_owned());
    words.join(", ")
}

fn being_deleted(status: &mut WorkspaceStatus, workspace: &KDeskWorkspace, users: usize, context: &Context) {
    let message = format!("{users} connections point here: it goes when they are gone");
    let generation = workspace.metadata.generation.unwrap_or_default();
    Conditions::new(&mut status.conditions, generation, context.now()).set(READY, Is::False, "InUse", &message);
}

async fn tell(workspace: &KDeskWorkspace, before: &WorkspaceStatus, after: &WorkspaceStatus, context: &Context) {
    let ready = |status: &WorkspaceStatus| conditions::find(&status.conditions, READY).cloned();
    let Some(now) = ready(after) else { return };
    if ready(before).is_some_and(|before| before.status == now.status && before.reason == now.reason) {
        return;
    }
    let word: &'static str = if now.status == "True" { "DeskAnswers" } else { "DeskNotReady" };
    let notice = match now.status.as_str() {
        "True" => Notice::normal(word, "Check", now.message),
        _ => Notice::warning(word, "Check", format!("{}: {}", now.reason, now.message)),
    };
    context.events.tell(workspace, vec![notice]).await;
}
