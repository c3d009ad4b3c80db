//! Whole runs over directories that throttle: they end right, wait as long as they are asked to, and tell of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use contactsync::api::{KeyRef, RunCounts, RunResult};
use contactsync::keys::{KeyError, Keys};
use contactsync::net::{Reach, Secret, Watch};
use contactsync::sync::{Mode, Place, Silent, open_watched_directory};
use serde_json::json;

use crate::support::clouds::{Cloud, clouds};
use crate::support::house::{House, connection};
use crate::support::service::Fault;

const PEOPLE: usize = 400;

/// The one Secret that a source names.
struct OneKey(Secret);

#[async_trait]
impl Keys for OneKey {
    async fn secret(&self, _namespace: &str, key: &KeyRef) -> Result<Secret, KeyError> {
        assert_eq!((key.name.as_str(), key.key.as_str()), ("source", "secret"));
        Ok(self.0.clone())
    }

    async fn config_map(&self, _namespace: &str, key: &KeyRef) -> Result<bytes::Bytes, KeyError> {
        Err(KeyError::NotFound { object: key.name.clone(), looked: "nowhere".into() })
    }
}

/// Runs twice over a directory of which one answer in five asks for less: the second run finds everything in step.
async fn runs_through(cloud: Cloud) {
    let house = House::open().await;
    let scope = json!({"mode": "Pattern", "pattern": {"match": {"attribute": cloud.email, "glob": "*"}}});
    let settings = connection("staff", &json!({"source": cloud.source, "scope": scope}).to_string());
    let keys = OneKey(cloud.secret.clone());
    let expected = [
        RunCounts { created: PEOPLE as u64, ..RunCounts::default() },
        RunCounts { unchanged: PEOPLE as u64, ..RunCounts::default() },
    ];
    for (seed, counts) in (3..).zip(expected) {
        let counted = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let counting = Arc::clone(&counted);
        let watch = Watch::new(move |code| {
            if let Some(place) = [429, 503].iter().position(|throttled| Some(*throttled) == code) {
                counting[place].fetch_add(1, Ordering::Relaxed);
            }
        });
        let soon = |status| Fault::Answer(status, vec![("retry-after", "0".into())], String::new());
        let faults = vec![Fault::status(429), Fault::status(503), soon(429), soon(503)];
        cloud.server.at_random(seed, 20, faults);
        cloud.server.rule("", 5, 1, Fault::Throttled(429, 1));
        let (file_root, reach) = (house.folder().to_path_buf(), Reach::default());
        let place = Place { keys: &keys, file_root, reach, patience: Place::PATIENCE };
        let directory = open_watched_directory(&settings, &place, watch);
        let summary = house.run(&settings, Mode::Sync, &Silent, Box::pin(directory)).await.summary;
        assert_eq!(summary.result, RunResult::Succeeded, "{}: {summary:#?}", cloud.name);
        assert_eq!(RunCounts { read: 0, in_scope: 0, ..summary.counts }, counts, "{}", cloud.name);
        let met = cloud.server.behave() as u64;
        assert!(cloud.server.log().len() >= PEOPLE / cloud.page, "{}: every page was asked for", cloud.name);
        assert!(met > 1, "{}: the lot hit nobody", cloud.name);
        let told: u64 = counted.iter().map(|count| count.load(Ordering::Relaxed)).sum();
        // Requests for tokens are not among those that are counted.
        assert!((1..=met).contains(&told), "{}: {told} of {met} are in the metrics", cloud.name);
        assert_eq!(cloud.server.hasty(), 0, "{}: asked before the pause was over", cloud.name);
    }
    let records = house.records();
    let notes: Vec<&str> = records.lines().filter(|line| line.contains(r#""reason":"Throttled""#)).collect();
    assert_eq!(notes.len(), 2, "{}: one line in the log of each run", cloud.name);
    assert!(notes.iter().all(|note| note.contains("the directory asked")), "{notes:?}");
}

#[tokio::test]
async fn runs_end_right_over_directories_that_throttle_at_random() {
    futures::future::join_all(clouds(PEOPLE, Some(20)).await.map(runs_through)).await;
}
