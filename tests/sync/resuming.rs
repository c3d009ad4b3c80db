//! A run that one process put on record and another takes up.

use contactsync::api::{RunResult, RunTrigger};
use contactsync::clock;
use contactsync::runlog::Retention;
use contactsync::sync::{Mode, Run, Silent};

use crate::support::house::{House, connection, people};

#[tokio::test]
async fn l04_a_run_is_taken_up_once_so_that_what_it_set_out_to_do_stays_on_record() {
    let house = House::open().await;
    house.file(&people(3));
    let (settings, store, clock) = (connection("emea", ""), house.store(), clock::system());
    let run = Run {
        settings: &settings,
        mode: Mode::Sync,
        trigger: RunTrigger::Change,
        store: &store,
        retention: Retention::default(),
        clock: &clock,
        observer: &Silent,
    };
    let announced = run.begin().await;
    assert!(announced.is_on_record());
    let id = announced.summary().id.clone();
    drop(announced);
    let taken = run.resume(&id).await.unwrap().expect("it is on record, and nobody has begun it");
    assert_eq!((&taken.summary().id, taken.summary().result), (&id, RunResult::Running));
    assert!(run.resume(&id).await.unwrap().is_none(), "its process may have been started a second time");
    run.abandon(taken, "a test").await.unwrap();
    assert!(run.resume(&id).await.unwrap().is_none(), "it is over");
    let cut_off = run.begin().await.summary().id.clone();
    store.note_cut_off(&settings.key, &cut_off, "its leader is gone").await.unwrap();
    assert!(run.resume(&cut_off).await.unwrap().is_none(), "the leader said that it is over");
}
