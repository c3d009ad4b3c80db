use super::*;
use crate::api::{RunCounts, Schedule};
use crate::controller::conditions::Conditions;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn report(id: &str, start: &str, result: RunResult) -> RunReport {
    let end = at(start).checked_add(SignedDuration::from_secs(10)).unwrap();
    RunReport {
        id: id.to_owned(),
        trigger: RunTrigger::Schedule,
        generation: Some(1),
        start_time: at(start),
        end_time: (result != RunResult::Running).then_some(end),
        result,
        message: None,
        counts: RunCounts::default(),
        log_ref: None,
    }
}

/// Runs, newest first.
fn after(runs: &[RunReport]) -> ConnectionStatus {
    ConnectionStatus {
        observed_generation: Some(1),
        last_run: runs.first().cloned(),
        recent_runs: runs.iter().filter(|run| run.result != RunResult::Running).take(5).cloned().collect(),
        ..ConnectionStatus::default()
    }
}

fn half_hourly() -> Timetable {
    let schedule: Schedule = serde_json::from_value(serde_json::json!({"cron": "*/30 * * * *"})).unwrap();
    Timetable::new(&schedule, "uid").unwrap()
}

fn facts<'a>(status: &'a ConnectionStatus, timetable: Option<&'a Timetable>, now: &str) -> Facts<'a> {
    Facts { generation: 1, status, token: None, workspace_token: None, timetable, was_blocked: false, now: at(now) }
}

#[test]
fn a_new_one_and_a_changed_one_run_at_once() {
    let new = ConnectionStatus { observed_generation: Some(-1), ..ConnectionStatus::default() };
    assert_eq!(run(facts(&new, None, "2026-11-23T10:00:00Z")), Due::Now(RunTrigger::Change));
    let status = after(&[report("a", "2026-11-23T10:00:00Z", RunResult::Succeeded)]);
    let changed = Facts { generation: 2, ..facts(&status, None, "2026-11-23T10:01:00Z") };
    assert_eq!(run(changed), Due::Now(RunTrigger::Change));
    assert_eq!(run(facts(&status, None, "2026-11-23T10:01:00Z")), Due::OnChange);
}

#[test]
fn after_a_day_down_a_connection_runs_once() {
    let table = half_hourly();
    let status = after(&[report("a", "2026-11-22T10:00:00Z", RunResult::Succeeded)]);
    assert_eq!(run(facts(&status, Some(&table), "2026-11-23T10:07:00Z")), Due::Now(RunTrigger::Schedule));
    let status = after(&[report("b", "2026-11-23T10:07:00Z", RunResult::Succeeded)]);
    assert_eq!(
        run(facts(&status, Some(&table), "2026-11-23T10:08:00Z")),
        Due::At(at("2026-11-23T10:30:00Z")),
        "missed ticks do not add up"
    );
}

#[test]
fn a_tick_that_came_while_it_ran_is_due_when_it_ends() {
    let table = half_hourly();
    let status = after(&[report("a", "2026-11-23T10:29:58Z", RunResult::Succeeded)]);
    assert_eq!(run(facts(&status, Some(&table), "2026-11-23T10:30:08Z")), Due::Now(RunTrigger::Schedule));
}

#[test]
fn a_request_is_handled_once_and_one_that_disappears_asks_for_nothing() {
    let mut status = after(&[report("a", "2026-11-23T10:00:00Z", RunResult::Succeeded)]);
    let asked = |status: &ConnectionStatus, token: Option<&str>, workspace: Option<&str>| {
        run(Facts { token, workspace_token: workspace, ..facts(status, None, "2026-11-23T10:05:00Z") })
    };
    assert_eq!(asked(&status, Some("one"), None), Due::Now(RunTrigger::Request));
    assert_eq!(asked(&status, None, Some("all")), Due::Now(RunTrigger::Request));
    status.last_handled_requested_at = Some("one".to_owned());
    assert_eq!(asked(&status, Some("one"), None), Due::OnChange);
    assert_eq!(asked(&status, None, None), Due::OnChange);
    assert_eq!(asked(&status, Some("two"), None), Due::Now(RunTrigger::Request));
}

#[test]
fn a_token_fits_into_status() {
    assert_eq!(token(Some("")), None);
    assert_eq!(token(Some("2026-11-23T10:00:00Z")).as_deref(), Some("2026-11-23T10:00:00Z"));
    let long = "é".repeat(129);
    let kept = token(Some(&long)).unwrap();
    assert!(kept.len() <= 128 && kept == token(Some(&long)).unwrap());
}

#[test]
fn failures_are_tried_again_ever_later_but_not_later_than_the_next_tick() {
    let table = half_hourly();
    let mut runs = vec![report("a", "2026-11-23T10:00:00Z", RunResult::Failed)];
    let mut waits = Vec::new();
    for _ in 0..7 {
        let status = after(&runs);
        let Due::At(next) = run(facts(&status, None, "2026-11-23T10:00:10Z")) else { panic!("not waiting") };
        waits.push(next.duration_since(at("2026-11-23T10:00:10Z")).as_secs());
        runs.insert(0, report(&format!("a{}", runs.len()), "2026-11-23T10:00:00Z", RunResult::Failed));
    }
    assert_eq!(waits, [30, 60, 120, 240, 480, 480, 480]);
    let mut status = after(&runs);
    let tick = report("last", "2026-11-23T10:28:00Z", RunResult::Failed);
    status.last_run = Some(tick);
    assert_eq!(run(facts(&status, Some(&table), "2026-11-23T10:28:20Z")), Due::At(at("2026-11-23T10:30:00Z")));
    let alone = after(&[report("a", "2026-11-23T10:00:00Z", RunResult::Failed)]);
    assert_eq!(run(facts(&alone, None, "2026-11-23T10:00:40Z")), Due::Now(RunTrigger::Retry));
}

#[test]
fn what_stands_in_the_spec_is_not_tried_again_but_runs_on_its_schedule() {
    let mut status = after(&[report("a", "2026-11-23T10:00:00Z", RunResult::Failed)]);
    conditions::Conditions::new(&mut status.conditions, 1, at("2026-11-23T10:00:10Z"))
        .only_while(STALLED, Some(("InvalidSpec", "x")));
    assert_eq!(run(facts(&status, None, "2026-11-23T11:00:00Z")), Due::OnChange);
    assert_eq!(run(facts(&status, Some(&half_hourly()), "2026-11-23T11:00:00Z")), Due::Now(RunTrigger::Schedule));
}

#[test]
fn a_run_that_was_cut_off_runs_again_at_once_and_then_ever_later() {
    let running = after(&[report("a", "2026-11-23T10:00:00Z", RunResult::Running)]);
    assert_eq!(run(facts(&running, None, "2026-11-23T10:05:00Z")), Due::Now(RunTrigger::Retry));
    let once = after(&[report("a", "2026-11-23T10:00:00Z", RunResult::Interrupted)]);
    assert_eq!(run(facts(&once, None, "2026-11-23T10:00:10Z")), Due::Now(RunTrigger::Retry));
    let cut = |id| report(id, "2026-11-23T10:00:00Z", RunResult::Interrupted);
    let often = after(&[cut("c"), cut("b"), cut("a")]);
    assert_eq!(run(facts(&often, None, "2026-11-23T10:00:10Z")), Due::At(at("2026-11-23T10:01:10Z")));
}

#[test]
fn a_clock_that_was_wrong_does_not_stop_a_connection_for_years() {
    let table = half_hourly();
    let status = after(&[report("a", "2032-01-01T10:00:00Z", RunResult::Succeeded)]);
    assert_eq!(run(facts(&status, Some(&table), "2026-11-23T10:00:00Z")), Due::Now(RunTrigger::Schedule));
    let failed = after(&[report("a", "2032-01-01T10:00:00Z", RunResult::Failed)]);
    assert_eq!(run(facts(&failed, None, "2026-11-23T10:00:00Z")), Due::Now(RunTrigger::Retry));
    let skewed = after(&[report("a", "2026-11-23T10:00:30Z", RunResult::Succeeded)]);
    assert_eq!(
        run(facts(&skewed, Some(&table), "2026-11-23T10:00:00Z")),
        Due::At(at("2026-11-23T10:30:00Z")),
        "another replica's clock may be a little ahead"
    );
}

#[test]
fn a_draft_is_planned_when_it_changes_on_request_and_on_schedule() {
    let table = half_hourly();
    let status = ConnectionStatus { observed_generation: Some(1), ..ConnectionStatus::default() };
    let look =
        |planned: Option<&str>, failed, now: &str| plan(facts(&status, Some(&table), now), planned.map(at), failed);
    assert_eq!(look(None, 0, "2026-11-23T10:05:00Z"), Due::Now(RunTrigger::Change));
    let planned = Some("2026-11-23T10:05:00Z");
    assert_eq!(look(planned, 0, "2026-11-23T10:06:00Z"), Due::At(at("2026-11-23T10:30:00Z")));
    assert_eq!(look(planned, 0, "2026-11-23T10:30:00Z"), Due::Now(RunTrigger::Schedule));
    assert_eq!(look(planned, 2, "2026-11-23T10:05:20Z"), Due::At(at("2026-11-23T10:06:00Z")));
    let changed = Facts { generation: 2, ..facts(&status, None, "2026-11-23T10:06:00Z") };
    assert_eq!(plan(changed, planned.map(at), 0), Due::Now(RunTrigger::Change));
    let asked = Facts { token: Some("now"), ..facts(&status, None, "2026-11-23T10:06:00Z") };
    assert_eq!(plan(asked, planned.map(at), 0), Due::Now(RunTrigger::Request));
}

#[test]
fn what_was_blocked_runs_when_the_way_is_free() {
    let status = after(&[report("a", "2026-11-23T10:00:00Z", RunResult::Succeeded)]);
    let freed = Facts { was_blocked: true, ..facts(&status, None, "2026-11-23T11:00:00Z") };
    assert_eq!(run(freed), Due::Now(RunTrigger::Change));
    let failed = after(&[report("a", "2026-11-23T10:00:00Z", RunResult::Failed)]);
    let freed = Facts { was_blocked: true, ..facts(&failed, None, "2026-11-23T10:00:20Z") };
    assert_eq!(run(freed), Due::Now(RunTrigger::Change), "whoever freed it does not wait for a retry");
    let draft = ConnectionStatus { observed_generation: Some(1), ..ConnectionStatus::default() };
    let freed = Facts { was_blocked: true, ..facts(&draft, None, "2026-11-23T10:00:20Z") };
    assert_eq!(plan(freed, Some(at("2026-11-23T10:00:00Z")), 1), Due::Now(RunTrigger::Change));
}

#[test]
fn a_draft_whose_spec_is_wrong_is_not_planned_again_by_itself() {
    let mut status = ConnectionStatus { observed_generation: Some(1), ..ConnectionStatus::default() };
    Conditions::new(&mut status.conditions, 1, at("2026-11-23T10:00:00Z"))
        .only_while(STALLED, Some(("InvalidSpec", "x")));
    let planned = Some(at("2026-11-23T10:00:00Z"));
    assert_eq!(plan(facts(&status, None, "2026-11-23T12:00:00Z"), planned, 3), Due::OnChange);
}
