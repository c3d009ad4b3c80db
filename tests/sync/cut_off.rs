//! A run that was cut off, and the next.

use contactsync::api::RunResult;
use contactsync::sync::{Mode, Observer, Stage};
use jiff::SignedDuration;
use serde_json::json;
use tokio::sync::Notify;

use crate::support::house::{House, connection, people};

/// Says when a run comes to a stage.
struct Waiting {
    stage: Stage,
    reached: Notify,
}

impl Observer for Waiting {
    fn stage(&self, stage: Stage) {
        if stage == self.stage {
            self.reached.notify_one();
        }
    }
}

async fn cut_off(house: &House, stage: Stage) {
    let staff = connection("staff", "");
    let waiting = Waiting { stage, reached: Notify::new() };
    tokio::select! {
        biased;
        () = waiting.reached.notified() => {}
        report = house.report(&staff, Mode::Sync, &waiting) => panic!("the run came to its end: {report:?}"),
    }
}

#[tokio::test]
async fn l12_a_run_that_was_cut_off_is_simply_run_again() {
    let house = House::open().await;
    let staff = connection("staff", "");
    house.file(&people(600));
    for stage in [Stage::Listing, Stage::Reading, Stage::Writing] {
        cut_off(&house, stage).await;
    }
    let summary = house.sync(&staff).await;
    assert_eq!(summary.result, RunResult::Succeeded, "{summary:#?}");
    assert_eq!(house.contacts().await.len(), 600);
    assert_eq!(house.succeed(&staff).await.unchanged, 600);
    let results = house.store().summaries(&staff.key, 10).await.unwrap();
    let results: Vec<RunResult> = results.iter().map(|summary| summary.result).collect();
    let (done, cut) = (RunResult::Succeeded, RunResult::Interrupted);
    assert_eq!(results, [done, done, cut, cut, cut]);
}

#[tokio::test]
async fn l04_what_a_cut_off_run_set_out_to_remove_counts() {
    let house = House::open().await;
    let staff = connection("staff", "");
    house.file(&people(40));
    house.succeed(&staff).await;
    house.file(&people(36));
    cut_off(&house, Stage::Removing).await;
    house.file(&people(34));
    let summary = house.sync(&staff).await;
    assert_eq!((summary.result, summary.counts.deactivated), (RunResult::Partial, 0), "{summary:#?}");
    assert!(house.active().await.len() >= 36);
}

#[tokio::test]
async fn l04_a_cut_off_run_neither_holds_what_it_did_not_do_nor_frees_anything() {
    let house = House::open().await;
    let staff = connection("staff", "");
    house.file(&people(100));
    house.succeed(&staff).await;
    house.advance(SignedDuration::from_hours(25));
    assert_eq!(house.succeed(&staff).await.unchanged, 100);
    house.file(&people(92));
    for stage in [Stage::Removing, Stage::Writing] {
        cut_off(&house, stage).await;
    }
    assert_eq!(house.active().await.len(), 100, "nobody was removed yet");
    assert_eq!(house.succeed(&staff).await.deactivated, 8);
    house.file(&people(89));
    let summary = house.sync(&staff).await;
    assert_eq!((summary.counts.deactivated, summary.counts.held), (0, 3), "8 and 3 are more than 10 of 100");
    assert_eq!(house.active().await.len(), 92);
}

#[tokio::test]
async fn l04_what_the_desk_refused_is_not_spent() {
    let house = House::open().await;
    let staff = connection("staff", "");
    house.file(&people(100));
    house.succeed(&staff).await;
    house.advance(SignedDuration::from_hours(25));
    let mut lines = people(100);
    // Their new addresses belong to contacts of nobody.
    for (n, line) in lines.iter_mut().enumerate().take(8) {
        line.mail = format!("taken.{n}@acme.example");
        house.make(json!({"userName": line.mail, "active": true})).await;
    }
    house.file(&lines);
    for _ in 0..2 {
        let summary = house.sync(&staff).await;
        assert_eq!((summary.counts.conflicts, summary.counts.held), (8, 0), "{summary:#?}");
    }
}
