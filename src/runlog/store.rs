//! Where run records lie: any object store.

use std::pin::Pin;
use std::sync::Arc;

use futures::{Stream, StreamExt, TryStreamExt};
use jiff::Timestamp;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, Intent, LogWriter, Plan, RunId, Settled, SettledEntry, Summary};
use crate::api::RunResult;
use crate::contact::OwnershipKey;

/// Bytes of a log that are held before they are sent: to a folder; to a bucket, where no part but the last may be
/// smaller than 5 MiB (S3's rule).
const PART: usize = 1 << 20;
const BUCKET_PART: usize = 5 << 20;
/// Parts of one log under way: memory is bounded, and a store answers faster than a run writes.
const PARTS_AT_ONCE: usize = 2;
/// Summaries that are asked for at once: a bucket takes its time for each.
const TOGETHER: usize = 16;
/// Where proofs are written. `_` cannot begin an ownership key's folder, so it is nobody's.
const PROOFS: &str = "_proofs";

/// A log as it comes.
pub type LogStream = Pin<Box<dyn Stream<Item = Result<bytes::Bytes, Error>> + Send>>;

/// The run records of all connections.
#[derive(Clone)]
pub struct RunStore {
    pub(super) store: Arc<dyn ObjectStore>,
    /// The folder that it lies in, if it does.
    pub(super) folder: Option<Arc<std::path::Path>>,
    /// Bytes of a log that are sent at once.
    part: usize,
}

impl RunStore {
    /// Records in an object store.
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, folder: None, part: PART }
    }

    /// Records in a folder.
    pub(super) fn in_folder(store: Arc<dyn ObjectStore>, folder: &std::path::Path) -> Self {
        Self { folder: Some(folder.into()), ..Self::new(store) }
    }

    /// Records in a bucket of a cloud.
    pub fn in_bucket(store: Arc<dyn ObjectStore>) -> Self {
        Self { part: BUCKET_PART, ..Self::new(store) }
    }

    /// Proves that records can be written, found, read and deleted.
    pub async fn prove(&self) -> Result<(), Error> {
        let folder = Path::from(PROOFS);
        let path = folder.clone().join(uuid::Uuid::new_v4().simple().to_string());
        let body: &[u8] = b"contactsync can write here\n";
        self.store.put(&path, PutPayload::from_static(body)).await.map_err(|e| at(&path, e))?;
        let read = self.bytes(&path).await;
        let listed: Result<Vec<_>, _> = self.store.list(Some(&folder)).try_collect().await;
        let deleted = self.delete(&path).await;
        let listed = listed.map_err(|e| at(&folder, e))?;
        if read? != body || !listed.iter().any(|object| object.location == path) {
            let source = "what was written is not what is read".into();
            let source = object_store::Error::Generic { store: "run logs", source };
            return Err(Error::Store { path: path.to_string(), source });
        }
        deleted
    }

    /// Begins the log of a run.
    pub fn log(&self, key: &OwnershipKey, run: &RunId) -> LogWriter {
        let out = BufWriter::with_capacity(Arc::clone(&self.store), log_path(key, run), self.part);
        LogWriter::new(out.with_max_concurrency(PARTS_AT_ONCE))
    }

    /// A log that nobody keeps: that of a plan.
    pub fn discard(run: &RunId) -> LogWriter {
        let nowhere: Arc<dyn ObjectStore> = Arc::new(object_store::memory::InMemory::new());
        LogWriter::new(BufWriter::with_capacity(nowhere, Path::from(run.as_str()), 1 << 20))
    }

    /// Where the log of a run lies in the store, as status refers to it.
    pub fn log_ref(&self, key: &OwnershipKey, run: &RunId) -> String {
        log_path(key, run).to_string()
    }

    /// The log of a run, byte for byte.
    pub async fn raw_log(&self, key: &OwnershipKey, run: &RunId) -> Result<bytes::Bytes, Error> {
        self.bytes(&log_path(key, run)).await
    }

    /// Writes a summary, in place of an earlier one of the same run.
    pub async fn put_summary(&self, key: &OwnershipKey, summary: &Summary) -> Result<(), Error> {
        self.put(&summary_path(key, &summary.id), summary).await
    }

    /// The ids of every run that left a summary, newest first.
    pub async fn run_ids(&self, key: &OwnershipKey) -> Result<Vec<RunId>, Error> {
        let objects = self.objects(&runs(key)).await?;
        let mut ids: Vec<RunId> = objects.iter().filter_map(|object| run_of(&object.location, ".json")).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        Ok(ids)
    }

    /// The newest summaries, newest first. A run that did not end although another came after it counts as cut off; only
    /// here, so that nobody writes into the summary of a run that is going on after all.
    pub async fn summaries(&self, key: &OwnershipKey, most: usize) -> Result<Vec<Summary>, Error> {
        let mut summaries: Vec<Summary> = Vec::new();
        for id in self.run_ids(key).await?.into_iter().take(most) {
            let mut summary = self.summary(key, &id).await?;
            if summary.result == RunResult::Running && !summaries.is_empty() {
                summary.result = RunResult::Interrupted;
                "the run was cut off; the next one set things right".clone_into(&mut summary.message);
            }
            summaries.push(summary);
        }
        Ok(summaries)
    }

    /// Forgets a run that did nothing.
    pub async fn drop_summary(&self, key: &OwnershipKey, run: &RunId) -> Result<(), Error> {
        self.delete(&summary_path(key, run)).await
    }

    /// Notes that a run was cut off, for readers of its summary: nobody runs it any more, and no other may come after it.
    /// What it had set out to do still counts against the hold's limits. One that ended stays as it is.
    pub async fn note_cut_off(&self, key: &OwnershipKey, run: &RunId, why: &str) -> Result<(), Error> {
        let mut summary = self.summary(key, run).await?;
        if summary.result != RunResult::Running {
            return Ok(());
        }
        summary.result = RunResult::Interrupted;
        why.clone_into(&mut summary.message);
        self.put_summary(key, &summary).await
    }

    /// The summary of a run.
    pub async fn summary(&self, key: &OwnershipKey, run: &RunId) -> Result<Summary, Error> {
        self.get(&summary_path(key, run)).await
    }

    /// The summaries that the hold's window is counted from, newest first: those of the last 24 hours and the one before.
    pub async fn window(&self, key: &OwnershipKey, now: Timestamp) -> Result<Vec<Summary>, Error> {
        let begin = now.checked_sub(super::history::WINDOW).unwrap_or(Timestamp::MIN);
        let mut summaries = Vec::new();
        let ids = self.run_ids(key).await?;
        let mut read = std::pin::pin!(
            futures::stream::iter(ids).map(|id| async move { self.summary(key, &id).await }).buffered(TOGETHER)
        );
        while let Some(summary) = read.next().await {
            let summary = summary?;
            let before = summary.time() < begin;
            summaries.push(summary);
            if before {
                break;
            }
        }
        Ok(summaries)
    }

    /// The ownership keys under which a connection has run, by its name or `<namespace>/<name>`.
    pub async fn find(&self, connection: &str) -> Result<Vec<OwnershipKey>, Error> {
        let mut keys = Vec::new();
        for key in self.keys().await? {
            let newest = self.summaries(&key, 1).await?.into_iter().next();
            let named = newest.is_some_and(|run| {
                run.connection == connection
                    || run.connection.rsplit_once('/').is_some_and(|(_, name)| name == connection)
            });
            if named {
                keys.push(key);
            }
        }
        Ok(keys)
    }

    /// Every key that records lie under.
    pub async fn keys(&self) -> Result<Vec<OwnershipKey>, Error> {
        let root = Path::default();
        let listing = self.store.list_with_delimiter(None).await.map_err(|e| at(&root, e))?;
        let names = listing.common_prefixes.iter().filter_map(Path::filename);
        Ok(names.filter_map(|name| OwnershipKey::new(name.replace('_', "/")).ok()).collect())
    }

    /// Keeps a plan until somebody approves it.
    pub async fn put_plan(&self, key: &OwnershipKey, plan: &Plan) -> Result<(), Error> {
        self.put(&plan_path(key, &plan.hash()), plan).await
    }

    /// The plan that an approval names; `None` when there is none.
    pub async fn plan(&self, key: &OwnershipKey, hash: &str) -> Result<Option<Plan>, Error> {
        match self.get::<Plan>(&plan_path(key, hash)).await {
            Ok(plan) => Ok((plan.hash() == hash).then_some(plan)),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps what a run sets out to do.
    pub async fn put_intent(&self, key: &OwnershipKey, run: &RunId, intent: &Intent) -> Result<(), Error> {
        self.put(&intent_path(key, run), intent).await
    }

    /// What a run that has not ended set out to do; `None` when it had not come that far.
    pub async fn intent(&self, key: &OwnershipKey, run: &RunId) -> Result<Option<Intent>, Error> {
        match self.get(&intent_path(key, run)).await {
            Ok(intent) => Ok(Some(intent)),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Forgets what a run set out to do: its summary tells what it did.
    pub async fn drop_intent(&self, key: &OwnershipKey, run: &RunId) -> Result<(), Error> {
        self.delete(&intent_path(key, run)).await
    }

    /// The contacts that came to rest with a difference; none when nothing was kept.
    pub async fn settled(&self, key: &OwnershipKey) -> Result<Settled, Error> {
        let path = folder(key).join("settled.jsonl");
        let bytes = match self.bytes(&path).await {
            Ok(bytes) => bytes,
            Err(Error::NotFound(_)) => return Ok(Settled::default()),
            Err(error) => return Err(error),
        };
        let mut settled = Settled::default();
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let (person, entry): (String, SettledEntry) =
                serde_json::from_slice(line).map_err(|source| Error::Damaged { path: path.to_string(), source })?;
            settled.0.insert(person, entry);
        }
        Ok(settled)
    }

    /// Keeps the contacts that came to rest with a difference.
    pub async fn put_settled(&self, key: &OwnershipKey, settled: &Settled) -> Result<(), Error> {
        let path = folder(key).join("settled.jsonl");
        let mut body = Vec::new();
        for line in &settled.0 {
            serde_json::to_writer(&mut body, &line)
                .map_err(|source| Error::Damaged { path: path.to_string(), source })?;
            body.push(b'\n');
        }
        self.store.put(&path, PutPayload::from(body)).await.map_err(|e| at(&path, e))?;
        Ok(())
    }

    /// The log of a run, piece by piece, and its size.
    pub async fn stream_log(&self, key: &OwnershipKey, run: &RunId) -> Result<(u64, LogStream), Error> {
        let path = log_path(key, run);
        let found = self.store.get(&path).await.map_err(|e| at(&path, e))?;
        let size = found.range.end.saturating_sub(found.range.start);
        Ok((size, Box::pin(found.into_stream().map_err(move |e| at(&path, e)))))
    }

    pub(super) async fn objects(&self, prefix: &Path) -> Result<Vec<ObjectMeta>, Error> {
        self.store.list(Some(prefix)).try_collect().await.map_err(|e| at(prefix, e))
    }

    pub(super) async fn delete(&self, path: &Path) -> Result<(), Error> {
        match self.store.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(at(path, error)),
        }
    }

    async fn put<T: Serialize>(&self, path: &Path, value: &T) -> Result<(), Error> {
        let body = serde_json::to_vec(value).map_err(|source| Error::Damaged { path: path.to_string(), source })?;
        self.store.put(path, PutPayload::from(body)).await.map_err(|e| at(path, e))?;
        Ok(())
    }

    async fn get<T: DeserializeOwned>(&self, path: &Path) -> Result<T, Error> {
        let bytes = self.bytes(path).await?;
        serde_json::from_slice(&bytes).map_err(|source| Error::Damaged { path: path.to_string(), source })
    }

    async fn bytes(&self, path: &Path) -> Result<bytes::Bytes, Error> {
        self.store.get(path).await.map_err(|e| at(path, e))?.bytes().await.map_err(|e| at(path, e))
    }
}

fn at(path: &Path, source: object_store::Error) -> Error {
    match source {
        object_store::Error::NotFound { .. } => Error::NotFound(path.to_string()),
        source => Error::Store { path: path.to_string(), source },
    }
}

// `_` cannot stand in an ownership key, so no two keys share a folder and none lies inside another's.
pub(super) fn folder(key: &OwnershipKey) -> Path {
    Path::from(key.as_str().replace('/', "_"))
}

fn runs(key: &OwnershipKey) -> Path {
    folder(key).join("runs")
}

pub(super) fn summary_path(key: &OwnershipKey, run: &RunId) -> Path {
    runs(key).join(format!("{run}.json"))
}

/// The run whose file this is, of those that end so.
pub(super) fn run_of(path: &Path, ending: &str) -> Option<RunId> {
    RunId::parse(path.filename()?.strip_suffix(ending)?)
}

pub(super) fn log_path(key: &OwnershipKey, run: &RunId) -> Path {
    runs(key).join(format!("{run}.jsonl"))
}

pub(super) fn intent_path(key: &OwnershipKey, run: &RunId) -> Path {
    folder(key).join("intents").join(format!("{run}.json"))
}

fn plan_path(key: &OwnershipKey, hash: &str) -> Path {
    let digits: String = hash.chars().filter(char::is_ascii_alphanumeric).collect();
    folder(key).join("plans").join(format!("{digits}.json"))
}
