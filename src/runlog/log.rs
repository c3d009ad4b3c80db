//! The log of one run: JSON Lines, in the order things happened.

use jiff::Timestamp;
use object_store::buffered::BufWriter;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;

use super::{Error, RunId, Summary};

/// How one field changes. The values are there only where `spec.logValues` asks for them (L20), and in plans.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// The field, as the mapping names it.
    pub field: String,
    /// What the contact has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// What it gets; absent: the field is emptied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

/// One line of a run log.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// What happened: created, updated, reactivated, adopted, claimed, left, deactivated, deleted, skipped, conflict,
    /// waiting, held, failed, noted.
    pub event: String,
    /// The directory's id of the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The desk's id of the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Why, in one word that scripts may match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The fields concerned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
}

impl Entry {
    /// A line about one person.
    pub fn of(event: &str, person: &str) -> Self {
        Self { event: event.to_owned(), person: Some(person.to_owned()), ..Self::default() }
    }

    /// With the reason in one word.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// With the reason in a sentence.
    #[must_use]
    pub fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// With the contact.
    #[must_use]
    pub fn on(mut self, contact: impl Into<String>) -> Self {
        self.contact = Some(contact.into());
        self
    }
}

#[derive(Serialize)]
struct Line<'a, T> {
    time: Timestamp,
    #[serde(flatten)]
    body: &'a T,
}

#[derive(Serialize)]
struct Frame<'a> {
    event: &'static str,
    run: &'a RunId,
    #[serde(flatten)]
    summary: &'a Summary,
}

/// Writes the log of one run. It appears in the store when it is closed.
pub struct LogWriter {
    out: BufWriter,
    line: Vec<u8>,
}

impl LogWriter {
    pub(super) fn new(out: BufWriter) -> Self {
        Self { out, line: Vec::with_capacity(512) }
    }

    /// Writes one line.
    pub async fn write(&mut self, time: Timestamp, entry: &Entry) -> Result<(), Error> {
        self.put(&Line { time, body: entry }).await
    }

    /// Writes the first or the last line, which tell the run itself.
    pub async fn frame(&mut self, time: Timestamp, event: &'static str, summary: &Summary) -> Result<(), Error> {
        self.put(&Line { time, body: &Frame { event, run: &summary.id, summary } }).await
    }

    /// Ends the log and makes it appear.
    pub async fn close(mut self) -> Result<(), Error> {
        self.out.shutdown().await.map_err(Error::Write)
    }

    async fn put<T: Serialize>(&mut self, line: &Line<'_, T>) -> Result<(), Error> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line).map_err(|error| Error::Write(error.into()))?;
        self.line.push(b'\n');
        self.out.write_all(&self.line).await.map_err(Error::Write)
    }
}
