//! Where what a connection names is read from: its secrets, its certificates, its files, the tokens of service accounts.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::Error;
use crate::api::{
    Auth, AuthType, EntraAuth, EntraAuthType, FileSource, GoogleAuth, GoogleAuthType, KeyRef, OktaAuth, OktaAuthType,
    SecretSource, ServiceAccountRef, Tls,
};
use crate::directory::Wiring;
use crate::directory::entra::EntraCredential;
use crate::directory::file::{self, FileContent};
use crate::directory::google::GoogleCredential;
use crate::directory::okta::OktaCredential;
use crate::keys::Keys;
use crate::net::{Credentials, Reach, RetryPolicy, Secret, Watch};

/// Who Entra takes a token of a service account for, unless the manifest says otherwise.
const ENTRA_AUDIENCE: &str = "api://AzureADTokenExchange";

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

/// A member that `type` names is not there.
pub(super) fn missing(field: &str) -> Error {
    Error::Settings { field: field.to_owned(), message: "it is missing, although type names it".to_owned() }
}

/// A URL of the manifest.
pub(super) fn url(field: &str, text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|error| Error::Settings { field: field.to_owned(), message: format!("no URL: {error}") })
}

impl Place<'_> {
    /// What a run has: long enough for a server to be restarted.
    pub const PATIENCE: Duration = Duration::from_mins(2);

    pub(super) async fn secret(&self, namespace: &str, field: &str, source: &SecretSource) -> Result<Secret, Error> {
        self.key(namespace, &format!("{field}.secretRef"), &source.secret_ref).await
    }

    async fn key(&self, namespace: &str, field: &str, key: &KeyRef) -> Result<Secret, Error> {
        self.keys.secret(namespace, key).await.map_err(|source| Error::Key { field: field.to_owned(), source })
    }

    /// The secret of a union's member.
    async fn member(&self, namespace: &str, field: &str, source: Option<&SecretSource>) -> Result<Secret, Error> {
        self.secret(namespace, field, source.ok_or_else(|| missing(field))?).await
    }

    async fn token(
        &self,
        namespace: &str,
        field: &str,
        account: &ServiceAccountRef,
        audience: &str,
    ) -> Result<Secret, Error> {
        let audience = account.audience.as_deref().unwrap_or(audience);
        let token = self.keys.identity_token(namespace, &account.name, audience).await;
        token.map_err(|source| Error::Key { field: field.to_owned(), source })
    }

    async fn config_map(&self, namespace: &str, field: &str, key: &KeyRef) -> Result<bytes::Bytes, Error> {
        self.keys.config_map(namespace, key).await.map_err(|source| Error::Key { field: field.to_owned(), source })
    }

    pub(super) async fn ca(&self, namespace: &str, field: &str, tls: Option<&Tls>) -> Result<Option<Vec<u8>>, Error> {
        let Some(ca) = tls.and_then(|tls| tls.ca.as_ref()) else { return Ok(None) };
        match (&ca.secret_ref, &ca.config_map_ref) {
            (Some(key), None) => {
                let pem = self.key(namespace, &format!("{field}.secretRef"), key).await?;
                Ok(Some(pem.reveal().as_bytes().to_vec()))
            }
            (None, Some(key)) => {
                Ok(Some(self.config_map(namespace, &format!("{field}.configMapRef"), key).await?.to_vec()))
            }
            (Some(_), Some(_)) | (None, None) => Err(missing(field)),
        }
    }

    pub(super) async fn wiring(
        &self,
        namespace: &str,
        field: &str,
        tls: Option<&Tls>,
        watch: Watch,
    ) -> Result<Wiring, Error> {
        let ca = self.ca(namespace, &format!("{field}.tls.ca"), tls).await?;
        let wiring = Wiring::new(ca, self.reach.clone(), watch);
        Ok(Wiring { retry: RetryPolicy { total: self.patience, ..wiring.retry }, ..wiring })
    }

    /// How to sign in to a SCIM service.
    pub(super) async fn credentials(&self, namespace: &str, field: &str, auth: &Auth) -> Result<Credentials, Error> {
        match auth.type_ {
            AuthType::BearerToken => {
                let field = format!("{field}.bearerToken");
                Ok(Credentials::BearerToken(self.member(namespace, &field, auth.bearer_token.as_ref()).await?))
            }
            AuthType::OAuth2 => {
                let field = format!("{field}.oauth2");
                let oauth2 = auth.oauth2.as_ref().ok_or_else(|| missing(&field))?;
                let secret = self.secret(namespace, &format!("{field}.clientSecret"), &oauth2.client_secret).await?;
                Ok(Credentials::OAuth2 {
                    token_url: url(&format!("{field}.tokenURL"), &oauth2.token_url)?,
                    client_id: oauth2.client_id.clone(),
                    client_secret: secret,
                    scopes: oauth2.scopes.clone().unwrap_or_default(),
                })
            }
        }
    }

    pub(super) async fn entra(&self, namespace: &str, auth: &EntraAuth) -> Result<EntraCredential, Error> {
        match auth.type_ {
            EntraAuthType::ClientSecret => {
                let field = "source.entra.auth.clientSecret";
                self.member(namespace, field, auth.client_secret.as_ref()).await.map(EntraCredential::ClientSecret)
            }
            EntraAuthType::Certificate => {
                let field = "source.entra.auth.certificate";
                let pair = auth.certificate.as_ref().ok_or_else(|| missing(field))?;
                Ok(EntraCredential::Certificate {
                    certificate: self.secret(namespace, &format!("{field}.certificate"), &pair.certificate).await?,
                    private_key: self.secret(namespace, &format!("{field}.privateKey"), &pair.private_key).await?,
                })
            }
            EntraAuthType::WorkloadIdentity => {
                let field = "source.entra.auth.serviceAccountRef";
                let account = auth.service_account_ref.as_ref().ok_or_else(|| missing(field))?;
                self.token(namespace, field, account, ENTRA_AUDIENCE).await.map(EntraCredential::Token)
            }
        }
    }

    pub(super) async fn google(&self, namespace: &str, auth: &GoogleAuth) -> Result<GoogleCredential, Error> {
        match auth.type_ {
            GoogleAuthType::ServiceAccountKey => {
                let field = "source.google.auth.serviceAccountKey";
                self.member(namespace, field, auth.service_account_key.as_ref()).await.map(GoogleCredential::Key)
            }
            GoogleAuthType::WorkloadIdentity => {
                let field = "source.google.auth.workloadIdentity";
                let identity = auth.workload_identity.as_ref().ok_or_else(|| missing(field))?;
                let (field, audience) = (format!("{field}.serviceAccountRef"), format!("https:{}", identity.provider));
                let token = self.token(namespace, &field, &identity.service_account_ref, &audience).await;
                token.map(GoogleCredential::Token)
            }
        }
    }

    pub(super) async fn okta(&self, namespace: &str, auth: &OktaAuth) -> Result<OktaCredential, Error> {
        match auth.type_ {
            OktaAuthType::ApiToken => {
                let field = "source.okta.auth.apiToken";
                self.member(namespace, field, auth.api_token.as_ref()).await.map(OktaCredential::ApiToken)
            }
            OktaAuthType::PrivateKeyJwt => {
                let field = "source.okta.auth.privateKeyJWT";
                let key = auth.private_key_jwt.as_ref().ok_or_else(|| missing(field))?;
                let field = format!("{field}.privateKey");
                self.secret(namespace, &field, &key.private_key).await.map(OktaCredential::PrivateKey)
            }
        }
    }

    /// The bytes of a file source, or where they are.
    pub(super) async fn file(&self, namespace: &str, source: &FileSource) -> Result<FileContent, Error> {
        match (&source.path, &source.config_map_ref) {
            (Some(path), None) => {
                Ok(FileContent::Path { path: file::resolve_path(&self.file_root, path)?, name: path.clone() })
            }
            (None, Some(key)) => Ok(FileContent::Bytes {
                bytes: self.config_map(namespace, "source.file.configMapRef", key).await?,
                name: format!("ConfigMap {namespace}/{} key {}", key.name, key.key),
            }),
            (Some(_), Some(_)) | (None, None) => Err(missing("source.file.path")),
        }
    }
}
