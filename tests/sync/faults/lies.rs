//! Desks that always do something wrong, and say nothing of it.

use std::collections::BTreeMap;

use contactsync::api::{RunCounts, RunResult};
use serde_json::{Value, json};

use super::invariants::{Wrong, picture};
use super::scene::{Base, Phase, Scene};
use crate::support::house::mail;
use crate::support::misbehaving_desk::{Fault, Habit, Profile};

/// The company synced twice onto such a desk.
async fn two_runs(habits: &'static [Habit], more: Profile) -> (Scene, contactsync::runlog::Summary) {
    let profile = Profile { habits, ..more };
    let base = Base::make(profile).await;
    let scene = Scene::second(profile, &base).await;
    let summary = scene.run().await.summary;
    (scene, summary)
}

fn versions(scene: &Scene) -> BTreeMap<String, Value> {
    scene.desk.users().into_iter().map(|user| (user["id"].to_string(), user["meta"]["version"].clone())).collect()
}

/// As if the desk did nothing wrong.
async fn comes_out_right(habits: &'static [Habit], more: Profile) {
    let (plain, _) = two_runs(&[], Profile::default()).await;
    let truth = picture(&plain.desk.users()).unwrap();
    let (scene, summary) = two_runs(habits, more).await;
    assert_eq!(summary.result, RunResult::Succeeded, "{habits:?}: {summary:#?}");
    let mut wrong = Wrong::default();
    scene.heals(&truth, &mut wrong).await;
    assert!(wrong.0.is_empty(), "{habits:?}: {:#?}", wrong.0);
}

#[tokio::test]
async fn l16_filters_that_are_ignored_or_refused_change_nothing() {
    comes_out_right(&[Habit::IgnoresFilters], Profile::default()).await;
    comes_out_right(&[Habit::IgnoresFilters], Profile { page: 5, ..Profile::default() }).await;
    comes_out_right(&[Habit::RefusesFilters], Profile::default()).await;
    comes_out_right(&[Habit::RefusesFilters], Profile { bulk: None, cursor: true, page: 5, ..Profile::default() })
        .await;
}

#[tokio::test]
async fn compressed_answers_are_read() {
    comes_out_right(&[Habit::Gzip], Profile::default()).await;
}

#[tokio::test]
async fn bulk_that_is_promised_and_not_there_is_done_without() {
    comes_out_right(&[Habit::NoBulkAfterAll], Profile::default()).await;
}

#[tokio::test]
async fn l13_200_with_the_contact_is_as_good_as_204() {
    comes_out_right(&[Habit::AnswersWithContact], Profile { bulk: None, ..Profile::default() }).await;
}
