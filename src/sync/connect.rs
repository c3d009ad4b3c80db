//! Opens both ends of a run from what manifests say: the one match from a source to its code, and the desk.

use std::path::PathBuf;

use crate::api::{KDeskWorkspaceSpec, SourceType};
use crate::desk::{Desk, Settings, Tuning};
use crate::directory::{self, Directory, entra, file, google, ldap, okta, scim};
use crate::keys::Keys;
use crate::net::{Budget, Gate, Reach, Watch};

use super::{ConnectionSettings, Error, Place};

/// Opens the directory of a connection.
pub async fn open_directory(settings: &ConnectionSettings, place: &Place<'_>) -> Result<Box<dyn Directory>, Error> {
    Box::pin(open_watched_directory(settings, place, Watch::default())).await
}

/// The same, its requests told to `watch`.
pub async fn open_watched_directory(
    settings: &ConnectionSettings,
    place: &Place<'_>,
    watch: Watch,
) -> Result<Box<dyn Directory>, Error> {
    let source = settings.spec.source.clone();
    let member = |field| place.member(&settings.namespace, field);
    Ok(match source.type_ {
        SourceType::Ldap => {
            Box::new(ldap::from_manifest(named("ldap", source.ldap)?, member("source.ldap"), watch).await?)
        }
        SourceType::Entra => {
            Box::new(entra::from_manifest(*named("entra", source.entra)?, member("source.entra"), watch).await?)
        }
        SourceType::Google => {
            Box::new(google::from_manifest(*named("google", source.google)?, member("source.google"), watch).await?)
        }
        SourceType::Scim => {
            Box::new(scim::from_manifest(*named("scim", source.scim)?, member("source.scim"), watch).await?)
        }
        SourceType::Okta => {
            Box::new(okta::from_manifest(*named("okta", source.okta)?, member("source.okta"), watch).await?)
        }
        SourceType::File => Box::new(file::from_manifest(named("file", source.file)?, member("source.file")).await?),
    })
}

/// The member of a source that its type names.
fn named<T>(member: &str, value: Option<T>) -> Result<T, Error> {
    value.ok_or_else(|| Error::Settings {
        field: format!("source.{member}"),
        message: "it is missing, although type names it".to_owned(),
    })
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
    let place = Place { keys, file_root: PathBuf::new(), reach: Reach::default(), patience: Place::PATIENCE };
    let workspace = place.member(namespace, "");
    let auth = workspace.credentials(&spec.auth).await.map_err(of_workspace)?;
    let ca = workspace.ca(spec.tls.as_ref()).await.map_err(of_workspace)?;
    let (requests_per_second, concurrency) = limits(spec);
    let endpoint = workspace.url("endpoint", &spec.endpoint).map_err(of_workspace)?;
    Ok(Settings { endpoint, auth, ca, requests_per_second, concurrency, timeout: Settings::TIMEOUT })
}

/// What is wrong with a workspace's own fields is no matter of the directory.
fn of_workspace(error: directory::Error) -> Error {
    match error {
        directory::Error::Settings { field, reason } => Error::Settings { field, message: reason },
        error => error.into(),
    }
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
