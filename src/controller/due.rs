//! When a connection runs next, and why. Pure: it looks at the object, the clock and nothing else, so whichever replica
//! asks gets the same answer.

use jiff::{SignedDuration, Timestamp};

use super::conditions::{self, STALLED};
use crate::api::{ConnectionStatus, RunReport, RunResult, RunTrigger};
use crate::schedule::Timetable;

/// Longest wait between two tries after failures.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(8);
/// The same after runs that were cut off: leaders that come and go are nobody's fault, and somebody may be waiting.
const LONGEST_WAIT_CUT_OFF: SignedDuration = SignedDuration::from_mins(1);
const SHORTEST_WAIT: SignedDuration = SignedDuration::from_secs(30);
/// How far the clocks of two replicas may lie apart. A run further in the future was written under a wrong clock.
const SKEW: SignedDuration = SignedDuration::from_mins(1);
/// Longest `requestedAt` that status can hold.
const MAX_TOKEN: usize = 128;

/// What the decision looks at.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    /// Generation of the spec.
    pub(super) generation: i64,
    /// What was written back.
    pub(super) status: &'a ConnectionStatus,
    /// `requestedAt` of the connection.
    pub(super) token: Option<&'a str>,
    /// `requestedAt` of its workspace.
    pub(super) workspace_token: Option<&'a str>,
    /// The schedule, if there is one.
    pub(super) timetable: Option<&'a Timetable>,
    /// Something stood in the way until now: whatever ran before, it is not known to be in step.
    pub(super) was_blocked: bool,
    /// The time.
    pub(super) now: Timestamp,
}

/// What is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Due {
    /// A run, now.
    Now(RunTrigger),
    /// Nothing before then.
    At(Timestamp),
    /// Nothing until somebody changes or asks for something.
    OnChange,
}

/// When an Enabled connection that nothing stands in the way of runs.
pub(super) fn run(facts: Facts<'_>) -> Due {
    let Some(last) = &facts.status.last_run else { return Due::Now(RunTrigger::Change) };
    if last.generation != Some(facts.generation) || facts.was_blocked {
        return Due::Now(RunTrigger::Change);
    }
    // No run of it is on where this is asked: it was cut off, and its end is not known.
    if last.result == RunResult::Running {
        return Due::Now(RunTrigger::Retry);
    }
    if is_requested(facts) {
        return Due::Now(RunTrigger::Request);
    }
    let end = last.end_time.unwrap_or(last.start_time);
    let retry = wait_after(facts.status).map(|wait| end.checked_add(wait).unwrap_or(end));
    if let Some(retry) = retry
        && (retry <= facts.now || is_ahead(end, facts.now))
    {
        return Due::Now(RunTrigger::Retry);
    }
    soonest(retry, scheduled(facts, last.start_time))
}

/// When a Draft is planned: when it changed, on request, and on its schedule. `planned` is when it last was, `failed`
/// how often in a row it could not be.
pub(super) fn plan(facts: Facts<'_>, planned: Option<Timestamp>, failed: u32) -> Due {
    let fresh = facts.status.observed_generation == Some(facts.generation) && !facts.was_blocked;
    let Some(planned) = planned.filter(|_| fresh) else {
        return Due::Now(RunTrigger::Change);
    };
    if is_requested(facts) {
        return Due::Now(RunTrigger::Request);
    }
    // What stands in the spec will fail again.
    let is_retried = failed > 0 && !conditions::holds(&facts.status.conditions, STALLED);
    let retry = is_retried.then(|| planned.checked_add(doubling(failed)).unwrap_or(planned));
    if let Some(retry) = retry
        && (retry <= facts.now || is_ahead(planned, facts.now))
    {
        return Due::Now(RunTrigger::Retry);
    }
    soonest(retry, scheduled(facts, planned))
}

/// The token of an annotation as status keeps it; an empty one asks for nothing. One that is too long is told by its hash.
pub(super) fn token(annotation: Option<&str>) -> Option<String> {
    let text = annotation.filter(|text| !text.is_empty())?;
    if text.chars().count() <= MAX_TOKEN {
        return Some(text.to_owned());
    }
    Some(format!("blake3:{}", blake3::hash(text.as_bytes()).to_hex()))
}

/// Whether somebody asked for a run that has not begun yet. A token that disappears asks for nothing.
pub(super) fn is_requested(facts: Facts<'_>) -> bool {
    let is_new = |token: Option<&str>, handled: &Option<String>| token.is_some() && token != handled.as_deref();
    is_new(facts.token, &facts.status.last_handled_requested_at)
        || is_new(facts.workspace_token, &facts.status.last_handled_workspace_requested_at)
}

fn scheduled(facts: Facts<'_>, last: Timestamp) -> Due {
    let Some(timetable) = facts.timetable else { return Due::OnChange };
    // The clock was set back: what it showed then says nothing about when the next tick is.
    if is_ahead(last, facts.now) || timetable.due(last, facts.now).is_some() {
        return Due::Now(RunTrigger::Schedule);
    }
    timetable.next(last.max(facts.now)).map_or(Due::OnChange, Due::At)
}

fn is_ahead(time: Timestamp, now: Timestamp) -> bool {
    time.duration_since(now) > SKEW
}

/// How long to wait after the newest run before it is tried again; `None`: it is not.
fn wait_after(status: &ConnectionStatus) -> Option<SignedDuration> {
    // What stands in the spec will fail again.
    if conditions::holds(&status.conditions, STALLED) {
        return None;
    }
    let last = status.last_run.as_ref().filter(|run| is_unlucky(run))?;
    let before = status.recent_runs.iter().filter(|run| run.id != last.id).take_while(|run| is_unlucky(run)).count();
    let failed = u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1);
    match last.result {
        // Nobody's fault, once; more than once it may be what this very run does to the controller.
        RunResult::Interrupted if failed == 1 => Some(SignedDuration::ZERO),
        RunResult::Interrupted => Some(doubling(failed - 1).min(LONGEST_WAIT_CUT_OFF)),
        _ => Some(doubling(failed)),
    }
}

fn is_unlucky(run: &RunReport) -> bool {
    matches!(run.result, RunResult::Failed | RunResult::Interrupted)
}

fn doubling(failed: u32) -> SignedDuration {
    let factor = 1_i32 << failed.saturating_sub(1).min(8);
    SHORTEST_WAIT.checked_mul(factor).map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT))
}

fn soonest(retry: Option<Timestamp>, scheduled: Due) -> Due {
    match (retry, scheduled) {
        (Some(retry), Due::At(tick)) => Due::At(retry.min(tick)),
        (Some(retry), Due::OnChange) => Due::At(retry),
        (_, scheduled) => scheduled,
    }
}

#[cfg(test)]
#[path = "due_tests.rs"]
mod tests;
