//! A controller that is asked to stop.

use std::time::Duration;

use contactsync::api::{RunResult, RunTrigger};

use super::replica::{LONG, Replica};
use super::stage::{EMEA, Stage};
use crate::controller::office::{Office, condition};
use crate::support::api_proxy::ApiProxy;
use crate::support::between::Then;

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_is_asked_to_stop_ends_its_runs_or_says_that_it_did_not() {
    tokio::join!(a_run_ends_within_the_grace(), a_run_is_cut_off_without_one(), it_ends_without_the_api_server());
}

async fn a_run_ends_within_the_grace() {
    let stage = Stage::open("stop-grace", 30, 100).await;
    let mut ann = Replica::start(&stage.office, "ann", &LONG);
    let stop = stage.write(5).await;
    let _bob = Replica::start(&stage.office, "bob", &LONG);
    ann.signal("TERM");
    ann.says("asked to stop").await;
    // A change of now is for the next leader: nothing new begins.
    stage.office.annotate(EMEA, "for-the-next").await;
    stop.then(Then::GoOn);
    stage.leads("bob").await;
    ann.end().await;
    let status = stage.office.until(EMEA, "the request is done", |_, status| {
        status.last_handled_requested_at.as_deref() == Some("for-the-next")
            && status.last_run.as_ref().is_some_and(|run| run.end_time.is_some())
    });
    assert_eq!(status.await.last_run.unwrap().trigger, RunTrigger::Request);
    let story = [(RunTrigger::Change, RunResult::Succeeded), (RunTrigger::Request, RunResult::Succeeded)];
    assert_eq!(stage.story().await, story);
    stage.in_step().await;
    stage.comes_to_rest().await;
}

/// A rolling upgrade that also changes rights, say: who leads for a moment, and may not see everything, has begun nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_has_not_seen_everything_stops_at_once() {
    let office = Office::open("stop-unseen").await;
    let forbidden = office.cluster.namespace("stop-forbidden").await;
    let more = [&LONG[..], &["--watch-namespace", &forbidden]].concat();
    let mut ann = Replica::start(&office, "ann", &more);
    ann.says("the watch broke off").await;
    ann.signal("TERM");
    let took = ann.end().await;
    assert!(took < Duration::from_secs(10), "it keeps the lease from others: {took:?}: {}", ann.said());
}

async fn a_run_is_cut_off_without_one() {
    let stage = Stage::open("stop-cut-off", 30, 100).await;
    let mut ann = Replica::start(&stage.office, "ann", &[&LONG[..], &["--shutdown-grace", "0s"]].concat());
    let stop = stage.write(5).await;
    ann.signal("TERM");
    let took = ann.end().await;
    assert!(took < Duration::from_secs(5), "no last words are missing: {took:?}: {}", ann.said());
    let status = stage.office.status(EMEA).await;
    let run = status.last_run.as_ref().unwrap();
    assert_eq!((run.result, run.message.as_deref()), (RunResult::Interrupted, Some("the controller was shut down")));
    assert!(run.end_time.is_some());
    let (is, reason, _) = condition(&status, "Syncing").unwrap();
    assert_eq!((is, reason), ("False", "Interrupted"));
    super::stage::truthful(&stage.office, EMEA).await;
    assert_eq!(stage.holder().await.as_deref(), Some(""), "the lease was given back");
    // What it had sent arrives late.
    stop.then(Then::GoOn);
    let _bob = Replica::start(&stage.office, "bob", &LONG);
    stage.in_step().await;
    let story = [(RunTrigger::Change, RunResult::Interrupted), (RunTrigger::Retry, RunResult::Succeeded)];
    assert_eq!(stage.story().await, story);
    assert!(stage.office.events(EMEA).await.contains(&"RunInterrupted".to_owned()));
    stage.comes_to_rest().await;
}

async fn it_ends_without_the_api_server() {
    let stage = Stage::open("stop-alone", 30, 100).await;
    let proxy = ApiProxy::start(stage.office.cluster).await;
    let single = ["--leader-elect", "false", "--shutdown-grace", "0s"];
    let mut ann = Replica::at(&stage.office, &proxy.kubeconfig, "ann", &single);
    drop(stage.write(5).await);
    proxy.freeze();
    ann.signal("TERM");
    let took = ann.end().await;
    println!("stopped without an API server in {took:.2?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    proxy.heal();
    let _bob = Replica::start(&stage.office, "bob", &LONG);
    stage.in_step().await;
    let begin = [(RunTrigger::Change, RunResult::Interrupted), (RunTrigger::Retry, RunResult::Succeeded)];
    assert_eq!(stage.story().await, begin);
    stage.comes_to_rest().await;
}
