//! What the steps of a reconciliation share: what comes after one, what is due, and of which moment they speak.

use std::time::Duration;

use jiff::Timestamp;
use kube::runtime::controller::Action;

use super::cluster::{Ready, requested_at};
use super::context::Context;
use super::due::{self, Due, Facts};
use super::standing;
use super::status::{Moment, Tokens};
use crate::api::{ConnectionState, ConnectionStatus, ContactSyncConnection, RunTrigger};

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

/// The requests that stand at a connection and at its workspace.
pub(super) fn tokens(connection: &ContactSyncConnection, ready: &Ready) -> Tokens {
    Tokens { own: requested_at(connection), workspace: requested_at(&ready.workspace) }
}

/// What is due for a connection that nothing stands in the way of.
pub(super) fn due_after(
    connection: &ContactSyncConnection,
    ready: &Ready,
    status: &ConnectionStatus,
    context: &Context,
) -> Due {
    let tokens = tokens(connection, ready);
    let generation = connection.metadata.generation.unwrap_or_default();
    let facts = Facts {
        generation,
        status,
        token: tokens.own.as_deref(),
        workspace_token: tokens.workspace.as_deref(),
        timetable: ready.timetable.as_ref(),
        was_blocked: standing::was_blocked(status),
        now: context.now(),
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
