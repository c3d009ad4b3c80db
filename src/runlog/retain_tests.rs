//! Time boundaries of retention, with a clock of the tests'.

use std::sync::Arc;

use futures::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _, PutPayload};

use super::{Plan, Retention, RunId, RunStore, Summary, open_folder};
use crate::contact::OwnershipKey;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

struct Shelf {
    store: RunStore,
    bare: Arc<InMemory>,
    key: OwnershipKey,
}

impl Shelf {
    fn new() -> Self {
        let bare = Arc::new(InMemory::new());
        let key = OwnershipKey::new("default/support/emea").unwrap();
        Self { store: RunStore::new(Arc::clone(&bare) as _), bare, key }
    }

    /// A run that began at `at`: summary, log and intent.
    async fn run(&self, at: Timestamp) {
        let id = RunId::new(at);
        let summary = format!(
            r#"{{"id": "{id}", "connection": "support/emea", "trigger": "Schedule", "startTime": "{at}", "result": "Running"}}"#
        );
        self.store.put_summary(&self.key, &serde_json::from_str::<Summary>(&summary).unwrap()).await.unwrap();
        self.store.put_intent(&self.key, &id, &super::Intent::default()).await.unwrap();
        self.store.log(&self.key, &id).close().await.unwrap();
    }

    /// What is left, with the run's unique part cut off.
    async fn left(&self) -> Vec<String> {
        let objects: Vec<_> = self.bare.list(None).try_collect().await.unwrap();
        let name = |path: &Path| {
            let (_, rest) = path.as_ref().split_once('/').unwrap();
            let (stem, ending) = rest.rsplit_once('.').unwrap();
            format!("{}.{ending}", stem.split('-').next().unwrap())
        };
        let mut names: Vec<String> = objects.iter().map(|object| name(&object.location)).collect();
        names.sort_unstable();
        names
    }

    async fn summaries(&self) -> usize {
        self.store.run_ids(&self.key).await.unwrap().len()
    }
}

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn ago(age: SignedDuration) -> Timestamp {
    now().checked_sub(age).unwrap()
}

fn keep(runs: usize, days: i64) -> Retention {
    Retention { runs, age: SignedDuration::from_hours(24 * days) }
}

#[tokio::test]
async fn l04_the_last_48_hours_are_kept_whatever_the_limits_say() {
    let shelf = Shelf::new();
    for age in [HOUR, HOUR * 25, HOUR * 48, HOUR * 49] {
        shelf.run(ago(age)).await;
    }
    shelf.store.retain(&shelf.key, keep(1, 1), now()).await.unwrap();
    assert_eq!(shelf.summaries().await, 3, "only the one of 49 hours went");
    shelf.store.sweep(&shelf.key, keep(1, 1), now()).await.unwrap();
    assert_eq!(shelf.left().await.len(), 9);
}

#[tokio::test]
async fn runs_go_by_count_and_by_age() {
    let shelf = Shelf::new();
    for days in [1, 3, 4, 9, 10, 11] {
        shelf.run(ago(DAY * days)).await;
    }
    shelf.store.retain(&shelf.key, keep(200, 10), now()).await.unwrap();
    assert_eq!(shelf.summaries().await, 5, "exactly 10 days old: it stays");
    shelf.store.retain(&shelf.key, keep(3, 10), now()).await.unwrap();
    assert_eq!(shelf.summaries().await, 3);
    assert_eq!(shelf.left().await.len(), 9, "logs and intents go with them");
}

#[tokio::test]
async fn l16_of_a_connection_that_rests_the_newest_summary_stays_and_its_log_does_not() {
    let shelf = Shelf::new();
    for days in [90, 91, 200] {
        shelf.run(ago(DAY * days)).await;
    }
    let quiet = keep(200, 90);
    shelf.store.sweep(&shelf.key, quiet, now()).await.unwrap();
    let first = ["intents/20260825t120000000z.json", "runs/20260825t120000000z.json", "runs/20260825t120000000z.jsonl"];
    assert_eq!(shelf.left().await, first, "90 days old to the second: all of it stays");
    assert_eq!(shelf.store.last_run_of(&shelf.key, quiet, now()).await.unwrap(), None);
    let later = now().checked_add(SignedDuration::from_secs(1)).unwrap();
    shelf.store.sweep(&shelf.key, quiet, later).await.unwrap();
    assert_eq!(shelf.left().await, first[1..2]);
    assert_eq!(shelf.store.last_run_of(&shelf.key, quiet, later).await.unwrap().as_deref(), Some("support/emea"));
    shelf.store.forget(&shelf.key).await.unwrap();
    assert!(shelf.left().await.is_empty());
}

#[tokio::test]
async fn what_a_summary_was_lost_of_goes_too_and_settled_contacts_stay() {
    let shelf = Shelf::new();
    shelf.run(ago(DAY)).await;
    for path in ["runs/20200101t000000000z-a.jsonl", "intents/20200101t000000000z-a.json", "settled.jsonl"] {
        let path = format!("default_support_emea/{path}");
        shelf.bare.put(&path.as_str().into(), PutPayload::from_static(b"")).await.unwrap();
    }
    assert_eq!(shelf.store.keys().await.unwrap(), std::slice::from_ref(&shelf.key));
    shelf.store.sweep(&shelf.key, Retention::default(), now()).await.unwrap();
    assert_eq!(shelf.left().await.len(), 4);
    assert!(shelf.left().await.contains(&"settled.jsonl".to_owned()));
}

#[tokio::test]
async fn l05_a_plan_goes_two_days_after_it_can_be_approved_no_more() {
    let shelf = Shelf::new();
    // The store notes when it was written.
    #[expect(clippy::disallowed_methods, reason = "the store's own clock")]
    let written = Timestamp::now();
    let plan = Plan::new(written, std::collections::BTreeSet::new());
    shelf.store.put_plan(&shelf.key, &plan).await.unwrap();
    for (hours, there) in [(7 * 24, true), (9 * 24 - 1, true), (9 * 24 + 1, false)] {
        let now = written.checked_add(HOUR * hours).unwrap();
        shelf.store.sweep(&shelf.key, Retention::default(), now).await.unwrap();
        let found = shelf.store.plan(&shelf.key, &plan.hash()).await.unwrap();
        assert_eq!(found.is_some(), there, "after {hours} hours");
        assert!(there || plan.expired(now));
    }
}

#[tokio::test]
async fn parts_of_files_that_nobody_finished_go() {
    let home = tempfile::tempdir().unwrap();
    let store = open_folder(home.path()).unwrap();
    let folder = home.path().join("default_support_emea/runs");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["a.jsonl#1", "a.jsonl", "b#c.jsonl"] {
        std::fs::write(folder.join(name), "").unwrap();
    }
    #[expect(clippy::disallowed_methods, reason = "the file system's own clock")]
    let written = Timestamp::now();
    let left = || std::fs::read_dir(&folder).unwrap().count();
    store.sweep_parts(written.checked_add(HOUR * 47).unwrap()).await.unwrap();
    assert_eq!(left(), 3, "somebody may still be writing it");
    store.sweep_parts(written.checked_add(HOUR * 49).unwrap()).await.unwrap();
    assert_eq!(left(), 2);
    assert!(!folder.join("a.jsonl#1").exists());
}
