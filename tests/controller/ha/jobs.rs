//! Runs as Jobs: the same outcome as in the controller's own process, whatever becomes of leaders, Jobs and specs meanwhile.

use std::time::Duration;

use contactsync::api::{ConnectionStatus, RunResult, RunTrigger};
use contactsync::contact::OwnershipKey;
use contactsync::runlog::RunId;
use k8s_openapi::api::batch::v1::Job;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use super::replica::{LONG, Replica};
use super::shards::within_rate;
use super::stage::{EMEA, Stage, truthful};
use super::yard::{TEMPLATE, Yard};
use crate::controller::office::{condition, from_file};
use crate::support::api_proxy::ApiProxy;
use crate::support::between::Then;
use crate::support::house::person;
use crate::support::job_runner::JobRunner;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_as_a_job_is_a_run_like_any_other() {
    tokio::join!(
        it_ends_with_the_same_contacts_status_and_log(),
        the_next_leader_waits_for_a_job_that_is_on(),
        a_job_that_is_killed_is_run_again(),
        a_job_whose_node_is_cut_off_stops_before_another_begins(),
        a_job_that_nobody_waits_for_is_ended_before_its_connection_runs_again(),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_made_where_it_should_be_and_ended_where_it_may_not_go_on() {
    tokio::join!(
        a_spec_that_wants_no_run_ends_the_job(),
        size_or_an_annotation_makes_a_run_a_job(),
        a_controller_that_may_make_no_jobs_says_so(),
        a_job_that_does_not_begin_fails_its_run(),
        the_rate_of_a_workspace_is_kept_with_a_job(),
    );
}

async fn it_ends_with_the_same_contacts_status_and_log() {
    let plain = Stage::open("job-not", 30, 1000).await;
    let _ann = Replica::start(&plain.office, "ann", &LONG);
    let yard = Yard::open("job-same", 30, 1000).await;
    yard.ask().await;
    let _bob = yard.start("bob", &LONG);
    let here = plain.in_step().await;
    let there = yard.stage.in_step().await;
    assert_eq!(yard.runner.started().len(), 1, "{}", yard.runner.said());
    assert_eq!(without_times(&there, &yard.stage), without_times(&here, &plain));
    assert_eq!(log(&yard.stage, &there).await, log(&plain, &here).await);
    // One that fails tells the same reason and message.
    for stage in [&plain, &yard.stage] {
        stage.office.people_of("people.csv", &[]);
        std::fs::remove_file(stage.office.house.folder().join(&stage.office.namespace).join("people.csv")).unwrap();
        stage.office.annotate(EMEA, "without-a-file").await;
    }
    let mut failed = Vec::new();
    for stage in [&plain, &yard.stage] {
        let status = stage.office.until(EMEA, "it failed", |_, status| {
            status.last_run.as_ref().is_some_and(|run| run.result == RunResult::Failed)
        });
        failed.push(without_times(&status.await, stage));
        truthful(&stage.office, EMEA).await;
    }
    assert_eq!(failed[0], failed[1]);
    assert_eq!(plain.office.events(EMEA).await, yard.stage.office.events(EMEA).await);
    yard.tidy().await;
}

/// A status in which nothing is of its time or place.
fn without_times(status: &ConnectionStatus, stage: &Stage) -> Value {
    let mut status = serde_json::to_value(status).unwrap();
    status["binding"]["workspaceUID"] = "".into();
    status["conditions"].as_array_mut().unwrap().iter_mut().for_each(|one| one["lastTransitionTime"] = "".into());
    for field in ["lastSuccessTime", "nextRunTime"] {
        status.as_object_mut().unwrap().remove(field);
    }
    let mut runs: Vec<Value> = status["recentRuns"].as_array().unwrap().clone();
    for run in &mut runs {
        for field in ["id", "startTime", "endTime", "logRef"] {
            assert!(run[field].is_string(), "{field} is missing: {run}");
            run[field] = "".into();
        }
    }
    status["recentRuns"] = runs.into();
    status.as_object_mut().unwrap().remove("lastRun");
    let folder = stage.office.house.folder().display().to_string();
    serde_json::from_str(&status.to_string().replace(&stage.office.namespace, "here").replace(&folder, "")).unwrap()
}

/// The lines of the newest run's log, without times, ids of contacts and places, in any order.
async fn log(stage: &Stage, status: &ConnectionStatus) -> Vec<String> {
    let key = OwnershipKey::new(format!("default/{}/{EMEA}", stage.office.namespace)).unwrap();
    let run = RunId::parse(&status.last_run.as_ref().unwrap().id).unwrap();
    let text = stage.office.house.store().raw_log(&key, &run).await.unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap().replace(&stage.office.namespace, "here");
    let mut lines: Vec<String> = text
        .lines()
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            blank(&mut line);
            line.to_string()
        })
        .collect();
    lines.sort_unstable();
    lines
}

fn blank(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if ["time", "run", "id", "startTime", "endTime", "contact"].contains(&name.as_str()) {
                    *value = Value::Null;
                } else {
                    blank(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(blank),
        _ => {}
    }
}

async fn the_next_leader_waits_for_a_job_that_is_on() {
    let yard = Yard::open("job-adopted", 30, 200).await;
    yard.ask().await;
    let mut ann = yard.start("ann", &[]);
    let stop = yard.stage.write(5).await;
    ann.kill();
    let bob = yard.start("bob", &[]);
    bob.says("a run goes on as a Job that an earlier leader made").await;
    // A leader that is asked to stop leaves the Job to the next.
    let mut bob = bob;
    bob.signal("TERM");
    assert!(bob.end().await < Duration::from_secs(5), "it waits for no Job: {}", bob.said());
    let carl = yard.start("carl", &[]);
    carl.says("a run goes on as a Job that an earlier leader made").await;
    stop.then(Then::GoOn);
    yard.stage.in_step().await;
    assert_eq!(yard.stage.story().await, [(RunTrigger::Change, RunResult::Succeeded)], "it is run once");
    assert_eq!(yard.runner.started().len(), 1);
    assert_eq!(yard.runner.said().matches("a run is taken up").count(), 1, "{}", yard.runner.said());
    yard.tidy().await;
    yard.stage.comes_to_rest().await;
}

async fn a_job_that_is_killed_is_run_again() {
    let yard = Yard::open("job-killed", 30, 200).await;
    yard.ask().await;
    let _ann = yard.start("ann", &[]);
    let stop = yard.stage.write(5).await;
    yard.runner.kill();
    stop.then(Then::Vanish);
    yard.stage.in_step().await;
    let story = [(RunTrigger::Change, RunResult::Interrupted), (RunTrigger::Retry, RunResult::Succeeded)];
    assert_eq!(yard.stage.story().await, story);
    let status = yard.stage.office.status(EMEA).await;
    let message = status.recent_runs[1].message.clone().unwrap_or_default();
    assert_eq!(message, "its Job failed: BackoffLimitExceeded");
    assert_eq!(yard.runner.started().len(), 2);
    assert!(yard.stage.office.events(EMEA).await.contains(&"RunInterrupted".to_owned()));
    yard.tidy().await;
    yard.stage.comes_to_rest().await;
}

async fn a_job_whose_node_is_cut_off_stops_before_another_begins() {
    let stage = Stage::open("job-cut-off", 120, 25).await;
    let proxy = ApiProxy::start(stage.office.cluster).await;
    let yard = Yard::with(stage, &proxy.kubeconfig.clone()).await;
    yard.ask().await;
    let _ann = yard.start("ann", &[]);
    yard.stage.write(5).await.then(Then::GoOn);
    proxy.freeze();
    // Its Job is removed by force, as somebody does whose node is gone: nobody asks its process to stop.
    let api: Api<Job> = Api::namespaced(yard.stage.office.cluster.client().await, &yard.stage.office.namespace);
    let job = yard.jobs().await.remove(0).name_any();
    let background = kube::api::DeleteParams::background();
    api.delete(&job, &background).await.unwrap();
    yard.stage
        .office
        .until(EMEA, "it is told", |_, status| {
            status.last_run.as_ref().is_some_and(|run| run.result == RunResult::Interrupted)
                || status.recent_runs.iter().any(|run| run.result == RunResult::Interrupted)
        })
        .await;
    assert!(yard.runner.said().contains("the lease is lost"), "it had stopped by then: {}", yard.runner.said());
    proxy.heal();
    yard.stage.in_step().await;
    yard.tidy().await;
    yard.stage.comes_to_rest().await;
}

async fn a_job_that_nobody_waits_for_is_ended_before_its_connection_runs_again() {
    let yard = Yard::open("job-orphan", 30, 200).await;
    yard.ask().await;
    let mut ann = yard.start("ann", &[]);
    let stop = yard.stage.write(5).await;
    ann.kill();
    // Somebody removes all of status: nothing says any more that a run is on.
    let patch = json!({"status": null});
    yard.stage.office.connections.patch_status(EMEA, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    let bob = yard.start("bob", &[]);
    bob.says("a Job whose run nobody waits for is ended").await;
    stop.then(Then::Vanish);
    yard.stage.in_step().await;
    assert_eq!(yard.stage.story().await, [(RunTrigger::Change, RunResult::Succeeded)]);
    assert_eq!(yard.runner.started().len(), 2);
    let (said, ended) = (bob.said(), "a Job whose run nobody waits for is ended");
    assert!(said.find(ended) < said.find("a run begins as a Job"), "the workspace was kept until then: {said}");
    yard.tidy().await;
    yard.stage.comes_to_rest().await;
}

async fn a_spec_that_wants_no_run_ends_the_job() {
    let yard = Yard::open("job-stopped", 30, 200).await;
    yard.ask().await;
    let _ann = yard.start("ann", &LONG);
    let stop = yard.stage.write(5).await;
    yard.stage.office.change(EMEA, &json!({"state": "Draft"})).await;
    let status = yard
        .stage
        .office
        .until(EMEA, "it is interrupted", |_, status| {
            status.last_run.as_ref().is_some_and(|run| run.result == RunResult::Interrupted)
        })
        .await;
    assert_eq!(status.last_run.unwrap().message.as_deref(), Some("the connection became a Draft"));
    stop.then(Then::Vanish);
    yard.tidy().await;
    // Deleted while its Job is on, the connection goes, and its contacts are let go of after.
    yard.stage.office.change(EMEA, &json!({"state": "Enabled", "deletionPolicy": "Delete"})).await;
    let stop = yard.stage.write(10).await;
    yard.stage.office.delete(EMEA).await;
    yard.tidy().await;
    stop.then(Then::Vanish);
    truthful_departure(&yard).await;
}

/// More leave than the hold allows: it is held, by this process itself, and Keep lets it go.
async fn truthful_departure(yard: &Yard) {
    let office = &yard.stage.office;
    office
        .until(EMEA, "the departure is held", |_, status| {
            condition(status, "RemovalsHeld").is_some_and(|(is, ..)| is == "True")
                && status.last_run.as_ref().is_some_and(|run| run.end_time.is_some())
        })
        .await;
    let jobs = yard.runner.started().len();
    office.change(EMEA, &json!({"deletionPolicy": "Keep"})).await;
    office.gone(EMEA).await;
    assert_eq!(yard.runner.started().len(), jobs, "a departure is no Job");
}

async fn size_or_an_annotation_makes_a_run_a_job() {
    let yard = Yard::open("job-size", 12, 1000).await;
    let _ann = yard.start("ann", &[&LONG[..], &["--job-above", "10"]].concat());
    yard.stage.in_step().await;
    assert!(yard.runner.started().is_empty(), "how large it is, the first run tells");
    yard.stage.office.run_now(EMEA, "large-now").await;
    assert_eq!(yard.runner.started().len(), 1);
    let office = &yard.stage.office;
    let small: Vec<_> = (100..103).map(person).collect();
    office.people_of("small.csv", &small);
    office.connection("small", &from_file("small.csv", &json!({}))).await;
    office.ready("small", "True", "Succeeded").await;
    assert_eq!(office.run_now("small", "again").await.last_run.unwrap().result, RunResult::Succeeded);
    assert_eq!(yard.runner.started().len(), 1, "a small one is none");
    let patch = json!({"metadata": {"annotations": {"kdesk.seraphex.net/runAs": "Job"}}});
    office.connections.patch("small", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    office.run_now("small", "as-a-job").await;
    let jobs = yard.runner.started();
    let uid = office.get("small").await.uid().unwrap();
    assert_eq!(jobs.len(), 2);
    assert_eq!(jobs[1].labels()["kdesk.seraphex.net/connection-uid"], uid);
    assert_eq!(jobs[1].annotations()["kdesk.seraphex.net/connection"], format!("{}/small", office.namespace));
    yard.tidy().await;
}

async fn a_controller_that_may_make_no_jobs_says_so() {
    let stage = Stage::open("job-forbidden", 5, 1000).await;
    let template = stage.office.house.folder().join("job.yaml");
    std::fs::write(&template, TEMPLATE).unwrap();
    let template = template.display().to_string();
    let _ann =
        Replica::start(&stage.office, "ann", &[&LONG[..], &["--job-template", &template, "--job-above", "0"]].concat());
    // Not even its lease may be held, where a role lacks that too.
    let status = stage.office.ready(EMEA, "False", "JobRefused").await;
    let last = status.last_run.unwrap();
    assert_eq!(last.result, RunResult::Failed);
    let message = last.message.unwrap();
    assert!(message.contains("403 Forbidden") && message.contains("may not make Jobs"), "{message}");
    assert_eq!(stage.between.writes(), 0, "it is never run in process instead");
    truthful(&stage.office, EMEA).await;
    // The rights are given: it is tried again.
    stage.office.bind("RoleBinding", "contactsync-jobs").await;
    let kubeconfig = stage.office.cluster.kubeconfig_of("controller");
    let folder = stage.office.house.folder();
    let _runner = JobRunner::start(stage.office.cluster, &stage.office.namespace, &kubeconfig, folder).await;
    stage.office.annotate(EMEA, "now").await;
    stage.in_step().await;
}

async fn a_job_that_does_not_begin_fails_its_run() {
    let yard = Yard::open("job-late", 5, 1000).await;
    yard.ask().await;
    yard.runner.hold(true);
    let _ann = yard.start("ann", &[&LONG[..], &["--job-start-patience", "1s"]].concat());
    let status = yard.stage.office.ready(EMEA, "False", "JobNotStarted").await;
    let message = status.last_run.unwrap().message.unwrap();
    assert!(message.contains("did not begin within 1 s: no pod was made"), "{message}");
    assert!(yard.jobs().await.is_empty(), "it does not begin later");
    yard.runner.hold(false);
    yard.stage.office.run_now(EMEA, "now").await;
    yard.stage.in_step().await;
    yard.tidy().await;
}

async fn the_rate_of_a_workspace_is_kept_with_a_job() {
    const RATE: u32 = 20;
    let yard = Yard::open("job-rate", 60, RATE).await;
    yard.ask().await;
    let office = &yard.stage.office;
    for n in 1..4 {
        let people: Vec<_> = (0..8).map(|m| person(n * 1000 + m)).collect();
        office.people_of(&format!("small-{n}.csv"), &people);
        office.connection(&format!("small-{n}"), &from_file(&format!("small-{n}.csv"), &json!({}))).await;
    }
    let _ann = yard.start("ann", &LONG);
    for n in 1..4 {
        office.ready(&format!("small-{n}"), "True", "Succeeded").await;
    }
    office.ready(EMEA, "True", "Succeeded").await;
    office.annotate(EMEA, "once-more").await;
    for n in 1..4 {
        office.annotate(&format!("small-{n}"), "once-more").await;
    }
    for name in [EMEA, "small-1", "small-2", "small-3"] {
        office.run_now(name, "once-more").await;
    }
    assert_eq!(yard.runner.started().len(), 2);
    within_rate(&yard.stage.between.times(), RATE);
    yard.tidy().await;
}
