//! An API server that refuses, forgets, answers late or not at all, and is hardly asked while nothing happens.

use std::time::Duration;

use contactsync::api::{RunResult, RunTrigger};
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::replica::{LONG, Replica, SINGLE};
use super::stage::{EMEA, Stage, history, truthful};
use crate::controller::office::Office;
use crate::support::api_proxy::{ApiProxy, Call, Trouble};
use crate::support::between::Then;
use crate::support::eventually::eventually;
use crate::support::house::people;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_whatever_the_api_server_does() {
    tokio::join!(
        answers_to_status_writes_are_lost(),
        somebody_else_writes_status(),
        it_refuses_for_a_while(),
        watches_are_cut_and_expire(),
        it_contradicts_whatever_is_said(),
        the_next_leader_tells_how_a_run_ended(),
        nobody_is_asked_while_nothing_happens(),
    );
}

/// A stage with one controller behind a proxy.
async fn before(name: &str) -> (Stage, ApiProxy, Replica) {
    let stage = Stage::open(name, 10, 1000).await;
    let proxy = ApiProxy::start(stage.office.cluster).await;
    let replica = Replica::at(&stage.office, &proxy.kubeconfig, "ann", &SINGLE);
    (stage, proxy, replica)
}

async fn answers_to_status_writes_are_lost() {
    let (stage, proxy, _ann) = before("api-lost").await;
    stage.in_step().await;
    // Of the announcement, then of the end.
    for (skip, token) in [(0, "first"), (1, "second")] {
        let mut writes = 0;
        proxy.trouble(1, Trouble::Lost, move |call: &Call| {
            let is_one = call.writes_status() && call.path.contains(EMEA);
            writes += usize::from(is_one);
            is_one && writes > skip
        });
        stage.office.run_now(EMEA, token).await;
        stage.in_step().await;
        assert_eq!(proxy.unmet(), 0);
        truthful(&stage.office, EMEA).await;
    }
    let story = stage.story().await;
    let requests = story.iter().filter(|(trigger, _)| *trigger == RunTrigger::Request).count();
    assert_eq!(requests, 2, "each request ran once: {story:?}");
    stage.comes_to_rest().await;
}

async fn somebody_else_writes_status() {
    let (stage, _proxy, _ann) = before("api-conflict").await;
    let stop = stage.write(3).await;
    let patch = json!({"status": {"contacts": 99, "lastHandledRequestedAt": "somebody's"}});
    stage.office.connections.patch_status(EMEA, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    stop.then(Then::GoOn);
    let status = stage.in_step().await;
    assert_eq!(status.last_handled_requested_at.as_deref(), Some("somebody's"), "what is not ours to say stays");
    assert_eq!(stage.story().await, [(RunTrigger::Change, RunResult::Succeeded)]);
    // All of status is lost: it is run again, and the desk remembers.
    let stored = stage.office.house.versions().await;
    let patch = json!({"status": null});
    stage.office.connections.patch_status(EMEA, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    stage.office.run_now(EMEA, "anew").await;
    stage.in_step().await;
    assert_eq!(stage.office.house.versions().await, stored);
    stage.comes_to_rest().await;
}

async fn it_refuses_for_a_while() {
    let (stage, proxy, _ann) = before("api-refuses").await;
    let stop = stage.write(3).await;
    let is_ours = |call: &Call| !call.is_lease() && !call.is_watch();
    proxy.trouble(4, Trouble::Refuse(429, 1), is_ours);
    proxy.trouble(2, Trouble::Refuse(500, 0), is_ours);
    proxy.trouble(1, Trouble::Late(Duration::from_secs(1)), is_ours);
    stop.then(Then::GoOn);
    stage.in_step().await;
    assert_eq!(stage.story().await, [(RunTrigger::Change, RunResult::Succeeded)], "its end got into status");
    eventually("all trouble was met", || async {
        stage.office.annotate("emea", "more").await;
        let unmet = proxy.unmet();
        if unmet == 0 { Ok(()) } else { Err(unmet.to_string()) }
    })
    .await;
    stage.office.run_now(EMEA, "after-it").await;
    stage.in_step().await;
    stage.comes_to_rest().await;
}

async fn the_next_leader_tells_how_a_run_ended() {
    let stage = Stage::open("api-untold", 10, 1000).await;
    stage.office.change(EMEA, &json!({"schedule": {"interval": "1h"}})).await;
    let proxy = ApiProxy::start(stage.office.cluster).await;
    let mut ann = Replica::at(&stage.office, &proxy.kubeconfig, "ann", &SINGLE);
    let stop = stage.write(3).await;
    proxy.freeze();
    stop.then(Then::GoOn);
    eventually("the run ended, and nobody was told", || async {
        let runs = history(&stage.office, EMEA).await;
        if runs.iter().any(|run| run.end_time.is_some()) { Ok(()) } else { Err(format!("{runs:?}")) }
    })
    .await;
    ann.kill();
    let _bob = Replica::start(&stage.office, "bob", &SINGLE);
    let status = stage.in_step().await;
    assert_eq!(stage.story().await, [(RunTrigger::Change, RunResult::Succeeded)], "it is not run again");
    let last = status.last_run.unwrap();
    assert!(status.next_run_time > last.end_time, "{:?} is the next one", status.next_run_time);
    stage.comes_to_rest().await;
}

async fn it_contradicts_whatever_is_said() {
    let (stage, proxy, _ann) = before("api-contradicts").await;
    let status_of_emea = |call: &Call| call.writes_status() && call.path.contains(EMEA);
    let stop = stage.write(3).await;
    // As an API server that has only just started may: it knows no such path.
    proxy.trouble(2, Trouble::Refuse(404, 0), status_of_emea);
    stop.then(Then::GoOn);
    stage.in_step().await;
    assert_eq!(stage.story().await, [(RunTrigger::Change, RunResult::Succeeded)], "its end got into status");
    proxy.calls();
    proxy.trouble(1000, Trouble::Refuse(409, 0), status_of_emea);
    stage.office.annotate(EMEA, "contradicted").await;
    eventually("it does something else meanwhile", || async {
        if proxy.unmet() <= 995 { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await;
    // Longer than many rounds without a pause would take.
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(proxy.unmet() >= 990, "{} tries", 1000 - proxy.unmet());
    proxy.heal();
    stage.office.run_now(EMEA, "contradicted").await;
    stage.in_step().await;
    stage.comes_to_rest().await;
}

async fn watches_are_cut_and_expire() {
    let (stage, proxy, _ann) = before("api-watches").await;
    stage.in_step().await;
    for round in 0..2 {
        if round == 1 {
            proxy.trouble(2, Trouble::Expired, Call::is_watch);
        }
        proxy.cut_watches();
        stage.office.annotate(EMEA, &format!("round-{round}")).await;
        stage
            .office
            .until(EMEA, "the request was seen", |_, status| {
                status.last_handled_requested_at.as_deref() == Some(format!("round-{round}").as_str())
            })
            .await;
        stage.in_step().await;
    }
    // Deleted while nobody watched: it is not there any more, and its namesake is another one.
    proxy.freeze();
    proxy.cut_watches();
    stage.office.delete(EMEA).await;
    stage.office.gone(EMEA).await;
    stage.office.connection(EMEA, &json!({})).await;
    proxy.heal();
    stage.in_step().await;
    stage.comes_to_rest().await;
}

async fn nobody_is_asked_while_nothing_happens() {
    const COUNT: usize = 20;
    let office = Office::open("api-idle").await;
    office.people(&people(3));
    for n in 0..COUNT {
        let group = json!({"groups": [{"name": format!("Team {n}")}]});
        let change = json!({"scope": {"list": group}, "schedule": {"cron": "0 3 1 1 *"}});
        office
            .connection(&format!("c{n}"), &if n == 0 { json!({"schedule": {"cron": "0 3 1 1 *"}}) } else { change })
            .await;
    }
    let proxy = ApiProxy::start(office.cluster).await;
    let _ann = Replica::at(&office, &proxy.kubeconfig, "ann", &LONG);
    office.ready("c0", "True", "Succeeded").await;
    let last = format!("c{}", COUNT - 1);
    office.until(&last, "it ran", |_, status| status.last_run.as_ref().is_some_and(|run| run.end_time.is_some())).await;
    settled(&proxy).await;
    let idle = calls_in(&proxy, Duration::from_secs(3)).await;
    assert!(idle.is_empty(), "{idle:?}");
    proxy.calls();
    office.run_now("c0", "once").await;
    settled(&proxy).await;
    let calls = but_leases(&proxy);
    let writes = calls.iter().filter(|call| call.writes_status()).count();
    assert!(writes <= 2, "{calls:?}");
}

/// What was asked in such a time, but for the lease.
async fn calls_in(proxy: &ApiProxy, time: Duration) -> Vec<Call> {
    proxy.calls();
    tokio::time::sleep(time).await;
    but_leases(proxy)
}

fn but_leases(proxy: &ApiProxy) -> Vec<Call> {
    proxy.calls().into_iter().filter(|call| !call.is_lease()).collect()
}

/// Waits until nothing but the lease was asked about for half a second.
async fn settled(proxy: &ApiProxy) {
    eventually("nothing is asked any more", || async {
        let calls = proxy.asked();
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = proxy.asked();
        if calls == now { Ok(()) } else { Err(format!("{} calls in half a second", now - calls)) }
    })
    .await;
}
