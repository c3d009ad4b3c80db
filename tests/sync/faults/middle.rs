//! What happens in the middle of a run: it is dropped while it writes, the file of people changes under it.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use contactsync::api::{RunCounts, RunResult};
use contactsync::sync::{Mode, Observer, Stage};
use tokio::sync::Notify;

use super::invariants::{Wrong, picture};
use super::scene::{Base, Phase, Scene};
use crate::support::house::{House, connection, people};
use crate::support::misbehaving_desk::Profile;

/// Says when so many changes are written.
struct Written {
    count: u64,
    stage: std::sync::Mutex<Option<Stage>>,
    reached: Notify,
}

impl Observer for Written {
    fn stage(&self, stage: Stage) {
        *self.stage.lock().unwrap() = Some(stage);
    }

    fn progress(&self, done: u64, _total: Option<u64>) {
        let writing = matches!(*self.stage.lock().unwrap(), Some(Stage::Writing | Stage::Removing));
        if writing && done >= self.count {
            self.reached.notify_one();
        }
    }
}

/// Drops the run's future once so many changes are accounted for.
async fn dropped_after(scene: &Scene, count: u64) {
    let observer = Written { count, stage: None.into(), reached: Notify::new() };
    tokio::select! {
        biased;
        () = observer.reached.notified() => {}
        _ended = scene.house.report(&scene.staff, Mode::Sync, &observer) => {}
    }
}

#[tokio::test]
async fn l12_a_run_dropped_while_it_writes_is_made_up_for() {
    // One contact a request, so that there is a middle.
    let profile = Profile { bulk: None, ..Profile::default() };
    let base = Base::make(profile).await;
    for phase in [Phase::First, Phase::Second] {
        let open = async || match phase {
            Phase::First => Scene::open(profile, phase).await,
            Phase::Second => Scene::second(profile, &base).await,
        };
        let plain = open().await;
        let whole = plain.run().await;
        assert_eq!(whole.summary.result, RunResult::Succeeded);
        let truth = picture(&plain.desk.users()).unwrap();
        for count in 1..14 {
            let scene = open().await;
            dropped_after(&scene, count).await;
            let mut wrong = Wrong::default();
            scene.unharmed(&whole, &picture(&scene.desk.users()).unwrap(), &mut wrong);
            // Its counts are those of the undisturbed run.
            wrong.0.retain(|what| !what.contains("counted as turned off"));
            scene.heals(&truth, &mut wrong).await;
            assert!(wrong.0.is_empty(), "{phase:?}, dropped after {count}: {:#?}", wrong.0);
        }
    }
}

/// Does something to the file once the first page of people was read.
struct Meddling<F> {
    meddle: F,
    reading: AtomicBool,
    done: AtomicBool,
}

impl<F: Fn() + Send + Sync> Observer for Meddling<F> {
    fn stage(&self, stage: Stage) {
        self.reading.store(stage == Stage::Reading, Ordering::SeqCst);
    }

    fn progress(&self, _done: u64, _total: Option<u64>) {
        if self.reading.load(Ordering::SeqCst) && !self.done.swap(true, Ordering::SeqCst) {
            (self.meddle)();
        }
    }
}

const MANY: usize = 8000;

#[tokio::test(flavor = "multi_thread")]
async fn l02_a_file_that_changes_while_it_is_read_removes_nobody() {
    let house = House::open().await;
    // Ten in scope are enough; the others make the file long.
    let mut lines = people(MANY);
    for line in &mut lines[10..] {
        line.groups = "Others".into();
    }
    lines[MANY - 1].groups = "Staff".into();
    house.file(&lines);
    let everybody = "scope: {mode: Pattern, pattern: {expression: \"inGroup('Staff') || person.title == 'Nobody'\"}}";
    let staff = connection("staff", everybody);
    house.succeed(&staff).await;
    let before = house.versions().await;
    assert_eq!(before.len(), 11);
    let file = house.folder().join("people.csv");
    let write =
        |what: &dyn Fn(&mut std::fs::File)| what(&mut std::fs::OpenOptions::new().append(true).open(&file).unwrap());
    let grow = || write(&|file| file.write_all(b"p9999,Person,p.9999@acme.example,Engineer,Staff\n").unwrap());
    let cut = || write(&|file| file.set_len(40_000).unwrap());
    let empty = || write(&|file| file.set_len(0).unwrap());
    for (what, meddle) in [("grows", &grow as &(dyn Fn() + Send + Sync)), ("is cut", &cut), ("is emptied", &empty)] {
        house.file(&lines);
        let observer = Meddling { meddle, reading: false.into(), done: false.into() };
        let summary = house.report(&staff, Mode::Sync, &observer).await.summary;
        assert_eq!(summary.result, RunResult::Failed, "it {what}: {summary:#?}");
        assert!(summary.message.contains("people.csv"), "it {what}: {}", summary.message);
        assert_eq!(house.versions().await, before, "it {what}");
    }
    // Renaming another file into its place is how it is done right: the run reads one of the two, whole.
    lines[1].title = "Manager".into();
    let replace = || {
        house.other_file("new.csv", &lines);
        std::fs::rename(house.folder().join("new.csv"), &file).unwrap();
    };
    house.file(&{
        let mut old = lines.clone();
        old[1].title = "Engineer".into();
        old
    });
    let observer = Meddling { meddle: replace, reading: false.into(), done: false.into() };
    let summary = house.report(&staff, Mode::Sync, &observer).await.summary;
    assert_eq!(summary.result, RunResult::Succeeded, "{summary:#?}");
    assert_eq!(house.versions().await, before);
    assert_eq!(house.succeed(&staff).await, RunCounts { updated: 1, unchanged: 10, ..RunCounts::default() });
}
