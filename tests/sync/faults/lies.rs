//! Desks that always do something wrong, and say nothing of it.

use std::collections::BTreeMap;

use contactsync::api::{RunCounts, RunResult};
use contactsync::runlog::Summary;
use serde_json::{Value, json};

use super::invariants::{Wrong, picture};
use super::scene::{Base, Phase, Scene, after};
use crate::support::house::{Line, mail};
use crate::support::misbehaving_desk::{Fault, Habit, Profile};

/// The company synced twice onto such a desk.
async fn two_runs(habits: &'static [Habit], more: Profile) -> (Scene, Summary) {
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

#[tokio::test]
async fn l16_a_filter_that_finds_nothing_fails_the_run_and_harms_nobody() {
    let base = Base::make(Profile::default()).await;
    let scene = Scene::second(Profile { habits: &[Habit::FindsNothing], ..Profile::default() }, &base).await;
    let before = versions(&scene);
    let summary = scene.run().await.summary;
    assert_eq!(summary.result, RunResult::Failed, "{summary:#?}");
    assert!(summary.message.contains("externalId"), "{}", summary.message);
    assert_eq!(versions(&scene), before);
}

/// The listing of a desk that goes on for ever ends, and nobody is harmed.
#[tokio::test]
async fn l16_pages_without_end_fail_the_run() {
    let base = Base::make(Profile::default()).await;
    for (habit, cursor) in [(Habit::EndlessPages, false), (Habit::FirstPageOnly, false), (Habit::EndlessCursor, true)] {
        for filter in [true, false] {
            let habits: &'static [Habit] = match habit {
                Habit::EndlessPages => &[Habit::EndlessPages],
                Habit::FirstPageOnly => &[Habit::FirstPageOnly],
                _ => &[Habit::EndlessCursor],
            };
            let profile = Profile { habits, cursor, filter, page: 4, ..Profile::default() };
            let scene = Scene::second(profile, &base).await;
            let before = versions(&scene);
            let summary = scene.run().await.summary;
            assert_eq!(summary.result, RunResult::Failed, "{habit:?}: {summary:#?}");
            assert!(summary.message.contains("not listed whole"), "{habit:?}: {}", summary.message);
            assert_eq!(versions(&scene), before);
        }
    }
}

/// What a desk that hides its contacts from now on makes of the second run.
async fn hidden(profile: Profile, base: &Base, lines: &[Line]) -> (Scene, Summary) {
    let scene = Scene::second(profile, base).await;
    scene.house.file(lines);
    scene.desk.rule(axum::http::Method::GET, "/Users", 0, usize::MAX, Fault::Nothing);
    let summary = scene.run().await.summary;
    assert_eq!(summary.result, RunResult::Failed, "{summary:#?}");
    assert!(summary.message.contains("shows none of the contacts"), "{}", summary.message);
    (scene, summary)
}

/// Filtered or not, it says that there is nobody: a token that lost the right to see them, say. The records know better,
/// and the first person whom the desk refuses shows who is right.
#[tokio::test]
async fn l16_a_desk_that_hides_every_contact_fails_the_run_and_doubles_nobody() {
    let (plain, _) = two_runs(&[], Profile::default()).await;
    let truth = picture(&plain.desk.users()).unwrap();
    let little = Profile { bulk: None, patch: false, etag: false, filter: false, page: 7, ..Profile::default() };
    for profile in [Profile::default(), little, Profile { habits: &[Habit::RefusesFilters], ..Profile::default() }] {
        let base = Base::make(profile).await;
        let (scene, _) = hidden(profile, &base, &after()).await;
        let before = versions(&scene);
        let again = scene.run().await.summary;
        assert_eq!((again.result, versions(&scene)), (RunResult::Failed, before), "it does not wear off");
        assert_eq!(scene.desk.users().len(), 14 + scene.bystanders.len(), "nobody was made");
        let mut wrong = Wrong::default();
        scene.heals(&truth, &mut wrong).await;
        assert!(wrong.0.is_empty(), "{:#?}", wrong.0);
    }
}

/// Where the first one tried is new, the desk takes them; what it took it must list.
#[tokio::test]
async fn l16_a_desk_that_hides_what_it_took_gets_nobody_else() {
    let (plain, _) = two_runs(&[], Profile::default()).await;
    let truth = picture(&plain.desk.users()).unwrap();
    let base = Base::make(Profile::default()).await;
    let newest_first: Vec<Line> = after().into_iter().rev().collect();
    let (scene, _) = hidden(Profile::default(), &base, &newest_first).await;
    assert_eq!(scene.desk.users().len(), 15 + scene.bystanders.len());
    let mut wrong = Wrong::default();
    scene.heals(&truth, &mut wrong).await;
    assert!(wrong.0.is_empty(), "{:#?}", wrong.0);
}

/// The one case that cannot be told beforehand: the first one tried has another address since. It stays at that one, who
/// is told and left alone.
#[tokio::test]
async fn l16_a_desk_that_hides_every_contact_doubles_at_most_one_who_moved() {
    let base = Base::make(Profile::default()).await;
    let mut lines = after();
    lines[7].mail = mail(107);
    lines.swap(0, 2);
    let (scene, _) = hidden(Profile::default(), &base, &lines).await;
    scene.desk.behave();
    let seen = scene.run().await.summary;
    assert_eq!((seen.result, seen.counts.skipped), (RunResult::Partial, 1), "{seen:#?}");
    assert_eq!(seen.reasons["skipped"]["SeveralContacts"], 1);
    let twins: Vec<Value> =
        scene.desk.users().into_iter().filter(|user| user["externalId"] == "default/support/staff/p0002").collect();
    assert_eq!(twins.len(), 2);
    assert!(twins.iter().all(|twin| twin["active"] == json!(true)));
}

/// A desk that was emptied or replaced is filled again, whoever is on it by now.
#[tokio::test]
async fn l16_an_emptied_desk_is_filled_again() {
    for more in [Profile::default(), Profile { bulk: None, filter: false, ..Profile::default() }] {
        let base = Base::make(more).await;
        let scene = Scene::second(more, &base).await;
        scene.desk.restore(&[]);
        let summary = scene.run().await.summary;
        assert_eq!((summary.result, summary.counts.created), (RunResult::Succeeded, 14), "{summary:#?}");
        scene.desk.forget_log();
        assert_eq!(scene.run().await.summary.result, RunResult::Succeeded);
        assert!(scene.desk.log().iter().all(|request| !request.writes()));

        let scene = Scene::second(more, &base).await;
        scene.desk.restore(&scene.bystanders);
        scene.desk.add(json!({"userName": mail(0), "displayName": "Made By Hand"}));
        let summary = scene.run().await.summary;
        assert_eq!((summary.result, summary.counts.created), (RunResult::Partial, 13), "{summary:#?}");
        assert_eq!(summary.counts.conflicts, 1);
    }
}

#[tokio::test]
async fn l14_values_stored_in_another_form_are_told_and_left() {
    let (scene, second) = two_runs(&[Habit::Normalises], Profile::default()).await;
    assert_ne!(second.result, RunResult::Failed, "{second:#?}");
    let before = versions(&scene);
    for _ in 0..2 {
        let rest = scene.run().await.summary;
        assert_eq!(rest.counts.updated, 0, "{rest:#?}");
        assert_eq!(versions(&scene), before);
    }
}

#[tokio::test]
async fn l14_l19_values_that_are_silently_dropped_are_told_and_not_rewritten_for_ever() {
    for more in [Profile::default(), Profile { bulk: None, habits: &[], ..Profile::default() }] {
        let (scene, second) = two_runs(&[Habit::ForgetsTitles], more).await;
        assert_eq!(second.result, RunResult::Partial, "{second:#?}");
        assert_eq!(second.not_converging, ["identity.jobTitle"]);
        scene.run().await;
        let before = versions(&scene);
        for _ in 0..2 {
            let rest = scene.run().await.summary;
            assert_eq!((rest.result, rest.counts.updated), (RunResult::Partial, 0), "{rest:#?}");
            assert_eq!(versions(&scene), before);
        }
    }
}

/// In maintenance a desk says yes to everything and does nothing; afterwards the run sets it right.
#[tokio::test]
async fn l14_l19_writes_that_were_swallowed_are_made_up_for() {
    for bulk in [Profile::default().bulk, None] {
        let profile = Profile { bulk, ..Profile::default() };
        let (plain, _) = two_runs(&[], profile).await;
        let truth = picture(&plain.desk.users()).unwrap();
        let base = Base::make(profile).await;
        let scene = Scene::second(profile, &base).await;
        for method in [axum::http::Method::POST, axum::http::Method::PATCH] {
            scene.desk.rule(method, "/", 0, usize::MAX, Fault::Swallowed);
        }
        let swallowed = scene.run().await;
        let mut wrong = Wrong::default();
        scene.unharmed(&swallowed, &truth, &mut wrong);
        assert_ne!(swallowed.summary.result, RunResult::Succeeded, "{swallowed:#?}");
        // What the desk says of `active` is believed until the next run looks.
        wrong.0.retain(|what| !what.contains("were counted as turned off"));
        scene.heals(&truth, &mut wrong).await;
        assert!(wrong.0.is_empty(), "{bulk:?}: {:#?}", wrong.0);
    }
}

/// A desk whose externalId does not come back as it was written cannot be synced into: the run says so, and nobody is
/// removed or doubled run after run.
#[tokio::test]
async fn l07_an_external_id_that_does_not_come_back_is_told_and_removes_nobody() {
    for habit in [&[Habit::LowersExternalIds], &[Habit::ForgetsExternalIds]] {
        for bulk in [Profile::default().bulk, None] {
            let scene = Scene::open(Profile { habits: habit, bulk, ..Profile::default() }, Phase::First).await;
            let mut lines = super::scene::before();
            lines.truncate(4);
            for line in &mut lines {
                line.id = line.id.to_uppercase();
            }
            lines[0].groups = "Staff;Portal".into();
            scene.house.file(&lines);
            let mut contacts = 0;
            for round in 0..3 {
                let summary = scene.run().await.summary;
                assert_ne!(summary.result, RunResult::Succeeded, "{habit:?} {bulk:?} {round}: {summary:#?}");
                assert_eq!(summary.counts.deactivated, 0, "{habit:?} {bulk:?} {round}: {summary:#?}");
                let users = scene.desk.users();
                assert!(users.iter().all(|user| user["active"] != json!(false)), "{habit:?} {bulk:?} {round}");
                if round > 0 {
                    assert_eq!(users.len(), contacts, "{habit:?} {bulk:?} {round}");
                }
                contacts = users.len();
            }
        }
    }
}

#[tokio::test]
async fn l09_two_contacts_of_one_person_are_told_and_left_alone() {
    let base = Base::make(Profile::default()).await;
    let scene = Scene::second(Profile { habits: &[Habit::AllowsTwins], ..Profile::default() }, &base).await;
    for (n, name) in [(1, "twin.1@acme.example"), (10, "twin.10@acme.example")] {
        scene.desk.add(json!({"userName": name, "displayName": "A Twin", "active": true,
            "externalId": format!("default/support/staff/p{n:04}")}));
    }
    let twins = |scene: &Scene| -> Vec<Value> {
        let ours = ["default/support/staff/p0001", "default/support/staff/p0010"];
        scene
            .desk
            .users()
            .into_iter()
            .filter(|user| ours.contains(&user["externalId"].as_str().unwrap_or("")))
            .collect()
    };
    let before = twins(&scene);
    assert_eq!(before.len(), 4);
    for _ in 0..2 {
        let summary = scene.run().await.summary;
        assert_eq!((summary.result, summary.counts.skipped), (RunResult::Partial, 2), "{summary:#?}");
        assert_eq!(summary.reasons["skipped"]["SeveralContacts"], 2);
        assert_eq!(twins(&scene), before, "neither who stayed nor who left");
    }
    let done = scene.desk.users().iter().filter(|user| user["active"] == json!(false)).count();
    assert_eq!(done, 1, "the other leaver goes");
    // Somebody deletes the twins on the desk.
    let kept: Vec<Value> = scene.desk.users().into_iter().filter(|user| user["displayName"] != "A Twin").collect();
    scene.desk.restore(&kept);
    let counts = scene.house.succeed(&scene.staff).await;
    assert_eq!(counts, RunCounts { updated: 1, deactivated: 1, unchanged: counts.unchanged, ..RunCounts::default() });
    assert_eq!(scene.house.contact(&mail(1)).await["title"], "Manager");
}
