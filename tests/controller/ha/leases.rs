//! One leads, and another only once the first has stopped.

use std::time::{Duration, Instant};

use contactsync::api::{RunResult, RunTrigger};
use jiff::Timestamp;

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
        super::both::two_controllers_without_an_election_do_no_harm(),
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
    // The lease, the time between two looks at it, and what a busy machine adds.
    assert!(after < LEASE * 2, "{after:?}");
    let ann = Replica::start(&stage.office, "ann", &[]);
    stage.office.run_now(EMEA, "bob-runs-it").await;
    assert_eq!(stage.holder().await.as_deref(), Some("bob"), "who comes back waits");
    bob.signal("TERM");
    let told = Instant::now();
    let after = stage.leads("ann").await - told;
    println!("stopped: followed after {after:.2?}");
    assert!(after < LEASE, "the lease was given back: {after:?}");
    bob.end().await;
    assert!(!ann.said().contains("the lease is lost"));
    stage.comes_to_rest().await;
}

async fn a_leader_that_slept_sends_nothing_when_it_wakes() {
    const AT_ONCE: usize = 8;
    let stage = Stage::open("lease-asleep", 60, 40).await;
    stage.pace(40, AT_ONCE).await;
    let ann = Replica::start(&stage.office, "ann", &[]);
    // All that it may send at once is on its way, so none is about to be sent when it falls asleep.
    let mut stops = Vec::new();
    for _ in 0..AT_ONCE {
        stops.push(stage.write(10).await);
    }
    let bob = Replica::start(&stage.office, "bob", &[]);
    ann.signal("STOP");
    stage.leads("bob").await;
    let status = stage.in_step().await;
    assert_eq!(status.last_run.unwrap().trigger, RunTrigger::Retry);
    bob.has_checked().await;
    let before = stage.between.times().len();
    // What it had sent before arrives now, and it gets its answer when it wakes.
    for stop in stops {
        stop.then(Then::GoOn);
    }
    ann.signal("CONT");
    ann.says("the lease is lost").await;
    // It takes part again, as the one who waits.
    let carl = Replica::start(&stage.office, "carl", &[]);
    carl.says("metrics").await;
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
    stage.leads("bob").await;
    let acquired = stage.acquired().await;
    stage.write(1).await.then(Then::GoOn);
    ann.says("the lease is lost").await;
    quiet_before(acquired, &stage.between.times());
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
    ann.says("the lease is lost").await;
    stage.leads("ann").await;
    let acquired = stage.acquired().await;
    stage.write(1).await.then(Then::GoOn);
    quiet_before(acquired, &stage.between.times());
    stage.in_step().await;
    assert_eq!(stage.story().await[0], (RunTrigger::Change, RunResult::Interrupted));
    stage.comes_to_rest().await;
}

/// Whoever led before had stopped some time before this one began.
fn quiet_before(acquired: Timestamp, times: &[Timestamp]) {
    let last = *times.iter().filter(|time| **time < acquired).max().expect("the one before was at work");
    let quiet = Duration::try_from(acquired.duration_since(last)).unwrap();
    println!("quiet for {quiet:.2?} before another led");
    // A third of the lease, but for what was on its way.
    assert!(quiet > LEASE / 4, "{quiet:?}");
}
