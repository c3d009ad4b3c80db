//! People from Okta.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::web::wrong;
use super::{Directory, Error, ReadQuery, ResolvedGroup, Shown, Who, WholeRead, Wiring};
use crate::api::{GroupRef, OktaSource};
use crate::net::Secret;
use crate::person::{Person, PersonId};

/// A directory as its manifest describes it, with what the manifest only points at.
#[derive(Clone, Debug)]
pub struct OktaSettings {
    /// `spec.source.okta`.
    pub source: OktaSource,
    /// How to sign in.
    pub credential: OktaCredential,
    /// The operator's part.
    pub wiring: Wiring,
}

/// How to sign in, its secret read.
#[derive(Clone, Debug)]
pub enum OktaCredential {
    /// An API token.
    ApiToken(Secret),
    /// The private key of the application, in PEM.
    PrivateKey(Secret),
}

/// Okta.
#[derive(Debug)]
pub struct OktaDirectory {}

/// Checks the settings; asks nothing yet.
pub fn open(settings: OktaSettings) -> Result<OktaDirectory, Error> {
    drop(settings);
    Err(wrong("source.type", "this source is not built yet"))
}

#[async_trait]
impl Directory for OktaDirectory {
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
