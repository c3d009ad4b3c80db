//! People from Google Workspace.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::web::wrong;
use super::{Directory, Error, ReadQuery, ResolvedGroup, Shown, Who, WholeRead, Wiring};
use crate::api::{GoogleSource, GroupRef};
use crate::net::Secret;
use crate::person::{Person, PersonId};

/// A directory as its manifest describes it, with what the manifest only points at.
#[derive(Clone, Debug)]
pub struct GoogleSettings {
    /// `spec.source.google`.
    pub source: GoogleSource,
    /// How to sign in.
    pub credential: GoogleCredential,
    /// The operator's part.
    pub wiring: Wiring,
}

/// How the service account signs in, its secrets read.
#[derive(Clone, Debug)]
pub enum GoogleCredential {
    /// The JSON key file.
    Key(Secret),
    /// A token that the workload identity pool trusts.
    Token(Secret),
}

/// Google Workspace.
#[derive(Debug)]
pub struct GoogleDirectory {}

/// Checks the settings; asks nothing yet.
pub fn open(settings: GoogleSettings) -> Result<GoogleDirectory, Error> {
    drop(settings);
    Err(wrong("source.type", "this source is not built yet"))
}

#[async_trait]
impl Directory for GoogleDirectory {
    async fn resolve_groups(&self, _groups: &[GroupRef]) -> Result<Vec<ResolvedGroup>, Error> {
        Err(Error::Cancelled)
    }

    async fn read(&self, _query: &ReadQuery, _pages: mpsc::Sender<Vec<Person>>) -> Result<WholeRead, Error> {
        Err(Error::Cancelled)
    }

    async fn read_again(&self, _query: &ReadQuery, _ids: &[PersonId]) -> Result<Vec<Person>, Error> {
        Err(Error::Cancelled)
    }

    async fn show(&self, _who: &Who) -> Result<Vec<Shown>, Error> {
        Err(Error::Cancelled)
    }
}
