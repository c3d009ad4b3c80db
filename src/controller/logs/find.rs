//! Which log a request means. A log's folder follows from an ownership key, and a tenant may write any key into a
//! connection of its own: so a log is given only where the run's own record names the connection that is asked for.

use jiff::Timestamp;

use super::super::roster::Name;
use crate::api::ContactSyncConnection;
use crate::contact::OwnershipKey;
use crate::runlog::{Error, LogStream, RunId, RunStore};

/// How many of the newest runs under a key are looked through for one of the connection.
const LOOKED_AT: usize = 32;

/// What was found.
pub(super) enum Found {
    /// The log of this run.
    Log { run: RunId, size: u64, log: LogStream },
    /// There is no such run of that connection.
    NoRun,
    /// The run is there and has no log: it is going on, was cut off, or its log was too old.
    NoLog(RunId),
}

/// The keys that runs of a connection may lie under: those that it has, if it is still there, and the default one.
pub(super) fn keys(cluster: &str, name: &Name, connection: Option<&ContactSyncConnection>) -> Vec<OwnershipKey> {
    let bound = connection.and_then(|found| Some(found.status.as_ref()?.binding.as_ref()?.ownership_key.clone()));
    let written = connection.and_then(|found| found.spec.ownership_key.clone());
    let default = format!("{cluster}/{}/{}", name.namespace, name.name);
    let mut keys: Vec<OwnershipKey> = Vec::new();
    for key in [bound, written, Some(default)].into_iter().flatten() {
        if let Ok(key) = OwnershipKey::new(key)
            && !keys.contains(&key)
        {
            keys.push(key);
        }
    }
    keys
}

/// The log of a run of `name`, the newest one where none is named. Runs from before `since` are another's of that name.
pub(super) async fn find(
    store: &RunStore,
    keys: &[OwnershipKey],
    name: &Name,
    wanted: Option<&RunId>,
    since: Option<Timestamp>,
) -> Result<Found, Error> {
    let full = format!("{}/{}", name.namespace, name.name);
    for key in keys {
        let Some(run) = run_of(store, key, &full, wanted, since).await? else { continue };
        return match store.stream_log(key, &run).await {
            Ok((size, log)) => Ok(Found::Log { run, size, log }),
            Err(Error::NotFound(_)) => Ok(Found::NoLog(run)),
            Err(error) => Err(error),
        };
    }
    Ok(Found::NoRun)
}

/// The run under a key whose record names the connection.
async fn run_of(
    store: &RunStore,
    key: &OwnershipKey,
    full: &str,
    wanted: Option<&RunId>,
    since: Option<Timestamp>,
) -> Result<Option<RunId>, Error> {
    let ids = match wanted {
        Some(id) => vec![id.clone()],
        None => store.run_ids(key).await?,
    };
    let is_older = |id: &RunId| since.zip(id.time()).is_some_and(|(since, time)| time < since);
    for id in ids.into_iter().filter(|id| !is_older(id)).take(LOOKED_AT) {
        match store.summary(key, &id).await {
            Ok(summary) if summary.connection == full && summary.id == id => return Ok(Some(id)),
            Ok(_others) => {}
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
