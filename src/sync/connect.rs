//! Opens both ends of a run from what manifests say: the one match from a source to its code, and the desk.

use std::path::PathBuf;

use crate::api::{AuthType, KDeskWorkspaceSpec, KeyRef, SourceType, Tls};
use crate::desk::{Credentials, Desk, Settings, Tuning};
use crate::directory::{Directory, file, ldap};
use crate::keys::Keys;
use crate::net::{Budget, Gate, Reach, Watch};

use super::{ConnectionSettings, Error};

/// Where a connection's secrets and files lie.
pub struct Place<'a> {
    /// Reads Secrets and `ConfigMap`s.
    pub keys: &'a dyn Keys,
    /// The folder that file paths are relative to and never leave.
    pub file_root: PathBuf,
    /// Which hosts may be called.
    pub reach: Reach,
}

/// Opens the directory of a connection.
pub async fn open_directory(settings: &ConnectionSettings, place: &Place<'_>) -> Result<Box<dyn Directory>, Error> {
    open_watched_directory(settings, place, Watch::default()).await
}

/// The same, its requests told to `watch`.
pub async fn open_watched_directory(
    settings: &ConnectionSettings,
    place: &Place<'_>,
    watch: Watch,
) -> Result<Box<dyn Directory>, Error> {
    let source = &settings.spec.source;
    match source.type_ {
        SourceType::Ldap => {
            let source = source.ldap.clone().ok_or_else(|| missing("source.ldap"))?;
            let password = match &source.bind {
                None => None,
                Some(bind) => {
                    let key = &bind.password.secret_ref;
                    Some(place.secret(&settings.namespace, "source.ldap.bind.password.secretRef", key).await?)
                }
            };
            let ca = place.ca(&settings.namespace, "source.ldap.tls.ca", source.tls.as_ref()).await?;
            let reach = place.reach.clone();
            let settings = ldap::LdapSettings { source, password, ca, reach, timeout: ldap::LdapSettings::TIMEOUT };
            Ok(Box::new(ldap::open(settings)?.watched(watch)))
        }
        SourceType::File => {
            let source = source.file.clone().ok_or_else(|| missing("source.file"))?;
            let content = match (&source.path, &source.config_map_ref) {
                (Some(path), None) => {
                    file::FileContent::Path { path: file::resolve_path(&place.file_root, path)?, name: path.clone() }
                }
                (None, Some(key)) => file::FileContent::Bytes {
                    bytes: place.config_map(&settings.namespace, "source.file.configMapRef", key).await?,
                    name: format!("ConfigMap {}/{} key {}", settings.namespace, key.name, key.key),
                },
                (Some(_), Some(_)) | (None, None) => return Err(missing("source.file.path")),
            };
            Ok(Box::new(file::open(file::FileSettings { source, content })?))
        }
    }
}

/// Opens the desk of a workspace in `namespace`.
pub async fn open_desk(
    namespace: &str,
    spec: &KDeskWorkspaceSpec,
    keys: &dyn Keys,
    budget: Budget,
    reach: Reach,
) -> Result<Desk, Error> {
    let tuning = Tuning { reach, ..Tuning::default() };
    Ok(Desk::connect_with(desk_settings(namespace, spec, keys).await?, budget, tuning).await?)
}

/// What a desk is opened from, its secrets read.
pub async fn desk_settings(namespace: &str, spec: &KDeskWorkspaceSpec, keys: &dyn Keys) -> Result<Settings, Error> {
    let place = Place { keys, file_root: PathBuf::new(), reach: Reach::default() };
    let url = |field: &str, text: &str| {
        url::Url::parse(text)
            .map_err(|error| Error::Settings { field: field.to_owned(), message: format!("no URL: {error}") })
    };
    let auth = match spec.auth.type_ {
        AuthType::BearerToken => {
            let token = spec.auth.bearer_token.as_ref().ok_or_else(|| missing("auth.bearerToken"))?;
            let field = "auth.bearerToken.secretRef";
            Credentials::BearerToken(place.secret(namespace, field, &token.secret_ref).await?)
        }
        AuthType::OAuth2 => {
            let oauth2 = spec.auth.oauth2.as_ref().ok_or_else(|| missing("auth.oauth2"))?;
            let field = "auth.oauth2.clientSecret.secretRef";
            Credentials::OAuth2 {
                token_url: url("auth.oauth2.tokenURL", &oauth2.token_url)?,
                client_id: oauth2.client_id.clone(),
                client_secret: place.secret(namespace, field, &oauth2.client_secret.secret_ref).await?,
                scopes: oauth2.scopes.clone().unwrap_or_default(),
            }
        }
    };
    let ca = place.ca(namespace, "tls.ca", spec.tls.as_ref()).await?;
    let (requests_per_second, concurrency) = limits(spec);
    let endpoint = url("endpoint", &spec.endpoint)?;
    Ok(Settings { endpoint, auth, ca, requests_per_second, concurrency, timeout: Settings::TIMEOUT })
}

/// The one budget of a workspace, shared by all connections that write to it. `gate` says whether anybody still may.
pub fn budget(spec: &KDeskWorkspaceSpec, gate: Option<Gate>) -> Budget {
    let (requests_per_second, concurrency) = limits(spec);
    Budget::behind(requests_per_second, concurrency, gate)
}

fn limits(spec: &KDeskWorkspaceSpec) -> (u32, usize) {
    let limits = spec.limits.unwrap_or_default();
    let requests = limits.requests_per_second.and_then(|n| u32::try_from(n).ok()).unwrap_or(20);
    let concurrency = limits.concurrency.and_then(|n| usize::try_from(n).ok()).unwrap_or(4);
    (requests.max(1), concurrency.max(1))
}

fn missing(field: &str) -> Error {
    Error::Settings { field: field.to_owned(), message: "it is missing, although type names it".to_owned() }
}

impl Place<'_> {
    async fn secret(&self, namespace: &str, field: &str, key: &KeyRef) -> Result<crate::net::Secret, Error> {
        self.keys.secret(namespace, key).await.map_err(|source| Error::Key { field: field.to_owned(), source })
    }

    async fn config_map(&self, namespace: &str, field: &str, key: &KeyRef) -> Result<bytes::Bytes, Error> {
        self.keys.config_map(namespace, key).await.map_err(|source| Error::Key { field: field.to_owned(), source })
    }

    async fn ca(&self, namespace: &str, field: &str, tls: Option<&Tls>) -> Result<Option<Vec<u8>>, Error> {
        let Some(ca) = tls.and_then(|tls| tls.ca.as_ref()) else { return Ok(None) };
        match (&ca.secret_ref, &ca.config_map_ref) {
            (Some(key), None) => {
                let pem = self.secret(namespace, &format!("{field}.secretRef"), key).await?;
                Ok(Some(pem.reveal().as_bytes().to_vec()))
            }
            (None, Some(key)) => {
                Ok(Some(self.config_map(namespace, &format!("{field}.configMapRef"), key).await?.to_vec()))
            }
            (Some(_), Some(_)) | (None, None) => Err(missing(field)),
        }
    }
}
