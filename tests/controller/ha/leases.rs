//! One leads, and another only once the first has stopped.

use std::time::{Duration, Instant};

use contactsync::api::{RunResult, RunTrigger};

use super::replica::{LEASE, Replica};
use super::stage::{EMEA, Stage};
use crate::support::api_proxy::ApiProxy;
use crate::support::between::Then;
use crate::support::eventually::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn one_replica_leads_at_a_time_whatever_becomes_of_it() {
    tokio::join!(
        a_leader_that_dies_or_stops_is_followed(),
        a_leader_that_slept_sends_nothing_when_it_wakes(),
        a_leader_that_is_cut_off_stops_before_another_starts(),
        a_leader_whose_lease_is_taken_away_stops(),
    );
}

async fn a_leader_that_dies_or_stops_is_followed() {
    let stage = Stage::open("lease-followed", 5, 1000).await;
    let mut ann = Replica::start(&stage.office, "ann", &[]);
    stage.leads("ann").await;
    stage.in_step().await;
    let mut bob = Replica::start(&stage.office, "bob", &[]);
    bob.says("metrics").await;
    ann.kill();
    let killed = Instant::now();
    let after = stage.leads("bob").await - killed;
    println!("killed: followed after {after:.2?}");
    // The lease, and the time between two looks at it.
    assert!(after < LEASE + LEASE / 7 + Duration::from_millis(800), "{after:?}");
    let ann = Replica::start(&stage.office, "ann", &[]);
    stage.office.run_now(EMEA, "bob-runs-it").await;
    assert_eq!(stage.holder().await.as_deref(), Some("bob"), "who comes back waits");
    bob.signal("TERM");
    let told = Instant::now();
    let after = stage.leads("ann").await - told;
    println!("stopped: followed after {after:.2?}");
    assert!(after < LEASE / 2, "the lease was given back: {after:?}");
    bob.end().await;
    assert!(!ann.said().contains("the lease is lost"));
    stage.comes_to_rest().await;
}

async fn a_leader_that_slept_sends_nothing_when_it_wakes() {
    let stage = Stage::open("lease-asleep", 60, 40).await;
    let ann = Replica::start(&stage.office, "ann", &[]);
    let stop = stage.write(15).await;
    let bob = Replica::start(&stage.office, "bob", &[]);
    ann.signal("STOP");
    stage.leads("bob").await;
    let status = stage.in_step().await;
    assert_eq!(status.last_run.unwrap().trigger, RunTrigger::Retry);
    let before = stage.between.times().len();
    // What it had sent before arrives now, and it gets its answer when it wakes.
    stop.then(Then::GoOn);
    ann.signal("CONT");
    ann.says("the lease is lost").await;
    // It takes part again, as the one who waits.
    let bobs = Replica::start(&stage.office, "carl", &[]);
    bobs.says("metrics").await;
    assert_eq!(stage.between.times().len(), before, "it sends nothing more");
    stage.comes_to_rest().await;
    drop(bob);
    let next = eventually("another leads", || async {
        let holder = stage.holder().await.unwrap_or_default();
        if holder == "bob" { Err(holder) } else { Ok(holder) }
    })
    .await;
    assert!(["ann", "carl"].contains(&next.as_str()), "{next}");
}

async fn a_leader_that_is_cut_off_stops_before_another_starts() {
    let stage = Stage::open("lease-cut-off", 150, 25).await;
    let proxy = ApiProxy::start(stage.office.cluster).await;
    let ann = Replica::at(&stage.office, &proxy.kubeconfig, "ann", &[]);
    stage.write(5).await.then(Then::GoOn);
    let _bob = Replica::start(&stage.office, "bob", &[]);
    proxy.freeze();
    let taken = stage.leads("bob").await;
    stage.write(1).await.then(Then::GoOn);
    ann.says("the lease is lost").await;
    let quiet = quiet(&stage.between.times());
    println!("cut off: quiet for {:.2?}", quiet.1 - quiet.0);
    assert!(quiet.0 < taken && quiet.1 + Duration::from_millis(100) > taken, "{quiet:?} {taken:?}");
    assert!(quiet.1 - quiet.0 > LEASE / 4, "{:?}", quiet.1 - quiet.0);
    stage.in_step().await;
    proxy.heal();
    stage.comes_to_rest().await;
    assert_eq!(stage.holder().await.as_deref(), Some("bob"));
}

async fn a_leader_whose_lease_is_taken_away_stops() {
    let stage = Stage::open("lease-taken", 120, 25).await;
    let ann = Replica::start(&stage.office, "ann", &[]);
    stage.write(5).await.then(Then::GoOn);
    stage.usurp().await;
    let taken = Instant::now();
    ann.says("the lease is lost").await;
    let lost = taken.elapsed();
    stage.leads("ann").await;
    stage.write(1).await.then(Then::GoOn);
    let quiet = quiet(&stage.between.times());
    println!("taken away: lost after {lost:.2?}, quiet for {:.2?}", quiet.1 - quiet.0);
    assert!(quiet.0 - taken < LEASE / 3, "it stops at its next look: {:?}", quiet.0 - taken);
    assert!(quiet.1 - quiet.0 > LEASE / 2, "{:?}", quiet.1 - quiet.0);
    stage.in_step().await;
    let begin = [(RunTrigger::Change, RunResult::Interrupted), (RunTrigger::Retry, RunResult::Succeeded)];
    assert_eq!(stage.story().await, begin);
    stage.comes_to_rest().await;
}

/// The longest time in which nothing was sent.
fn quiet(times: &[Instant]) -> (Instant, Instant) {
    let pairs = times.windows(2).map(|two| (two[0], two[1]));
    pairs.max_by_key(|(from, to)| *to - *from).expect("two requests at least")
}
