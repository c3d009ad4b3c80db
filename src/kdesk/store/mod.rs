//! The database: one writer thread, several readers (SQLite in WAL mode keeps them out of each other's way).
//!
//! What a write was told to have done survives a power cut: `synchronous=FULL` syncs the log at each commit, and no
//! answer leaves before its commit. Requests that wait together are committed together, each within a savepoint of its
//! own, so that one's failure leaves the others.

mod functions;
mod list;
mod plan;
mod readers;
mod record;
#[cfg(test)]
mod tests;
mod tokens;
mod write;
mod writer;

pub(super) use list::{Listing, Order, Page, list};
pub(super) use record::Record;
pub use tokens::TokenInfo;
pub(super) use write::{NewUser, create, delete, find, replace};

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};

use super::error::Error;
use readers::Readers;
use writer::Writer;

/// The layout's number; a database with a greater one is refused.
const LAYOUT: i64 = 1;

const CREATE: &str = "
CREATE TABLE users (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT, -- order of creation: never changes, never comes back
    kind        INTEGER NOT NULL DEFAULT 1,        -- constant: gives users_order, the smallest index in seq order
    id          TEXT    NOT NULL UNIQUE,
    user_name   TEXT    NOT NULL UNIQUE,           -- folded
    external_id TEXT,
    active      INTEGER,
    created     INTEGER NOT NULL,                  -- milliseconds
    modified    INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    doc         BLOB    NOT NULL                   -- JSON without meta
) STRICT;
CREATE INDEX users_order    ON users (kind);
CREATE INDEX users_external ON users (external_id, active) WHERE external_id IS NOT NULL;
CREATE INDEX users_modified ON users (modified);
CREATE INDEX users_inactive ON users (active) WHERE active = 0;
-- Addresses other than the userName, folded.
CREATE TABLE emails (
    value TEXT    NOT NULL,
    seq   INTEGER NOT NULL,
    PRIMARY KEY (value, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE totals (users INTEGER NOT NULL) STRICT;
INSERT INTO totals VALUES (0);
CREATE TABLE secrets (cursor BLOB NOT NULL) STRICT;
CREATE TABLE tokens (
    name    TEXT    NOT NULL PRIMARY KEY,
    hash    BLOB    NOT NULL UNIQUE,               -- SHA-256 of the secret
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// A workspace's database, shared by all requests.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) writer: Writer,
    pub(super) readers: Readers,
    pub(super) tokens: tokens::Tokens,
    pub(super) cursor_secret: [u8; 32],
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let mut connection = Connection::open(path)?;
        prepare(&connection)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // A checkpoint copies each page that changed once more: rather every 128 MB of log than every 4.
        connection.pragma_update(None, "wal_autocheckpoint", 32_768)?;
        connection.pragma_update(None, "cache_size", -131_072)?;
        let cursor_secret = lay_out(&mut connection)?;
        Ok(Self {
            writer: Writer::start(connection)?,
            readers: Readers::open(path)?,
            tokens: tokens::Tokens::open(path)?,
            cursor_secret,
        })
    }
}

/// What every connection needs. The writer's temporary store stays on file: the journal of a savepoint is kept there, and
/// in memory SQLite walks the whole of it at the end of each statement (measured: two thirds of a large Bulk's time).
fn prepare(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.busy_timeout(std::time::Duration::from_secs(30))?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// Makes the tables in a new file; returns the secret that seals cursors.
fn lay_out(connection: &mut Connection) -> Result<[u8; 32], Error> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > LAYOUT {
        return Err(Error::TooNew { found, known: LAYOUT });
    }
    if found == 0 {
        transaction.execute_batch(CREATE)?;
        transaction.execute("INSERT INTO secrets VALUES (randomblob(32))", [])?;
        transaction.pragma_update(None, "user_version", LAYOUT)?;
    }
    let secret = transaction.query_row("SELECT cursor FROM secrets", [], |row| row.get(0)).optional()?;
    transaction.commit()?;
    secret.ok_or_else(|| Error::Database(rusqlite::Error::QueryReturnedNoRows))
}
