//! How long records are kept, and what is deleted when: after each run the runs that are too many or too old, and now and
//! then what no run comes by to delete (records of connections that run no more, plans that expired, parts of files that a
//! killed process left).
//!
//! What the hold's window is counted from is never deleted (L4): runs of the last 48 hours, and of every connection that
//! may still be there the newest summary, which tells whether it left contacts (L16).

use std::fs;
use std::path::Path as FilePath;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use object_store::ObjectMeta;

use super::store::{folder, intent_path, log_path, run_of, summary_path};
use super::{Error, RunStore, plan};
use crate::contact::OwnershipKey;

/// How many runs are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// At most this many.
    pub runs: usize,
    /// None older than this.
    pub age: SignedDuration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { runs: 200, age: SignedDuration::from_hours(90 * 24) }
    }
}

impl Retention {
    /// How old a run must be to go for its age.
    fn too_old(self) -> SignedDuration {
        self.age.max(ALWAYS_KEPT)
    }
}

/// Runs younger than this are kept whatever the limits say: the hold's window is counted from them.
const ALWAYS_KEPT: SignedDuration = SignedDuration::from_hours(48);
/// Folders lie no deeper in the store than this.
const DEPTH: usize = 3;

impl RunStore {
    /// Deletes the records of old runs.
    pub async fn retain(&self, key: &OwnershipKey, retention: Retention, now: Timestamp) -> Result<(), Error> {
        for (place, id) in self.run_ids(key).await?.into_iter().enumerate() {
            // The id tells the time, so nothing needs to be read.
            let too_many = place >= retention.runs;
            let Some(age) = id.time().map(|start| now.duration_since(start)) else { continue };
            if place == 0 || age <= ALWAYS_KEPT || !(too_many || age > retention.age) {
                continue;
            }
            for path in [log_path(key, &id), intent_path(key, &id), summary_path(key, &id)] {
                self.delete(&path).await?;
            }
        }
        Ok(())
    }

    /// Deletes what is too old under a key whose connection may run no more: logs, intents and summaries but the newest,
    /// and plans that nobody can approve any more.
    pub async fn sweep(&self, key: &OwnershipKey, retention: Retention, now: Timestamp) -> Result<(), Error> {
        let objects = self.objects(&folder(key)).await?;
        let part = |object: &ObjectMeta| object.location.parts().nth(1).map(|part| part.as_ref().to_owned());
        let newest = objects.iter().filter(|object| part(object).as_deref() == Some("runs"));
        let newest = newest.filter_map(|object| run_of(&object.location, ".json")).max();
        let kept = newest.map(|run| summary_path(key, &run));
        for object in &objects {
            let old = match part(object).as_deref() {
                Some("runs" | "intents") => {
                    let run = run_of(&object.location, ".json").or_else(|| run_of(&object.location, ".jsonl"));
                    let age = run.and_then(|run| run.time()).map(|start| now.duration_since(start));
                    Some(&object.location) != kept.as_ref() && age.is_some_and(|age| age > retention.too_old())
                }
                Some("plans") => now.duration_since(modified(object)) > plan::LIFETIME + ALWAYS_KEPT,
                _ => false,
            };
            if old {
                self.delete(&object.location).await?;
            }
        }
        Ok(())
    }

    /// The connection whose last run is too old to be kept, as `<namespace>/<name>`: its records may go once it is known to
    /// be gone itself.
    pub async fn last_run_of(
        &self,
        key: &OwnershipKey,
        retention: Retention,
        now: Timestamp,
    ) -> Result<Option<String>, Error> {
        let Some(newest) = self.run_ids(key).await?.into_iter().next() else { return Ok(None) };
        let old = newest.time().is_some_and(|start| now.duration_since(start) > retention.too_old());
        if !old {
            return Ok(None);
        }
        Ok(Some(self.summary(key, &newest).await?.connection))
    }

    /// Deletes every record under a key. For connections that are gone, and that nobody counts from any more.
    pub async fn forget(&self, key: &OwnershipKey) -> Result<(), Error> {
        for object in self.objects(&folder(key)).await? {
            self.delete(&object.location).await?;
        }
        Ok(())
    }

    /// Deletes what a process left that was killed while it wrote a file. In a bucket that is the bucket's own to do (a
    /// lifecycle rule), as unfinished parts are no objects.
    pub async fn sweep_parts(&self, now: Timestamp) -> Result<(), Error> {
        let Some(root) = self.folder.clone() else { return Ok(()) };
        let swept = tokio::task::spawn_blocking(move || sweep_folder(&root, DEPTH, now)).await;
        let failed = |source| Error::Store { path: String::new(), source };
        swept
            .map_err(|error| failed(error.into()))?
            .map_err(|source| failed(object_store::Error::Generic { store: "folder", source: source.into() }))
    }
}

fn modified(object: &ObjectMeta) -> Timestamp {
    Timestamp::from_second(object.last_modified.timestamp()).unwrap_or(Timestamp::MAX)
}

/// `object_store` writes `<name>#<number>` first, and renames it when it is whole.
fn sweep_folder(folder: &FilePath, depth: usize, now: Timestamp) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && depth > 0 {
            sweep_folder(&entry.path(), depth - 1, now)?;
        }
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.rsplit_once('#')).map(|(_, number)| number);
        let unfinished = number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        let age = || Some(now.duration_since(since(entry.metadata().ok()?.modified().ok()?)));
        if kind.is_file() && unfinished && age().is_some_and(|age| age > ALWAYS_KEPT) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn since(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).unwrap_or(Timestamp::MAX)
}
