//! The deletion of a connection: what becomes of its contacts, and when it may go.
//!
//! A connection with `deletionPolicy: Keep` goes at once. The others are held by a finalizer until their contacts are
//! turned off or deleted, under the same hold as leavers (L4); where that cannot be done, they are let go after a while
//! and the contacts stay: a customer who can still sign in is the smaller evil.

use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use tracing::Instrument as _;

use super::begin::{Announced, announce, binding, settings};
use super::cluster::{Ready, requested_at};
use super::conclude::{Outcome, conclude, tell};
use super::conditions::{self, REMOVALS_HELD};
use super::context::Context;
use super::due::{self, Due, Facts};
use super::error::Error;
use super::events::Notice;
use super::fault::Fault;
use super::patch;
use super::roster::{Member, Name};
use super::standing::{Block, Stand};
use super::status::{self, Tokens};
use super::step::{FINALIZER, Next, moment};
use super::stop::{nothing_to_do, stopped};
use crate::api::{ConnectionState, ConnectionStatus, ContactSyncConnection, DeletionPolicy, RunResult, RunTrigger};
use crate::runlog::RunId;
use crate::sync::Mode;
use crate::telemetry;

/// How often a deletion that is held looks whether it may go on: the hold counts 24 hours back.
const HELD: SignedDuration = SignedDuration::from_hours(1);

/// The next thing to do for a connection that is being deleted.
pub(super) async fn step(connection: ContactSyncConnection, name: &Name, context: &Context) -> Result<Next, Error> {
    if !connection.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        return Ok(Next::until(None, context.now()));
    }
    if let Some((notice, why)) = nothing_to_do(&connection, name, context) {
        tracing::info!(connection = %name, why, "a deleted connection goes, and its contacts stay");
        context.events.tell(&connection, notice.into_iter().collect()).await;
        return let_go(connection, name, context).await;
    }
    match context.cluster.look(&connection) {
        Ok(ready) => depart(connection, ready, name, context).boxed().await,
        Err(block) => blocked(connection, block, name, context).boxed().await,
    }
}

/// Turns its contacts off, or deletes them.
async fn depart(
    connection: ContactSyncConnection,
    ready: Ready,
    name: &Name,
    context: &Context,
) -> Result<Next, Error> {
    let before = connection.status.clone().unwrap_or_default();
    let now = context.now();
    match due(&connection, &before, patience_ends(&connection, context), now) {
        Due::Now(trigger) => go(connection, ready, trigger, before, name, context).boxed().await,
        Due::At(time) => Ok(Next::until(Some(time), now)),
        Due::OnChange => let_go(connection, name, context).await,
    }
}

/// When its contacts are let go of. Deleting makes a new generation, so a run of this one was a departure.
/// Something that fails is tried once more when patience ends.
fn due(
    connection: &ContactSyncConnection,
    status: &ConnectionStatus,
    patience: Option<Timestamp>,
    now: Timestamp,
) -> Due {
    let generation = connection.metadata.generation.unwrap_or_default();
    let Some(last) = status.last_run.as_ref().filter(|run| run.generation == Some(generation)) else {
        return Due::Now(RunTrigger::Change);
    };
    let end = last.end_time.unwrap_or(last.start_time);
    let later = |wait| match end.checked_add(wait) {
        Ok(time) if time > now => Due::At(time),
        _ => Due::Now(RunTrigger::Retry),
    };
    let token = requested_at(connection);
    let facts = Facts {
        generation,
        status,
        token: token.as_deref(),
        workspace_token: None,
        timetable: None,
        was_blocked: false,
        now,
    };
    match last.result {
        RunResult::Succeeded => Due::OnChange,
        _ if due::is_requested(facts) => Due::Now(RunTrigger::Request),
        RunResult::Partial if conditions::holds(&status.conditions, REMOVALS_HELD) => later(HELD),
        // Some removals were refused.
        RunResult::Partial => later(SignedDuration::from_mins(8)),
        RunResult::Failed | RunResult::Interrupted | RunResult::Running => {
            let retry = match due::run(facts) {
                // What stands in the spec: it may be mended, or the policy set to Keep.
                Due::OnChange => later(HELD),
                due => due,
            };
            match (retry, patience.filter(|patience| *patience > end)) {
                (Due::At(_), Some(patience)) if patience <= now => Due::Now(RunTrigger::Retry),
                (Due::At(time), Some(patience)) => Due::At(time.min(patience)),
                (retry, _) => retry,
            }
        }
    }
}

async fn go(
    connection: ContactSyncConnection,
    ready: Ready,
    trigger: RunTrigger,
    before: ConnectionStatus,
    name: &Name,
    context: &Context,
) -> Result<Next, Error> {
    let workspace = ready.workspace.uid().unwrap_or_default();
    let Some(_slot) = context.slot(name, &workspace).await else { return Ok(Next::until(None, context.now())) };
    let mut settings = settings(&connection, name, context).map_err(Error::Run)?;
    // What it would have taken over was never its own.
    settings.take_over.clear();
    let run = context.run(&settings, Mode::Sync, trigger);
    let tokens = Tokens { own: requested_at(&connection), workspace: None };
    let binding = before.binding.unwrap_or_else(|| binding(&connection, &ready, &settings));
    let Announced { begun, before, object: announced } =
        announce(&run, connection, binding, &tokens, name, context).await?;
    let id = begun.summary().id.clone();
    let span = telemetry::run_span(&name.namespace, &name.name, id.as_str());
    tracing::info!(parent: &span, connection = %name, run = %id, "a deleted connection lets go of its contacts");
    let counted = context.metrics.run_started(&name.namespace, &name.name);
    let desk = context.desks.open(&ready.workspace, &context.keys);
    let outcome = tokio::select! {
        report = run.depart(begun, desk.boxed()).boxed().instrument(span) => Outcome::from(report),
        why = stopped(name, &announced, context) => Outcome::Stopped(why),
    };
    outcome.count(counted);
    let object = conclude(announced, &id, &outcome, &settings, name, context).await?;
    tell(&object, &before, &outcome, name, context).await;
    if let Outcome::Ended(_, Some(fault)) = &outcome
        && fault.reason == Fault::KEY_NOT_FOUND
        && is_out_of_patience(&object, context)
    {
        return Box::pin(give_up(object, "a Secret that its workspace needs is not there", name, context)).await;
    }
    Ok(Next::again(object))
}

/// Something stands in the way: it is waited for, but for a workspace that is not there not for ever.
async fn blocked(
    connection: ContactSyncConnection,
    block: Block,
    name: &Name,
    context: &Context,
) -> Result<Next, Error> {
    let now = context.now();
    let is_lost = matches!(block.reason, "WorkspaceNotFound" | "WorkspaceUnreadable");
    if is_lost && is_out_of_patience(&connection, context) {
        return Box::pin(give_up(connection, "its workspace is not there", name, context)).await;
    }
    let before = connection.status.clone().unwrap_or_default();
    let message =
        format!("its contacts cannot be let go of yet: {}; deletionPolicy: Keep would leave them", block.message);
    let block = Block { message, stand: Stand::Waiting, ..block };
    let after = status::blocked(before.clone(), &block, false, moment(&connection, now));
    patch::status(&context.connections(name), &connection, &before, &after).await?;
    Ok(Next::until(is_lost.then(|| patience_ends(&connection, context)).flatten(), now))
}

fn patience_ends(connection: &ContactSyncConnection, context: &Context) -> Option<Timestamp> {
    let deleted = connection.metadata.deletion_timestamp.as_ref()?.0;
    deleted.checked_add(context.settings.deletion_patience).ok()
}

fn is_out_of_patience(connection: &ContactSyncConnection, context: &Context) -> bool {
    patience_ends(connection, context).is_none_or(|end| context.now() >= end)
}

async fn give_up(connection: ContactSyncConnection, why: &str, name: &Name, context: &Context) -> Result<Next, Error> {
    let note = format!("{why}: the connection goes, and its contacts stay as they are");
    tracing::warn!(connection = %name, why, "a deleted connection could not let go of its contacts");
    context.events.tell(&connection, vec![Notice::warning("ContactsLeftBehind", "Delete", note)]).await;
    let_go(connection, name, context).await
}

async fn let_go(connection: ContactSyncConnection, name: &Name, context: &Context) -> Result<Next, Error> {
    patch::finalizer(&context.connections(name), &connection, FINALIZER, false).await?;
    Ok(Next::until(None, context.now()))
}

/// Makes the contacts of a connection that was deleted with Keep nobody's. It is done once, as well as can be: where it
/// fails, another connection may claim them all the same (L8), because their owner is gone.
pub(super) async fn release(connection: &ContactSyncConnection, name: &Name, context: &Context) -> Result<(), Error> {
    let Some(member) = Member::of(connection, context.cluster.name()) else { return Ok(()) };
    let bound = connection.status.as_ref().is_some_and(|status| status.binding.is_some());
    let is_kept = connection.spec.deletion_policy == DeletionPolicy::Keep;
    if !bound || !is_kept || connection.spec.state == ConnectionState::Draft {
        return Ok(());
    }
    // It was made again, or somebody takes its contacts over.
    if is_continued(&member, context) {
        return Ok(());
    }
    // Nor where its workspace admits it no more, say.
    let Ok(ready) = context.cluster.look(connection) else { return Ok(()) };
    let Some(_slot) = context.slot(name, &ready.workspace.uid().unwrap_or_default()).await else { return Ok(()) };
    let mut settings = settings(connection, name, context).map_err(Error::Run)?;
    settings.take_over.clear();
    let run = context.run(&settings, Mode::Sync, RunTrigger::Change);
    let begun = run.begin().await;
    let id: RunId = begun.summary().id.clone();
    let back = heir_appears(&member, context);
    let report = tokio::select! {
        report = run.depart(begun, context.desks.open(&ready.workspace, &context.keys).boxed()).boxed() => report,
        () = back => return Ok(()),
        () = context.abandoning.cancelled() => return Ok(()),
    };
    if let Some(error) = report.error {
        return Err(Error::Run(error));
    }
    tracing::info!(connection = %name, run = %id, released = report.summary.counts.released, "contacts belong to nobody now");
    Ok(())
}

/// Whether somebody owns these contacts, or will.
fn is_continued(member: &Member, context: &Context) -> bool {
    let is_held = context.cluster.roster().holder(&member.key).is_some();
    is_held || context.cluster.heir(member).is_some()
}

/// Waits until somebody owns these contacts again.
async fn heir_appears(member: &Member, context: &Context) {
    let mut changes = context.cluster.changes();
    loop {
        if is_continued(member, context) {
            return;
        }
        if changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{RunCounts, RunReport};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn deleted(generation: i64) -> ContactSyncConnection {
        let manifest = include_str!("../../examples/quickstart/connection.yaml");
        let mut connection: ContactSyncConnection = serde_yaml::from_str(manifest).unwrap();
        connection.metadata.generation = Some(generation);
        connection
    }

    fn after(generation: i64, result: RunResult, held: bool) -> ConnectionStatus {
        let run = RunReport {
            id: "a".to_owned(),
            trigger: RunTrigger::Change,
            generation: Some(generation),
            start_time: at("2026-11-23T10:00:00Z"),
            end_time: Some(at("2026-11-23T10:00:00Z")),
            result,
            message: None,
            counts: RunCounts::default(),
            log_ref: None,
        };
        let mut status = ConnectionStatus { last_run: Some(run.clone()), recent_runs: vec![run], ..Default::default() };
        conditions::Conditions::new(&mut status.conditions, generation, at("2026-11-23T10:00:00Z"))
            .only_while(REMOVALS_HELD, held.then_some(("AboveHold", "x")));
        status
    }

    #[test]
    fn l04_a_held_deletion_waits_for_approval_which_is_a_new_generation() {
        let now = at("2026-11-23T10:10:00Z");
        let held = after(3, RunResult::Partial, true);
        assert_eq!(due(&deleted(3), &held, None, now), Due::At(at("2026-11-23T11:00:00Z")));
        assert_eq!(due(&deleted(4), &held, None, now), Due::Now(RunTrigger::Change));
    }

    #[test]
    fn a_deletion_goes_once_its_contacts_were_let_go_of_and_tries_again_until_then() {
        let now = at("2026-11-23T10:00:10Z");
        let look = |result| due(&deleted(3), &after(3, result, false), None, now);
        assert_eq!(look(RunResult::Succeeded), Due::OnChange);
        assert_eq!(look(RunResult::Failed), Due::At(at("2026-11-23T10:00:30Z")));
        assert_eq!(look(RunResult::Interrupted), Due::Now(RunTrigger::Retry));
        assert_eq!(look(RunResult::Partial), Due::At(at("2026-11-23T10:08:00Z")));
    }

    #[test]
    fn a_deletion_that_fails_is_tried_once_more_when_patience_ends() {
        let failed = after(3, RunResult::Failed, false);
        let patience = Some(at("2026-11-23T10:00:15Z"));
        let look = |now| due(&deleted(3), &failed, patience, at(now));
        assert_eq!(look("2026-11-23T10:00:10Z"), Due::At(at("2026-11-23T10:00:15Z")));
        assert_eq!(look("2026-11-23T10:00:15Z"), Due::Now(RunTrigger::Retry));
        let over = Some(at("2026-11-23T09:59:00Z"));
        assert_eq!(due(&deleted(3), &failed, over, at("2026-11-23T10:00:10Z")), Due::At(at("2026-11-23T10:00:30Z")));
    }

    #[test]
    fn somebody_who_asks_does_not_wait_for_the_next_try() {
        let mut asking = deleted(3);
        let token = ("kdesk.seraphex.net/requestedAt".to_owned(), "now".to_owned());
        asking.metadata.annotations = Some([token].into());
        let held = after(3, RunResult::Partial, true);
        let now = at("2026-11-23T10:10:00Z");
        assert_eq!(due(&asking, &held, None, now), Due::Now(RunTrigger::Request));
    }
}
