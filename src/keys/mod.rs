//! Where credentials and certificates are read from: one trait, implemented over a Git checkout ([`crate::manifest`]) and
//! over a cluster ([`ClusterKeys`], for the controller and for people alike). Values are read anew at each run, so rotating
//! them just works.

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;

use crate::api::KeyRef;
use crate::net::Secret;

mod cluster;

pub use cluster::ClusterKeys;

/// Reads keys of Secrets and `ConfigMap`s.
#[async_trait]
pub trait Keys: Send + Sync {
    /// The text of a Secret's key.
    async fn secret(&self, namespace: &str, key: &KeyRef) -> Result<Secret, KeyError>;

    /// The bytes of a `ConfigMap`'s key.
    async fn config_map(&self, namespace: &str, key: &KeyRef) -> Result<Bytes, KeyError>;

    /// A token of a `ServiceAccount`, made out to an audience and good for two hours: who trusts the cluster takes it as a
    /// proof of identity (`OpenID` Connect).
    async fn identity_token(&self, namespace: &str, account: &str, _audience: &str) -> Result<Secret, KeyError> {
        let looked = "nowhere: no tokens of service accounts can be had here".to_owned();
        Err(KeyError::NotFound { object: format!("ServiceAccount {namespace}/{account}"), looked })
    }
}

/// Why a key cannot be read. Not found and not allowed read the same.
#[derive(Debug, Error)]
pub enum KeyError {
    /// There is no such object, or it may not be read.
    #[error("{object} is not there: looked in {looked}")]
    NotFound {
        /// The object, such as `Secret support/ad`.
        object: String,
        /// Where it was looked for.
        looked: String,
    },
    /// The object is there, and the key is not.
    #[error("{object} has no key {key}: it has {present}")]
    NoKey {
        /// The object, such as `Secret support/ad`.
        object: String,
        /// The key.
        key: String,
        /// The keys that it has.
        present: String,
    },
    /// The value is encrypted.
    #[error(
        "{object} is encrypted with SOPS: decrypt it first (sops --decrypt), or put the value into a file and name its folder with --secrets-dir"
    )]
    Encrypted {
        /// The object, such as `Secret support/ad`.
        object: String,
    },
    /// A credential is text, and this is not.
    #[error("key {key} of {object} is not UTF-8 text")]
    NotText {
        /// The object, such as `Secret support/ad`.
        object: String,
        /// The key.
        key: String,
    },
    /// A credential is empty.
    #[error("key {key} of {object} is empty")]
    Empty {
        /// The object, such as `Secret support/ad`.
        object: String,
        /// The key.
        key: String,
    },
    /// It could not be read; trying again may help.
    #[error("key {key} of {object} could not be read: {reason}")]
    Unreadable {
        /// The object, such as `Secret support/ad`.
        object: String,
        /// The key.
        key: String,
        /// Why.
        reason: String,
    },
}
