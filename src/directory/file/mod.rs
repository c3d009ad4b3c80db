//! People of a file: CSV, JSON Lines or LDIF, read whole at each run, from disk or from a `ConfigMap`'s bytes.
//!
//! A file says nothing about whether it is all there, so everything that can be wrong with it fails the whole read (L2):
//! a byte that is no text, a row of another length, a quote never closed, an id that is missing or stands twice, a file
//! that changes while it is read. One folder file per format turns lines into `scan::Record`s; `scan` does the rest.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

use super::segment::Segment;
use super::shown::holds;
use super::web::wrong;
use super::{Directory, Error, MOST_SHOWN, Member, ReadQuery, ResolvedGroup, Shown, Who, WholeRead};
use crate::api::{FileFormat, FileSource, GroupRef};
use crate::person::{GroupSet, Person, PersonId};

mod columns;
mod csv;
mod json;
mod jsonl;
mod ldif;
mod lines;
mod names;
mod path;
mod quotes;
mod scan;
mod snapshot;
mod text;

pub use path::resolve_path;
use scan::{Pages, Record, Scan};
use snapshot::Snapshot;

/// What a file source needs.
#[derive(Clone, Debug)]
pub struct FileSettings {
    /// `spec.source.file`.
    pub source: FileSource,
    /// Where its bytes are.
    pub content: FileContent,
}

/// Where the bytes of a file are.
#[derive(Clone, Debug)]
pub enum FileContent {
    /// On disk, opened anew at each read.
    Path {
        /// The file; see [`resolve_path`].
        path: PathBuf,
        /// Its name, as errors show it.
        name: String,
    },
    /// In memory, such as a key of a `ConfigMap`.
    Bytes {
        /// The file's bytes.
        bytes: Bytes,
        /// Its name, as errors show it.
        name: String,
    },
}

/// A file of people.
#[derive(Clone, Debug)]
pub struct FileDirectory(Arc<FileSettings>);

/// Opens it as its manifest says, a `ConfigMap` read.
pub async fn from_manifest(source: FileSource, member: Member<'_>) -> Result<FileDirectory, Error> {
    let content = match (&source.path, &source.config_map_ref) {
        (Some(path), None) => {
            FileContent::Path { path: resolve_path(&member.place().file_root, path)?, name: path.clone() }
        }
        (None, Some(key)) => FileContent::Bytes {
            bytes: member.config_map("configMapRef", key).await?,
            name: format!("ConfigMap {}/{} key {}", member.namespace(), key.name, key.key),
        },
        (Some(_), Some(_)) | (None, None) => {
            return Err(wrong(&member.at("path"), "name the file by exactly one of path and configMapRef"));
        }
    };
    open(FileSettings { source, content })
}

/// A file source, its settings checked as far as they can be without the file.
pub fn open(settings: FileSettings) -> Result<FileDirectory, Error> {
    match settings.source.format {
        FileFormat::Csv => csv::check(&settings.source)?,
        FileFormat::Jsonl | FileFormat::Ldif => {}
    }
    Ok(FileDirectory(Arc::new(settings)))
}

#[async_trait]
impl Directory for FileDirectory {
    async fn resolve_groups(&self, groups: &[GroupRef]) -> Result<Vec<ResolvedGroup>, Error> {
        let (settings, groups) = (Arc::clone(&self.0), groups.to_vec());
        blocking(move || settings.resolve(&groups)).await
    }

    async fn read(&self, query: &ReadQuery, pages: mpsc::Sender<Vec<Person>>) -> Result<WholeRead, Error> {
        let (settings, query) = (Arc::clone(&self.0), query.clone());
        blocking(move || settings.read(&query, None, Channel(pages)).map(WholeRead::of)).await
    }

    /// Reads the whole file again and gives those people of it. A file broken since then is an error and says nothing
    /// about anybody.
    async fn read_again(&self, query: &ReadQuery, ids: &[PersonId]) -> Result<Vec<Person>, Error> {
        let (settings, query, ids) = (Arc::clone(&self.0), query.clone(), ids.to_vec());
        blocking(move || {
            let mut people = Vec::new();
            let only = ids.iter().map(PersonId::as_str).collect();
            settings.read(&query, Some(only), Collect(&mut people))?;
            Ok(people)
        })
        .await
    }

    /// Whole records: those with this id, or with this address among their values, wherever it stands.
    async fn show(&self, who: &Who) -> Result<Vec<Shown>, Error> {
        let (settings, who) = (Arc::clone(&self.0), who.clone());
        blocking(move || settings.show(&who)).await
    }
}

impl FileSettings {
    fn resolve(&self, groups: &[GroupRef]) -> Result<Vec<ResolvedGroup>, Error> {
        let snapshot = Snapshot::open(&self.content)?;
        let resolved = if self.source.format == FileFormat::Ldif {
            ldif::resolve(&snapshot, groups)?
        } else {
            let query = names::search(groups);
            self.check(&query)?;
            let mut found = GroupSet::default();
            self.each(&snapshot, &query, &mut |record| {
                let malformed = |reason| snapshot.malformed(record.line(), reason);
                found.union(&record.groups().map_err(malformed)?);
                Ok(())
            })?;
            names::all_found(&query, &found)?;
            query.groups.into_iter().map(|query| query.group).collect()
        };
        snapshot.unchanged()?;
        Ok(resolved)
    }

    fn read(&self, query: &ReadQuery, only: Option<HashSet<&str>>, pages: impl Pages) -> Result<u64, Error> {
        let segment = self.check(query)?;
        let snapshot = Snapshot::open(&self.content)?;
        let mut scan = Scan::new(snapshot.name(), &self.source.id_field, query, segment, only, pages);
        self.each(&snapshot, query, &mut |record| scan.take(record))?;
        let seen = scan.finish(self.source.min_records)?;
        if self.source.format != FileFormat::Ldif {
            names::all_found(query, &seen.found)?;
        }
        snapshot.unchanged()?;
        tracing::debug!(read = seen.read, sent = seen.sent, "file read whole");
        Ok(seen.sent)
    }

    fn show(&self, who: &Who) -> Result<Vec<Shown>, Error> {
        let snapshot = Snapshot::open(&self.content)?;
        let mut shown = Vec::new();
        self.each(&snapshot, &ReadQuery::default(), &mut |record| {
            let id = record.id().map_err(|reason| snapshot.malformed(record.line(), reason))?;
            let Some(id) = PersonId::new(&id).filter(|_| shown.len() < MOST_SHOWN) else { return Ok(()) };
            let attributes = match who {
                Who::Id(wanted) if id.as_str() == wanted => record.everything(),
                Who::Id(_) => return Ok(()),
                Who::Email(address) => {
                    let everything = record.everything();
                    if !everything.values().any(|value| holds(value, address)) {
                        return Ok(());
                    }
                    everything
                }
            };
            let location = record.location().map(Cow::into_owned);
            shown.push(Shown { id, disabled: record.disabled(), location, attributes });
            Ok(())
        })?;
        snapshot.unchanged()?;
        Ok(shown)
    }

    fn each(
        &self,
        snapshot: &Snapshot,
        query: &ReadQuery,
        take: &mut dyn FnMut(&dyn Record) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self.source.format {
            FileFormat::Csv => csv::each(snapshot, &self.source, query, take),
            FileFormat::Jsonl => jsonl::each(snapshot, &self.source, query, take),
            FileFormat::Ldif => ldif::each(snapshot, &self.source, query, take),
        }
    }

    /// What a file cannot be asked.
    fn check(&self, query: &ReadQuery) -> Result<Option<Segment>, Error> {
        let settings =
            |field: &str, reason: &str| Error::Settings { field: field.to_owned(), reason: reason.to_owned() };
        let ldif = self.source.format == FileFormat::Ldif;
        if query.filter.is_some() {
            let reason = "files have no filter language; use scope.pattern.expression";
            return Err(settings("scope.pattern.filter", reason));
        }
        if !query.groups.is_empty() && !ldif && self.source.groups_field.is_none() {
            let reason = "groups are asked for, so name the field that lists a person's groups";
            return Err(settings("source.file.groupsField", reason));
        }
        if query.segment.is_some() && !ldif && self.source.segment_field.is_none() {
            let reason = "scope.pattern.segment is given, so name the field that it is compared with";
            return Err(settings("source.file.segmentField", reason));
        }
        query.segment.as_deref().map(|segment| Segment::new(segment, ldif)).transpose()
    }
}

/// Runs what waits for a disk away from the threads that must not wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Error::Cancelled),
    }
}

struct Channel(mpsc::Sender<Vec<Person>>);

impl Pages for Channel {
    fn send(&mut self, page: Vec<Person>) -> Result<(), Error> {
        self.0.blocking_send(page).or(Err(Error::Cancelled))
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

struct Collect<'a>(&'a mut Vec<Person>);

impl Pages for Collect<'_> {
    fn send(&mut self, page: Vec<Person>) -> Result<(), Error> {
        self.0.extend(page);
        Ok(())
    }

    fn is_closed(&self) -> bool {
        false
    }
}
