//! Where what a source names is read from: its secrets, its certificates, its files, the tokens of service accounts. Each
//! source reads its own through [`Member`].

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use url::Url;

use super::web::wrong;
use super::{Error, Wiring};
use crate::api::{Auth, AuthType, KeyRef, SecretSource, ServiceAccountRef, Tls};
use crate::keys::Keys;
use crate::net::{Credentials, Reach, RetryPolicy, Secret, Watch};

/// Where a connection's secrets and files lie.
pub struct Place<'a> {
    /// Reads Secrets and `ConfigMap`s, and asks for tokens of service accounts.
    pub keys: &'a dyn Keys,
    /// The folder that file paths are relative to and never leave.
    pub file_root: PathBuf,
    /// Which hosts may be called.
    pub reach: Reach,
    /// How long a request to a directory over HTTP that fails is tried again; [`Place::PATIENCE`] is usual.
    pub patience: Duration,
}

impl<'a> Place<'a> {
    /// What a run has: long enough for a server to be restarted.
    pub const PATIENCE: Duration = Duration::from_mins(2);

    /// What the field of an object in a namespace names.
    pub fn member(&'a self, namespace: &'a str, field: &'static str) -> Member<'a> {
        Member { place: self, namespace, field }
    }
}

/// A part of a manifest, such as `source.entra`, and where what it names is read from. Fields are named below it.
#[derive(Clone, Copy)]
pub struct Member<'a> {
    place: &'a Place<'a>,
    namespace: &'a str,
    field: &'static str,
}

impl Member<'_> {
    /// The place.
    pub(super) fn place(&self) -> &Place<'_> {
        self.place
    }

    /// The namespace of the object.
    pub(super) fn namespace(&self) -> &str {
        self.namespace
    }

    /// The whole name of a field below.
    pub(super) fn at(&self, field: &str) -> String {
        if self.field.is_empty() { field.to_owned() } else { format!("{}.{field}", self.field) }
    }

    /// What a union's `type` names must be there.
    pub(super) fn given<'s, T>(&self, field: &str, value: Option<&'s T>) -> Result<&'s T, Error> {
        value.ok_or_else(|| wrong(&self.at(field), "it is missing, although type names it"))
    }

    /// A URL.
    pub fn url(&self, field: &str, text: &str) -> Result<Url, Error> {
        Url::parse(text).map_err(|error| wrong(&self.at(field), format!("no URL: {error}")))
    }

    /// A credential.
    pub(super) async fn secret(&self, field: &str, source: Option<&SecretSource>) -> Result<Secret, Error> {
        let key = &self.given(field, source)?.secret_ref;
        self.key(&format!("{field}.secretRef"), key).await
    }

    async fn key(&self, field: &str, key: &KeyRef) -> Result<Secret, Error> {
        let read = self.place.keys.secret(self.namespace, key).await;
        read.map_err(|source| Error::Key { field: self.at(field), source })
    }

    /// A token of a service account, made out to `audience` unless the manifest says otherwise.
    pub(super) async fn token(
        &self,
        field: &str,
        account: &ServiceAccountRef,
        audience: &str,
    ) -> Result<Secret, Error> {
        let audience = account.audience.as_deref().unwrap_or(audience);
        let token = self.place.keys.identity_token(self.namespace, &account.name, audience).await;
        token.map_err(|source| Error::Key { field: self.at(field), source })
    }

    /// A key of a `ConfigMap`.
    pub(super) async fn config_map(&self, field: &str, key: &KeyRef) -> Result<Bytes, Error> {
        let read = self.place.keys.config_map(self.namespace, key).await;
        read.map_err(|source| Error::Key { field: self.at(field), source })
    }

    /// The PEM bundle of `tls.ca`.
    pub async fn ca(&self, tls: Option<&Tls>) -> Result<Option<Vec<u8>>, Error> {
        let Some(ca) = tls.and_then(|tls| tls.ca.as_ref()) else { return Ok(None) };
        match (&ca.secret_ref, &ca.config_map_ref) {
            (Some(key), None) => Ok(Some(self.key("tls.ca.secretRef", key).await?.reveal().as_bytes().to_vec())),
            (None, Some(key)) => Ok(Some(self.config_map("tls.ca.configMapRef", key).await?.to_vec())),
            (Some(_), Some(_)) | (None, None) => {
                Err(wrong(&self.at("tls.ca"), "name exactly one of secretRef and configMapRef"))
            }
        }
    }

    /// What a directory over HTTP is wired with.
    pub(super) async fn wiring(&self, tls: Option<&Tls>, watch: Watch) -> Result<Wiring, Error> {
        let wiring = Wiring::new(self.ca(tls).await?, self.place.reach.clone(), watch);
        Ok(Wiring { retry: RetryPolicy { total: self.place.patience, ..wiring.retry }, ..wiring })
    }

    /// How to sign in to a service that speaks SCIM.
    pub async fn credentials(&self, auth: &Auth) -> Result<Credentials, Error> {
        match auth.type_ {
            AuthType::BearerToken => {
                let token = self.secret("auth.bearerToken", auth.bearer_token.as_ref()).await?;
                Ok(Credentials::BearerToken(token))
            }
            AuthType::OAuth2 => {
                let oauth2 = self.given("auth.oauth2", auth.oauth2.as_ref())?;
                Ok(Credentials::OAuth2 {
                    token_url: self.url("auth.oauth2.tokenURL", &oauth2.token_url)?,
                    client_id: oauth2.client_id.clone(),
                    client_secret: self.secret("auth.oauth2.clientSecret", Some(&oauth2.client_secret)).await?,
                    scopes: oauth2.scopes.clone().unwrap_or_default(),
                })
            }
        }
    }
}
