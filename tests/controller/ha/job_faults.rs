//! Runs as Jobs where the cluster does not say what is so, or refuses what they need.

use std::sync::atomic::{AtomicUsize, Ordering};

use contactsync::api::{RunResult, RunTrigger};

use super::replica::{LONG, Replica};
use super::stage::{EMEA, Stage, history};
use super::yard::Yard;
use crate::support::api_proxy::{ApiProxy, Call, Trouble};
use crate::support::between::Then;
use crate::support::eventually::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_which_nobody_can_tell_is_still_the_only_writer() {
    tokio::join!(
        l04_a_job_that_began_unseen_counts_as_cut_off(),
        a_lease_that_nobody_may_hold_fails_the_run(),
        a_leader_that_makes_no_jobs_waits_for_one_that_is_on(),
        a_job_that_may_not_be_watched_is_looked_at(),
    );
}

/// A role that lacks list or watch: without a look now and then its run would be on for ever.
async fn a_job_that_may_not_be_watched_is_looked_at() {
    let stage = Stage::open("job-unwatched", 5, 1000).await;
    let proxy = ApiProxy::start(stage.office.cluster).await;
    let kubeconfig = stage.office.cluster.kubeconfig_of("controller");
    let yard = Yard::with(stage, &kubeconfig).await;
    yard.ask().await;
    proxy.trouble(usize::MAX, Trouble::Refuse(403, 0), |call| call.method == "GET" && call.path.contains("/jobs?"));
    let ann = yard.start_at(&proxy.kubeconfig, "ann", &LONG);
    yard.stage.in_step().await;
    ann.says("a Job cannot be watched").await;
    yard.tidy().await;
}

/// What it set out to do may be done: its record stays open, and its intent counts in the window.
async fn l04_a_job_that_began_unseen_counts_as_cut_off() {
    let yard = Yard::open("job-unseen", 30, 200).await;
    yard.ask().await;
    yard.runner.unseen(true);
    let _ann = yard.start("ann", &[&LONG[..], &["--job-start-patience", "8s"]].concat());
    let stop = yard.stage.write(5).await;
    let office = &yard.stage.office;
    let status = office.until(EMEA, "its run is over", |_, status| !status.recent_runs.is_empty()).await;
    // It may have been run again meanwhile.
    let last = status.recent_runs.last().unwrap();
    assert_eq!(last.result, RunResult::Interrupted, "{last:?}");
    let history = history(office, EMEA).await;
    let record = history.iter().find(|run| run.id.as_str() == last.id).unwrap();
    assert_eq!(record.end_time, None, "a run that ended has spent what its record says, which is nothing");
    yard.runner.unseen(false);
    stop.then(Then::Vanish);
    yard.stage.in_step().await;
    yard.tidy().await;
}

async fn a_lease_that_nobody_may_hold_fails_the_run() {
    let stage = Stage::open("job-lease-forbidden", 5, 1000).await;
    let proxy = ApiProxy::start(stage.office.cluster).await;
    let yard = Yard::with(stage, &proxy.kubeconfig.clone()).await;
    yard.ask().await;
    proxy.trouble(usize::MAX, Trouble::Refuse(403, 0), |call| call.is_lease() && call.path.contains("-run-"));
    let _ann = yard.start_at(&proxy.kubeconfig, "ann", &[]);
    let status = yard.stage.office.ready(EMEA, "False", "JobRefused").await;
    let last = status.last_run.unwrap();
    assert_eq!(last.result, RunResult::Failed);
    let message = last.message.unwrap();
    assert!(message.contains("lease") && message.contains("403"), "{message}");
    assert_eq!(yard.stage.between.writes(), 0, "nobody writes without it");
    proxy.heal();
    yard.stage.office.annotate(EMEA, "now").await;
    yard.stage.in_step().await;
    yard.tidy().await;
}

async fn a_leader_that_makes_no_jobs_waits_for_one_that_is_on() {
    let yard = Yard::open("job-no-more", 30, 200).await;
    let proxy = ApiProxy::start(yard.stage.office.cluster).await;
    yard.ask().await;
    let mut ann = yard.start("ann", &[]);
    let stop = yard.stage.write(5).await;
    ann.kill();
    // The one question that tells it of the Job is not answered at first.
    let asks = |call: &Call| call.method == "GET" && call.path.contains("-run-");
    proxy.trouble(1, Trouble::Refuse(500, 0), asks);
    let bob = Replica::at(&yard.stage.office, &proxy.kubeconfig, "bob", &[]);
    let times = AtomicUsize::new(0);
    eventually("bob asks for the lease of the Job, and asks again", || async {
        let asked = proxy.calls().iter().filter(|call| asks(call)).count();
        if times.fetch_add(asked, Ordering::Relaxed) + asked > 1 { Ok(()) } else { Err(bob.said()) }
    })
    .await;
    stop.then(Then::GoOn);
    yard.stage.in_step().await;
    assert_eq!(yard.stage.story().await, [(RunTrigger::Change, RunResult::Succeeded)], "{}", bob.said());
    yard.tidy().await;
    yard.stage.comes_to_rest().await;
}
