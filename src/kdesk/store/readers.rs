//! Connections that only read, handed out one per request, each with the SQL functions that filters need.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use tokio::sync::Semaphore;

use super::functions::Slot;
use crate::kdesk::error::{Error, ScimError};

/// Requests that read at the same time; more wait.
const CONNECTIONS: usize = 4;

/// A connection and the slot that its functions look into.
#[derive(Debug)]
pub(in crate::kdesk) struct Reader {
    pub(super) connection: Connection,
    pub(super) slot: Slot,
    counted: RefCell<Option<Counted>>,
}

/// The last count made.
#[derive(Debug)]
struct Counted {
    /// The state of the database that it holds for.
    version: i64,
    sql: String,
    values: Vec<Sql>,
    count: i64,
}

#[derive(Debug)]
pub(in crate::kdesk) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Reader>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let first = Reader::open(path)?;
        Ok(Self {
            path: path.to_owned(),
            idle: Arc::new(Mutex::new(vec![first])),
            permits: Arc::new(Semaphore::new(CONNECTIONS)),
        })
    }

    /// Runs `work` on a connection of its own, off the async threads, on one consistent state of the database.
    pub(in crate::kdesk) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader) -> Result<T, ScimError> + Send + 'static,
    ) -> Result<T, ScimError> {
        let permits = Arc::clone(&self.permits);
        let permit = permits.acquire_owned().await.map_err(|_closed| ScimError::Internal)?;
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        let task = move || {
            let pooled = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let reader = match pooled {
                Some(reader) => reader,
                None => Reader::open(&path).map_err(|cause| ScimError::internal(&cause))?,
            };
            reader.connection.prepare_cached("BEGIN")?.execute([])?;
            let result = work(&reader);
            reader.slot.clear();
            // A connection whose transaction can't be ended is not used again.
            if reader.connection.prepare_cached("COMMIT")?.execute([]).is_ok() {
                idle.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
            }
            drop(permit);
            result
        };
        tokio::task::spawn_blocking(task).await.unwrap_or(Err(ScimError::Internal))
    }
}

impl Reader {
    pub(in crate::kdesk) fn connection(&self) -> &Connection {
        &self.connection
    }

    fn open(path: &Path) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(path, flags)?;
        super::prepare(&connection)?;
        connection.pragma_update(None, "cache_size", -32_768)?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "query_only", true)?;
        let slot = Slot::default();
        slot.register(&connection)?;
        Ok(Self { connection, slot, counted: RefCell::new(None) })
    }

    /// How many users meet the condition. Who pages through an unchanged workspace is not made to wait for the same
    /// count on each page: `data_version` changes with each commit of another connection, and this one never writes.
    /// `scim_match` reads the slot, so only conditions without it are `repeatable`.
    pub(super) fn count(&self, sql: &str, values: &[Sql], repeatable: bool) -> Result<i64, ScimError> {
        let version: i64 = self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if repeatable
            && let Some(counted) = self.counted.borrow().as_ref()
            && (counted.version, counted.sql.as_str(), counted.values.as_slice()) == (version, sql, values)
        {
            return Ok(counted.count);
        }
        let count = self.connection.prepare_cached(sql)?.query_row(params_from_iter(values), |row| row.get(0))?;
        if repeatable {
            *self.counted.borrow_mut() = Some(Counted { version, sql: sql.to_owned(), values: values.to_vec(), count });
        }
        Ok(count)
    }
}
