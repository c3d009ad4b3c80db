//! Access tokens: named, kept as SHA-256 only, looked up in the database at each request so that a revocation counts
//! at once, in whichever process it was made.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

use crate::kdesk::error::Error;

/// A token as it is listed; its secret is known to its holder only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenInfo {
    /// The name it was given.
    pub name: String,
    /// When it was made.
    pub created: jiff::Timestamp,
}

#[derive(Debug)]
pub(in crate::kdesk) struct Tokens(Mutex<Connection>);

impl Tokens {
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let connection = Connection::open(path)?;
        super::prepare(&connection)?;
        Ok(Self(Mutex::new(connection)))
    }

    pub(in crate::kdesk) fn add(&self, name: &str, secret: &str, now: i64) -> Result<(), Error> {
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(Error::BadToken("a token's name has 1 to 100 characters, none of them control characters"));
        }
        if secret.len() < 16 || secret.len() > 4096 || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::BadToken("a token's secret has 16 to 4096 printable ASCII characters"));
        }
        self.with(|connection| {
            connection.prepare_cached("INSERT INTO tokens (name, hash, created) VALUES (?1, ?2, ?3)")?.execute(params![
                name,
                hash(secret),
                now
            ])
        })
        .map(drop)
        .map_err(|cause| match cause.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => Error::TokenExists(name.to_owned()),
            _ => cause.into(),
        })
    }

    pub(in crate::kdesk) fn list(&self) -> Result<Vec<TokenInfo>, Error> {
        let listed = self.with(|connection| {
            let mut select = connection.prepare_cached("SELECT name, created FROM tokens ORDER BY name")?;
            let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<Result<Vec<(String, i64)>, _>>()
        })?;
        let info = |(name, created)| TokenInfo {
            name,
            created: jiff::Timestamp::from_millisecond(created).unwrap_or_default(),
        };
        Ok(listed.into_iter().map(info).collect())
    }

    /// Whether there was one of that name.
    pub(in crate::kdesk) fn revoke(&self, name: &str) -> Result<bool, Error> {
        let gone =
            self.with(|connection| connection.prepare_cached("DELETE FROM tokens WHERE name = ?1")?.execute([name]))?;
        Ok(gone > 0)
    }

    /// Lookup by hash: how long it takes tells nothing about a secret.
    pub(in crate::kdesk) fn known(&self, secret: &str) -> Result<bool, Error> {
        let found = self.with(|connection| {
            let mut select = connection.prepare_cached("SELECT 1 FROM tokens WHERE hash = ?1")?;
            select.query_row([hash(secret)], |_| Ok(())).optional()
        })?;
        Ok(found.is_some())
    }

    fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>) -> Result<T, rusqlite::Error> {
        work(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
