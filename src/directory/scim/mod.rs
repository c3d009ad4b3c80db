//! People from A SCIM service.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::web::wrong;
use super::{Directory, Error, ReadQuery, ResolvedGroup, Shown, Who, WholeRead, Wiring};
use crate::api::{GroupRef, ScimSource};
use crate::net::Credentials;
use crate::person::{Person, PersonId};

/// A directory as its manifest describes it, with what the manifest only points at.
#[derive(Clone, Debug)]
pub struct ScimSettings {
    /// `spec.source.scim`.
    pub source: ScimSource,
    /// How to sign in.
    pub credentials: Credentials,
    /// The operator's part.
    pub wiring: Wiring,
}

/// A SCIM service.
#[derive(Debug)]
pub struct ScimDirectory {}

/// Checks the settings; asks nothing yet.
pub fn open(settings: ScimSettings) -> Result<ScimDirectory, Error> {
    drop(settings);
    Err(wrong("source.type", "this source is not built yet"))
}

#[async_trait]
impl Directory for ScimDirectory {
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
