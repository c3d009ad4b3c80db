//! Events (events.k8s.io): what happened to an object, for `kubectl describe` and whoever collects them. Repeated ones are
//! counted in a series, and none holds anybody's data (L20).

use k8s_openapi::api::core::v1::ObjectReference;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Resource};

use super::conditions::shortened_to;
use super::fault::Fault;
use crate::api::{ConnectionStatus, RunResult, RunTrigger};
use crate::runlog::Summary;

/// Longest note that the API server takes, in bytes.
const MAX_NOTE: usize = 1024;

/// Publishes Events.
#[derive(Clone)]
pub(super) struct Events {
    recorder: Recorder,
}

/// One thing that happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Notice {
    /// Something is wrong.
    pub(super) warning: bool,
    /// What happened, in one word.
    pub(super) reason: &'static str,
    /// What was being done.
    pub(super) action: &'static str,
    /// The same in a sentence.
    pub(super) note: String,
}

impl Notice {
    /// As it should be.
    pub(super) fn normal(reason: &'static str, action: &'static str, note: impl Into<String>) -> Self {
        Self { warning: false, reason, action, note: note.into() }
    }

    /// Something to look at.
    pub(super) fn warning(reason: &'static str, action: &'static str, note: impl Into<String>) -> Self {
        Self { warning: true, reason, action, note: note.into() }
    }
}

impl Events {
    /// Events of one process.
    pub(super) fn new(client: Client, identity: &str) -> Self {
        let reporter =
            Reporter { controller: "kdesk.seraphex.net/contactsync".into(), instance: Some(identity.into()) };
        Self { recorder: Recorder::new(client, reporter) }
    }

    /// Tells of an object. An Event that cannot be written stops nothing.
    pub(super) async fn tell<K: Resource<DynamicType = ()>>(&self, object: &K, notices: Vec<Notice>) {
        // With the version in it, no two Events would be of one series.
        let reference = ObjectReference { resource_version: None, ..object.object_ref(&()) };
        for notice in notices {
            let event = Event {
                type_: if notice.warning { EventType::Warning } else { EventType::Normal },
                reason: notice.reason.to_owned(),
                note: Some(shortened_to(&notice.note, MAX_NOTE)),
                action: notice.action.to_owned(),
                secondary: None,
            };
            if let Err(error) = self.recorder.publish(&event, &reference).await {
                tracing::warn!(reason = notice.reason, error = %super::error::brief(&error), "an Event was not written");
            }
        }
    }
}

/// What is worth telling of a run. Events of one reason are one series with the note of the first, so notes hold no numbers
/// that the next run would belie. `before` is the status that it found. One that came by schedule and changed nothing is
/// not: status tells of it.
pub(super) fn of_run(before: &ConnectionStatus, summary: &Summary, fault: Option<&Fault>) -> Vec<Notice> {
    const ACTION: &str = "Sync";
    let counts = &summary.counts;
    let mut notices = Vec::new();
    let done = counts.created + counts.updated + counts.reactivated + counts.left + counts.deactivated + counts.deleted;
    let asked = matches!(summary.trigger, RunTrigger::Request | RunTrigger::Change);
    match summary.result {
        RunResult::Succeeded if done + counts.released + counts.adopted + counts.claimed > 0 || asked => {
            notices.push(Notice::normal(
                "RunSucceeded",
                ACTION,
                "everybody is in step: status.recentRuns tells what was done",
            ));
        }
        RunResult::Partial if asked || before.last_run.as_ref().is_none_or(|run| run.counts != *counts) => {
            let note = "not everybody is in step: Ready's message and the run's log tell why";
            notices.push(Notice::warning("RunPartial", ACTION, note));
        }
        RunResult::Failed => {
            let reason = fault.map_or("RunFailed", |fault| fault.reason);
            notices.push(Notice::warning(reason, ACTION, format!("the run failed: {}", summary.message)));
        }
        RunResult::Interrupted => {
            notices.push(Notice::warning(
                "RunInterrupted",
                ACTION,
                format!("the run was cut off: {}", summary.message),
            ));
        }
        RunResult::Succeeded | RunResult::Partial | RunResult::Running => {}
    }
    if let Some(plan) = &summary.plan
        && before.plan.as_ref().and_then(|plan| plan.hash.as_ref()) != Some(plan)
    {
        let note = "changes wait for approval: RemovalsHeld and status.plan tell how many, and what approves them";
        notices.push(Notice::warning("RemovalsHeld", ACTION, note));
    }
    let earlier = before.last_run.as_ref().map(|run| run.counts.conflicts).unwrap_or_default();
    if counts.conflicts > 0 && counts.conflicts != earlier {
        let note = "somebody's email belongs to another contact: the run's log tells whose and why";
        notices.push(Notice::warning("Conflicts", ACTION, note));
    }
    if counts.adopted > 0 {
        notices.push(Notice::normal(
            "Adopted",
            ACTION,
            "contacts that nobody owned were taken over: see the run's log",
        ));
    }
    notices
}
