//! The statements that change users. Each checks all that can be refused before it writes anything, so an operation
//! that fails within a Bulk leaves nothing behind and needs no savepoint of its own.

use std::borrow::Cow;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use serde_json::Value;

use super::record::{COLUMNS, Record, stored};
use crate::kdesk::document::Document;
use crate::kdesk::error::ScimError;
use crate::kdesk::filter::fold;

/// A user ready to be written: made outside the writer's thread.
#[derive(Debug)]
pub(in crate::kdesk) struct NewUser {
    pub(in crate::kdesk) id: String,
    columns: Columns,
    doc: Vec<u8>,
}

/// What is indexed of a document.
#[derive(Debug)]
struct Columns {
    user_name: String,
    external_id: Option<String>,
    active: Option<bool>,
    emails: Vec<String>,
}

impl NewUser {
    pub(in crate::kdesk) fn new(id: String, document: Document) -> Result<Self, ScimError> {
        let columns = Columns::of(&document);
        let doc = stored(&id, Cow::Owned(document))?;
        Ok(Self { id, columns, doc })
    }
}

impl Columns {
    fn of(document: &Document) -> Self {
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        let user_name = fold(text("userName").unwrap_or_default());
        let mut emails: Vec<String> = match document.get("emails") {
            Some(Value::Array(values)) => {
                values.iter().filter_map(|email| email.get("value").and_then(Value::as_str)).map(fold).collect()
            }
            _ => Vec::new(),
        };
        emails.sort_unstable();
        emails.dedup();
        emails.retain(|email| *email != user_name);
        Self {
            external_id: text("externalId").map(str::to_owned),
            active: document.get("active").and_then(Value::as_bool),
            emails,
            user_name,
        }
    }
}

fn taken() -> ScimError {
    ScimError::Uniqueness("another contact has this userName (regardless of case)".to_owned())
}

/// A violated constraint is `userName`'s: ids are ours, and random.
fn unique(cause: rusqlite::Error) -> ScimError {
    match cause.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => taken(),
        _ => cause.into(),
    }
}

pub(in crate::kdesk) fn create(connection: &Connection, user: NewUser, now: i64) -> Result<Record, ScimError> {
    let NewUser { id, columns, doc } = user;
    connection
        .prepare_cached(
            "INSERT INTO users (id, user_name, external_id, active, created, modified, version, doc)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, 1, ?6)",
        )?
        .execute(params![id, columns.user_name, columns.external_id, columns.active, now, doc])
        .map_err(unique)?;
    let seq = connection.last_insert_rowid();
    add_emails(connection, seq, &columns.emails)?;
    count(connection, 1)?;
    Ok(Record { seq, id, created: now, modified: now, version: 1, doc })
}

pub(in crate::kdesk) fn find(connection: &Connection, id: &str) -> Result<Record, ScimError> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE id = ?1"))?
        .query_row([id], Record::from_row)
        .optional()?
        .ok_or_else(|| ScimError::NotFound(format!("User {id}")))
}

/// Writes the document in the record's place. One that is equal changes nothing, its version neither
/// (RFC 7644 section 3.5.2.1).
pub(in crate::kdesk) fn replace(
    connection: &Connection,
    record: Record,
    document: &Document,
    now: i64,
) -> Result<Record, ScimError> {
    let doc = stored(&record.id, Cow::Borrowed(document))?;
    let before = record.document()?;
    let after: Document = serde_json::from_slice(&doc).map_err(|cause| ScimError::internal(&cause))?;
    if before == after {
        return Ok(record);
    }
    let (old, new) = (Columns::of(&before), Columns::of(&after));
    // Never before the last change, should the clock have been set back.
    let modified = now.max(record.modified);
    let version = record.version + 1;
    connection
        .prepare_cached(
            "UPDATE users SET user_name = ?2, external_id = ?3, active = ?4, modified = ?5, version = ?6, doc = ?7
             WHERE seq = ?1",
        )?
        .execute(params![record.seq, new.user_name, new.external_id, new.active, modified, version, doc])
        .map_err(unique)?;
    if old.emails != new.emails {
        remove_emails(connection, record.seq, &old.emails)?;
        add_emails(connection, record.seq, &new.emails)?;
    }
    Ok(Record { modified, version, doc, ..record })
}

pub(in crate::kdesk) fn delete(connection: &Connection, record: &Record) -> Result<(), ScimError> {
    let columns = Columns::of(&record.document()?);
    connection.prepare_cached("DELETE FROM users WHERE seq = ?1")?.execute([record.seq])?;
    remove_emails(connection, record.seq, &columns.emails)?;
    count(connection, -1)
}

fn add_emails(connection: &Connection, seq: i64, emails: &[String]) -> Result<(), ScimError> {
    let mut insert = connection.prepare_cached("INSERT OR IGNORE INTO emails (value, seq) VALUES (?1, ?2)")?;
    for email in emails {
        insert.execute(params![email, seq])?;
    }
    Ok(())
}

fn remove_emails(connection: &Connection, seq: i64, emails: &[String]) -> Result<(), ScimError> {
    let mut remove = connection.prepare_cached("DELETE FROM emails WHERE value = ?1 AND seq = ?2")?;
    for email in emails {
        remove.execute(params![email, seq])?;
    }
    Ok(())
}

fn count(connection: &Connection, change: i64) -> Result<(), ScimError> {
    connection.prepare_cached("UPDATE totals SET users = users + ?1")?.execute([change])?;
    Ok(())
}
