//! People from Microsoft Entra ID.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::web::wrong;
use super::{Directory, Error, ReadQuery, ResolvedGroup, Shown, Who, WholeRead, Wiring};
use crate::api::{EntraSource, GroupRef};
use crate::net::Secret;
use crate::person::{Person, PersonId};

/// A directory as its manifest describes it, with what the manifest only points at.
#[derive(Clone, Debug)]
pub struct EntraSettings {
    /// `spec.source.entra`.
    pub source: EntraSource,
    /// How to sign in.
    pub credential: EntraCredential,
    /// The operator's part.
    pub wiring: Wiring,
}

/// How the application signs in, its secrets read.
#[derive(Clone, Debug)]
pub enum EntraCredential {
    /// A client secret.
    ClientSecret(Secret),
    /// A certificate and its private key, in PEM.
    Certificate {
        /// The certificate.
        certificate: Secret,
        /// Its key.
        private_key: Secret,
    },
    /// A token that the application's federated credential trusts.
    Token(Secret),
}

/// Microsoft Entra ID.
#[derive(Debug)]
pub struct EntraDirectory {}

/// Checks the settings; asks nothing yet.
pub fn open(settings: EntraSettings) -> Result<EntraDirectory, Error> {
    drop(settings);
    Err(wrong("source.type", "this source is not built yet"))
}

#[async_trait]
impl Directory for EntraDirectory {
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
