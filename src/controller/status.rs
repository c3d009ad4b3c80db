//! What is written back to a connection. Pure: what was known, what happened and the time go in, a status comes out.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::conditions::{
    self, CLEARS_HELD, Conditions, FIELD_NOT_CONVERGING, Is, READY, RECONCILING, REMOVALS_HELD, STALLED, SYNCING,
};
use super::fault::Fault;
use super::metrics::Standing;
use super::standing::{self, Block, Stand};
use crate::api::{Binding, ConnectionStatus, LeaverPolicy, PlanStatus, RunCounts, RunReport, RunResult, RunTrigger};
use crate::runlog::Summary;

/// Runs that status lists.
const RECENT: usize = 5;
/// Longest message of a run, in bytes.
const MAX_MESSAGE: usize = 512;

/// Of what, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Generation of the spec.
    pub(super) generation: i64,
    /// The time.
    pub(super) now: Timestamp,
}

/// The `requestedAt` tokens that were seen before a run began, and so are handled by it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Tokens {
    /// Of the connection.
    pub(super) own: Option<String>,
    /// Of its workspace.
    pub(super) workspace: Option<String>,
}

impl Tokens {
    fn note(&self, status: &mut ConnectionStatus) {
        let note = |handled: &mut Option<String>, token: &Option<String>| {
            if token.is_some() {
                handled.clone_from(token);
            }
        };
        note(&mut status.last_handled_requested_at, &self.own);
        note(&mut status.last_handled_workspace_requested_at, &self.workspace);
    }
}

/// What gauges repeat of a status.
pub(super) fn standing(status: &ConnectionStatus) -> Standing {
    let ready = conditions::find(&status.conditions, READY).and_then(|ready| match ready.status.as_str() {
        "True" => Some(true),
        "False" => Some(false),
        _ => None,
    });
    let held = conditions::holds(&status.conditions, REMOVALS_HELD);
    let plan = status.plan.as_ref().filter(|_| held);
    Standing {
        ready,
        contacts: status.contacts.and_then(|contacts| u64::try_from(contacts).ok()),
        held: plan.map(|plan| plan.counts.held),
        last_success: status.last_success_time,
        next_run: status.next_run_time,
    }
}

/// A run is about to do its first work.
pub(super) fn begun(
    mut status: ConnectionStatus,
    report: RunReport,
    binding: Binding,
    tokens: &Tokens,
    moment: Moment,
) -> ConnectionStatus {
    let Moment { generation, now } = moment;
    // What stood in the way of it until now says nothing any more.
    let is_new = status.observed_generation != Some(generation) || standing::was_blocked(&status);
    let mut conditions = Conditions::new(&mut status.conditions, generation, now);
    let why = match report.trigger {
        RunTrigger::Schedule => "it is time",
        RunTrigger::Request => "somebody asked",
        RunTrigger::Change => "the connection changed",
        RunTrigger::Retry => "the run before did not come to its end",
    };
    conditions.set(SYNCING, Is::True, word(report.trigger), &format!("run {} is on: {why}", report.id));
    if is_new {
        let message = "the first run of this generation, or since something stood in the way, is on";
        conditions.set(READY, Is::Unknown, "Progressing", message);
        conditions.only_while(RECONCILING, Some(("Progressing", message)));
        conditions.only_while(STALLED, None);
    }
    tokens.note(&mut status);
    status.binding = Some(binding);
    status.last_run = Some(report);
    status
}

/// A run came to its end, or its end was learnt from its summary.
pub(super) fn ended(
    mut status: ConnectionStatus,
    summary: &Summary,
    fault: Option<&Fault>,
    policy: LeaverPolicy,
    log_ref: String,
    moment: Moment,
) -> ConnectionStatus {
    let Moment { generation, now } = moment;
    let report = RunReport { log_ref: Some(log_ref), ..report(summary) };
    let current = summary.generation == Some(generation);
    status.contacts = summary.owned.and_then(|owned| i64::try_from(owned).ok()).or(status.contacts);
    if summary.result == RunResult::Succeeded {
        status.last_success_time = report.end_time;
    }
    if weighed(summary) {
        status.plan = held_plan(summary, policy);
    }
    let mut conditions = Conditions::new(&mut status.conditions, generation, now);
    conditions.set(SYNCING, Is::False, "Idle", "no run is on");
    held(&mut conditions, summary);
    // What a run with an older spec found says nothing about the newest.
    if current {
        outcome(&mut conditions, summary, fault);
        status.observed_generation = Some(generation);
    }
    remember(&mut status, report);
    status
}

/// A run was cut off, and no more is known of it.
pub(super) fn interrupted(mut status: ConnectionStatus, why: &str, moment: Moment) -> ConnectionStatus {
    let Some(mut last) = status.last_run.clone() else { return status };
    last.result = RunResult::Interrupted;
    last.end_time = Some(moment.now.max(last.start_time));
    last.message = Some(conditions::shortened_to(why, MAX_MESSAGE));
    let mut conditions = Conditions::new(&mut status.conditions, moment.generation, moment.now);
    conditions.set(SYNCING, Is::False, "Interrupted", why);
    remember(&mut status, last);
    status
}

/// Something stands in the way of a run.
pub(super) fn blocked(mut status: ConnectionStatus, block: &Block, is_draft: bool, moment: Moment) -> ConnectionStatus {
    let Moment { generation, now } = moment;
    // A plan of another generation would be taken for this one's.
    if is_draft && status.observed_generation != Some(generation) {
        status.plan = None;
    }
    let mut conditions = Conditions::new(&mut status.conditions, generation, now);
    let (reason, message) = (block.reason, block.message.as_str());
    let ready = if block.stand == Stand::Intended { Is::True } else { Is::False };
    conditions.set(READY, ready, reason, message);
    conditions.only_while(RECONCILING, (block.stand == Stand::Waiting).then_some((reason, message)));
    conditions.only_while(STALLED, (block.stand == Stand::Stalled).then_some((reason, message)));
    if conditions::holds(&status.conditions, SYNCING) {
        Conditions::new(&mut status.conditions, generation, now).set(SYNCING, Is::False, reason, message);
    }
    status.observed_generation = Some(generation);
    status
}

/// A Draft was planned, or could not be.
pub(super) fn planned(
    mut status: ConnectionStatus,
    summary: &Summary,
    fault: Option<&Fault>,
    tokens: &Tokens,
    moment: Moment,
) -> ConnectionStatus {
    let Moment { generation, now } = moment;
    tokens.note(&mut status);
    let mut conditions = Conditions::new(&mut status.conditions, generation, now);
    for kind in [REMOVALS_HELD, CLEARS_HELD, FIELD_NOT_CONVERGING] {
        conditions.only_while(kind, None);
    }
    if summary.result == RunResult::Failed {
        outcome(&mut conditions, summary, fault);
        status.plan = None;
    } else {
        let message = format!("a Draft never writes; an Enabled one would do: {}", summary.counts.in_words());
        conditions.set(READY, Is::True, "Draft", &message);
        conditions.only_while(RECONCILING, None);
        conditions.only_while(STALLED, None);
        status.plan = Some(PlanStatus {
            hash: summary.plan.clone(),
            counts: summary.counts,
            time: Some(report(summary).start_time),
        });
    }
    status.observed_generation = Some(generation);
    status
}

/// Ready, Reconciling and Stalled after a run.
fn outcome(conditions: &mut Conditions<'_>, summary: &Summary, fault: Option<&Fault>) {
    match summary.result {
        RunResult::Succeeded | RunResult::Partial => {
            let (reason, message) = told(summary);
            conditions.set(READY, Is::True, reason, &message);
            conditions.only_while(RECONCILING, None);
            conditions.only_while(STALLED, None);
        }
        RunResult::Failed => {
            let unknown = Fault::unknown();
            let fault = fault.unwrap_or(&unknown);
            conditions.set(READY, Is::False, fault.reason, &summary.message);
            let stalled = fault.stands_in_spec;
            conditions.only_while(STALLED, stalled.then_some((fault.reason, summary.message.as_str())));
            let retrying = "the last run failed and is tried again";
            conditions.only_while(RECONCILING, (!stalled).then_some(("ProgressingWithRetry", retrying)));
        }
        RunResult::Interrupted | RunResult::Running => {}
    }
}

fn told(summary: &Summary) -> (&'static str, String) {
    let owned = summary.owned.unwrap_or_default();
    if summary.result == RunResult::Succeeded {
        return ("Succeeded", format!("{owned} contacts are in step"));
    }
    let message = format!("{owned} contacts; not everybody is in step: {}", reasons(&summary.reasons));
    ("PartiallySynced", message)
}

/// Why people were skipped, held, refused: words and counts, nobody's data (L20).
fn reasons(reasons: &BTreeMap<String, BTreeMap<String, u64>>) -> String {
    let told: Vec<String> = reasons
        .iter()
        .flat_map(|(event, whys)| whys.iter().map(move |(why, count)| format!("{event} {why} {count}")))
        .collect();
    if told.is_empty() { "see the run's log".to_owned() } else { told.join(", ") }
}

/// Whether a run came so far that it knows what is to be held. One that did not leaves standing what was found before.
fn weighed(summary: &Summary) -> bool {
    matches!(summary.result, RunResult::Succeeded | RunResult::Partial) || summary.plan.is_some()
}

fn held(conditions: &mut Conditions<'_>, summary: &Summary) {
    if !weighed(summary) {
        return;
    }
    let message = summary.plan.as_ref().map(|plan| {
        format!(
            "{} changes wait for approval: look at them, then set spec.leavers.approvedPlan: {plan}",
            summary.counts.held
        )
    });
    conditions.only_while(REMOVALS_HELD, message.as_deref().map(|message| ("AboveHold", message)));
    let fields = |fields: &[String], what: &str| (!fields.is_empty()).then(|| format!("{}: {what}", fields.join(", ")));
    let clears = fields(
        &summary.clears_held,
        "nobody in the directory has a value any more, so none was emptied; check what the reader may see",
    );
    conditions.only_while(CLEARS_HELD, clears.as_deref().map(|message| ("LostForEverybody", message)));
    let differs = fields(&summary.not_converging, "the desk stores something else than what was written");
    conditions.only_while(FIELD_NOT_CONVERGING, differs.as_deref().map(|message| ("StoredDifferently", message)));
}

/// What the held changes would do.
fn held_plan(summary: &Summary, policy: LeaverPolicy) -> Option<PlanStatus> {
    let hash = summary.plan.clone()?;
    let empty = BTreeMap::new();
    let reasons = summary.reasons.get("held").unwrap_or(&empty);
    let removal = |reason: &str| matches!(reason, "Gone" | "Disabled" | "OutOfScope" | "ConnectionDeleted");
    let removals: u64 = reasons.iter().filter(|(reason, _)| removal(reason)).map(|(_, count)| count).sum();
    let mut counts = RunCounts { held: summary.counts.held, ..RunCounts::default() };
    match policy {
        LeaverPolicy::Delete => counts.deleted = removals,
        LeaverPolicy::Deactivate => counts.deactivated = removals,
        LeaverPolicy::Keep => {}
    }
    counts.updated = summary.counts.held.saturating_sub(removals);
    Some(PlanStatus { hash: Some(hash), counts, time: report(summary).end_time })
}

fn report(summary: &Summary) -> RunReport {
    let report = summary.report();
    RunReport { message: report.message.map(|message| conditions::shortened_to(&message, MAX_MESSAGE)), ..report }
}

fn remember(status: &mut ConnectionStatus, report: RunReport) {
    status.recent_runs.retain(|run| run.id != report.id);
    status.recent_runs.insert(0, report.clone());
    status.recent_runs.truncate(RECENT);
    status.last_run = Some(report);
}

fn word(trigger: RunTrigger) -> &'static str {
    match trigger {
        RunTrigger::Schedule => "Schedule",
        RunTrigger::Request => "Request",
        RunTrigger::Change => "Change",
        RunTrigger::Retry => "Retry",
    }
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
