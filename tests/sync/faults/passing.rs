//! Faults that pass while the run still goes on: it waits them out and succeeds.

use std::time::{Duration, Instant};

use axum::http::Method;
use contactsync::api::RunResult;
use serde_json::json;

use super::invariants::{Wrong, picture};
use super::scene::{Base, Phase, Scene};
use crate::support::misbehaving_desk::{Fault, Profile};

const SINGLE: Profile =
    Profile { bulk: None, patch: true, etag: true, filter: true, cursor: false, schemas: true, page: 100, habits: &[] };

/// What the second run comes to with this fault, which it must get over.
async fn got_over(profile: Profile, method: Method, path: &'static str, skip: usize, fault: Fault) {
    let base = Base::make(profile).await;
    let plain = Scene::second(profile, &base).await;
    assert_eq!(plain.run().await.summary.result, RunResult::Succeeded);
    let truth = picture(&plain.desk.users()).unwrap();
    let scene = Scene::second(profile, &base).await;
    scene.desk.rule(method, path, skip, 2, fault.clone());
    let report = scene.run().await;
    assert_eq!(report.summary.result, RunResult::Succeeded, "{fault:?} to {path}: {report:#?}");
    let mut wrong = Wrong::default();
    scene.unharmed(&report, &truth, &mut wrong);
    scene.desk.assert_met();
    scene.heals(&truth, &mut wrong).await;
    assert!(wrong.0.is_empty(), "{fault:?} to {path}: {:#?}", wrong.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn l12_throttling_is_waited_out_wherever_it_comes() {
    let now = "Sun, 06 Nov 1994 08:49:37 GMT".to_owned();
    let dates = vec![("retry-after", now.clone()), ("date", now)];
    for fault in [
        Fault::status(429),
        Fault::with(429, "retry-after", "0"),
        Fault::with(503, "retry-after", "0"),
        Fault::Answer(429, dates.clone(), String::new()),
        Fault::Answer(503, dates, String::new()),
    ] {
        got_over(Profile::default(), Method::GET, "/Users", 1, fault.clone()).await;
        got_over(Profile::default(), Method::POST, "/Bulk", 0, fault.clone()).await;
        got_over(SINGLE, Method::PATCH, "/Users", 1, fault).await;
    }
    for status in [429, 503, 500] {
        got_over(Profile::default(), Method::POST, "/Bulk", 0, Fault::EveryOperation(status)).await;
        got_over(Profile::default(), Method::POST, "/Bulk", 0, Fault::FailedOperation(1, status)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l12_lost_answers_are_found_out_about() {
    for fault in
        [Fault::status(503), Fault::status(502), Fault::CutBefore, Fault::CutAfter, Fault::HalfJson, Fault::Huge]
    {
        got_over(Profile::default(), Method::POST, "/Bulk", 0, fault.clone()).await;
        got_over(SINGLE, Method::POST, "/Users", 0, fault.clone()).await;
        got_over(SINGLE, Method::PATCH, "/Users", 2, fault).await;
    }
    for fault in
        [Fault::MissingResult(0), Fault::Reordered, Fault::status(413), Fault::DoneButSaid(500), Fault::web_page(200)]
    {
        got_over(Profile::default(), Method::POST, "/Bulk", 0, fault).await;
    }
    got_over(SINGLE, Method::PATCH, "/Users", 0, Fault::web_page(200)).await;
    got_over(SINGLE, Method::POST, "/Users", 0, Fault::web_page(200)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l12_a_pause_of_a_second_is_kept() {
    let base = Base::make(Profile::default()).await;
    let scene = Scene::second(Profile::default(), &base).await;
    scene.desk.once(Method::POST, "/Bulk", Fault::with(429, "retry-after", "1"));
    let begun = Instant::now();
    assert_eq!(scene.run().await.summary.result, RunResult::Succeeded);
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn l12_a_pause_of_a_day_ends_the_run_at_once() {
    let base = Base::make(SINGLE).await;
    let scene = Scene::second(SINGLE, &base).await;
    scene.desk.rule(Method::PATCH, "/Users", 0, 1, Fault::with(429, "retry-after", "86400"));
    let begun = Instant::now();
    let summary = scene.run().await.summary;
    assert_eq!(summary.result, RunResult::Failed, "{summary:#?}");
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
}

/// 100 MiB are offered, and no more is read than an answer may have.
#[tokio::test(flavor = "multi_thread")]
async fn an_endless_answer_is_not_read_to_its_end() {
    let base = Base::make(Profile::default()).await;
    for (method, path, skip) in [(Method::GET, "/Users", 1), (Method::POST, "/Bulk", 0)] {
        let scene = Scene::second(Profile::default(), &base).await;
        scene.desk.rule(method, path, skip, usize::MAX, Fault::Endless);
        let before = scene.desk.users();
        let report = scene.run().await;
        assert_ne!(report.summary.result, RunResult::Succeeded);
        assert_eq!(scene.desk.users(), before);
        let requests = scene.desk.behave() as u64;
        let each = scene.desk.streamed() / requests;
        assert!(each < 16 << 20, "{each} bytes of each of {requests} answers");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l19_a_token_revoked_in_the_middle_fails_the_run_and_the_next_goes_on() {
    for profile in [Profile::default(), SINGLE] {
        let base = Base::make(profile).await;
        let plain = Scene::second(profile, &base).await;
        plain.run().await;
        let truth = picture(&plain.desk.users()).unwrap();
        let scene = Scene::second(profile, &base).await;
        scene.desk.any(7, usize::MAX, Fault::status(401));
        let report = scene.run().await;
        assert_eq!(report.summary.result, RunResult::Failed);
        assert!(report.summary.message.contains("check the credentials"), "{}", report.summary.message);
        let mut wrong = Wrong::default();
        scene.unharmed(&report, &truth, &mut wrong);
        scene.heals(&truth, &mut wrong).await;
        assert!(wrong.0.is_empty(), "{:#?}", wrong.0);
        assert!(scene.desk.users().iter().any(|user| user["title"] == json!("Manager")));
        assert_eq!(scene.phase, Phase::Second);
    }
}
