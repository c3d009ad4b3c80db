use super::*;
use crate::runlog::RunId;

const START: &str = "2026-11-23T10:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn moment(generation: i64) -> Moment {
    Moment { generation, now: at("2026-11-23T10:05:00Z") }
}

fn summary(generation: i64, result: RunResult, more: &serde_json::Value) -> Summary {
    let mut value = serde_json::json!({
        "id": RunId::new(at(START)), "connection": "support/emea", "trigger": "Change", "generation": generation,
        "startTime": START, "endTime": "2026-11-23T10:04:00Z", "result": result, "message": "", "counts": {}, "reasons": {},
        "ownedAtStart": 20, "owned": 20, "spent": {},
    });
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(value).unwrap()
}

fn after(status: ConnectionStatus, summary: &Summary, fault: Option<&Fault>, generation: i64) -> ConnectionStatus {
    ended(status, summary, fault, LeaverPolicy::Deactivate, "log".to_owned(), moment(generation))
}

fn start(status: ConnectionStatus, generation: i64, trigger: RunTrigger) -> ConnectionStatus {
    let binding = Binding { workspace_uid: "w".into(), ownership_key: "k".into(), source_type: "File".into() };
    let run = summary(generation, RunResult::Running, &serde_json::json!({"trigger": trigger})).report();
    begun(status, run, binding, &Tokens::default(), moment(generation))
}

fn succeeded() -> ConnectionStatus {
    let new = ConnectionStatus { observed_generation: Some(-1), ..ConnectionStatus::default() };
    after(start(new, 1, RunTrigger::Change), &summary(1, RunResult::Succeeded, &serde_json::json!({})), None, 1)
}

/// Each condition as `type=status/reason`.
fn told_by(status: &ConnectionStatus) -> Vec<String> {
    status.conditions.iter().map(|one| format!("{}={}/{}", one.type_, one.status, one.reason)).collect()
}

#[test]
fn a_new_generation_is_unknown_until_it_ran_and_a_scheduled_run_flips_nothing() {
    let new = ConnectionStatus { observed_generation: Some(-1), ..ConnectionStatus::default() };
    let running = start(new, 1, RunTrigger::Change);
    assert_eq!(told_by(&running), ["Syncing=True/Change", "Ready=Unknown/Progressing", "Reconciling=True/Progressing"]);
    assert_eq!(running.observed_generation, Some(-1), "what was not handled is not observed");
    let ready = succeeded();
    assert_eq!(told_by(&ready), ["Syncing=False/Idle", "Ready=True/Succeeded"]);
    assert_eq!((ready.observed_generation, ready.contacts), (Some(1), Some(20)));
    assert_eq!(ready.last_success_time, Some(at("2026-11-23T10:04:00Z")));
    let scheduled = start(ready.clone(), 1, RunTrigger::Schedule);
    assert_eq!(told_by(&scheduled), ["Syncing=True/Schedule", "Ready=True/Succeeded"]);
    let changed = start(ready, 2, RunTrigger::Change);
    assert!(told_by(&changed).contains(&"Ready=Unknown/Progressing".to_owned()));
}

#[test]
fn what_a_run_with_an_older_spec_found_says_nothing_of_the_newer() {
    let status = after(
        start(succeeded(), 2, RunTrigger::Change),
        &summary(2, RunResult::Succeeded, &serde_json::json!({})),
        None,
        3,
    );
    assert_eq!(status.observed_generation, Some(1));
    assert_eq!(told_by(&status), ["Syncing=False/Idle", "Ready=Unknown/Progressing", "Reconciling=True/Progressing"]);
    assert_eq!(status.last_run.unwrap().result, RunResult::Succeeded);
}

#[test]
fn only_what_stands_in_the_spec_stalls() {
    let failed = summary(1, RunResult::Failed, &serde_json::json!({"message": "no such group", "ownedAtStart": null}));
    let passing = Fault { reason: "GroupNotFound", stands_in_spec: false };
    let status = after(succeeded(), &failed, Some(&passing), 1);
    assert_eq!(
        told_by(&status),
        ["Syncing=False/Idle", "Ready=False/GroupNotFound", "Reconciling=True/ProgressingWithRetry"]
    );
    assert_eq!(status.last_success_time, succeeded().last_success_time);
    let standing = Fault { reason: "InvalidSpec", stands_in_spec: true };
    let status = after(status, &failed, Some(&standing), 1);
    assert_eq!(told_by(&status), ["Syncing=False/Idle", "Ready=False/InvalidSpec", "Stalled=True/InvalidSpec"]);
    let mended = start(status, 2, RunTrigger::Change);
    assert!(!conditions::holds(&mended.conditions, STALLED));
    assert_eq!(told_by(&after(mended, &summary(2, RunResult::Succeeded, &serde_json::json!({})), None, 2)).len(), 2);
}

#[test]
fn l04_what_is_held_is_told_with_its_plan_until_a_run_weighs_it_again() {
    let held = summary(
        1,
        RunResult::Partial,
        &serde_json::json!({
            "plan": "sha256:1", "counts": {"held": 12}, "reasons": {"held": {"Gone": 10, "KeyChanged": 2}},
            "clearsHeld": ["title"],
        }),
    );
    let status = after(succeeded(), &held, None, 1);
    let plan = status.plan.clone().unwrap();
    assert_eq!((plan.hash.as_deref(), plan.counts.held), (Some("sha256:1"), 12));
    assert_eq!((plan.counts.deactivated, plan.counts.updated), (10, 2));
    assert_eq!(
        told_by(&status),
        [
            "Syncing=False/Idle",
            "Ready=True/PartiallySynced",
            "RemovalsHeld=True/AboveHold",
            "ClearsHeld=True/LostForEverybody"
        ]
    );
    let ready = conditions::find(&status.conditions, READY).unwrap();
    assert_eq!(ready.message, "20 contacts; not everybody is in step: held Gone 10, held KeyChanged 2");
    // One that fails on the way knows nothing new.
    let failed = summary(1, RunResult::Failed, &serde_json::json!({"message": "the desk is gone"}));
    let status = after(status, &failed, None, 1);
    assert_eq!(status.plan.as_ref(), Some(&plan));
    assert!(conditions::holds(&status.conditions, REMOVALS_HELD) && conditions::holds(&status.conditions, CLEARS_HELD));
    let status = after(status, &summary(1, RunResult::Succeeded, &serde_json::json!({})), None, 1);
    assert_eq!((status.plan, status.conditions.len()), (None, 2));
}

#[test]
fn a_run_that_was_cut_off_leaves_ready_alone_and_is_on_record() {
    let status = interrupted(start(succeeded(), 1, RunTrigger::Schedule), "the controller was shut down", moment(1));
    assert_eq!(told_by(&status), ["Syncing=False/Interrupted", "Ready=True/Succeeded"]);
    let run = status.last_run.unwrap();
    assert_eq!((run.result, run.end_time), (RunResult::Interrupted, Some(at("2026-11-23T10:05:00Z"))));
    assert_eq!(status.recent_runs.first(), Some(&run));
}

#[test]
fn what_stands_in_the_way_is_told_as_it_stands() {
    let block = |reason, stand| Block { reason, message: "why".to_owned(), stand };
    let off = blocked(succeeded(), &block("ContactSyncDisabled", Stand::Intended), false, moment(2));
    assert_eq!(told_by(&off), ["Syncing=False/Idle", "Ready=True/ContactSyncDisabled"]);
    assert_eq!(off.observed_generation, Some(2));
    let waiting = blocked(off.clone(), &block("WorkspaceNotFound", Stand::Waiting), false, moment(2));
    assert_eq!(
        told_by(&waiting),
        ["Syncing=False/Idle", "Ready=False/WorkspaceNotFound", "Reconciling=True/WorkspaceNotFound"]
    );
    let stalled = blocked(waiting, &block("InvalidSchedule", Stand::Stalled), false, moment(2));
    assert_eq!(
        told_by(&stalled),
        ["Syncing=False/Idle", "Ready=False/InvalidSchedule", "Stalled=True/InvalidSchedule"]
    );
    // Freed, it is not Ready for the old reason while its run is on.
    let freed = start(off, 2, RunTrigger::Change);
    assert_eq!(told_by(&freed), ["Syncing=True/Change", "Ready=Unknown/Progressing", "Reconciling=True/Progressing"]);
}

#[test]
fn a_draft_tells_its_plan_and_forgets_another_generations() {
    let plan = summary(1, RunResult::Partial, &serde_json::json!({"counts": {"created": 3}}));
    let tokens = Tokens { own: Some("now".to_owned()), workspace: None };
    let status = planned(ConnectionStatus::default(), &plan, None, &tokens, moment(1));
    assert_eq!(told_by(&status), ["Ready=True/Draft"]);
    assert_eq!(status.plan.as_ref().unwrap().counts.created, 3);
    assert_eq!(status.last_handled_requested_at.as_deref(), Some("now"));
    let block = Block { reason: "WorkspaceNotFound", message: String::new(), stand: Stand::Waiting };
    assert!(blocked(status.clone(), &block, true, moment(1)).plan.is_some());
    assert!(blocked(status.clone(), &block, true, moment(2)).plan.is_none());
    let failed = summary(2, RunResult::Failed, &serde_json::json!({"message": "no"}));
    let status = planned(status, &failed, None, &Tokens::default(), moment(2));
    assert_eq!(told_by(&status), ["Ready=False/RunFailed", "Reconciling=True/ProgressingWithRetry"]);
    assert!(status.plan.is_none());
    assert_eq!(status.last_handled_requested_at.as_deref(), Some("now"), "a token that is gone is remembered");
}

#[test]
fn five_runs_are_listed_each_once_newest_first() {
    let mut status = succeeded();
    for minute in 0..7 {
        let id = RunId::new(at(&format!("2026-11-23T11:0{minute}:00Z")));
        let run = summary(1, RunResult::Succeeded, &serde_json::json!({"id": id}));
        status = after(status, &run, None, 1);
        status = after(status, &run, None, 1);
    }
    let ids: Vec<&str> = status.recent_runs.iter().map(|run| run.id.get(..13).unwrap()).collect();
    assert_eq!(ids, ["20261123t1106", "20261123t1105", "20261123t1104", "20261123t1103", "20261123t1102"]);
}
