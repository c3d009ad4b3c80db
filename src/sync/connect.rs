//! Opens both ends of a run from what manifests say: the one match from a source to its code, and the desk.

use std::path::PathBuf;

use crate::api::{KDeskWorkspaceSpec, SourceType};
use crate::desk::{Desk, Settings, Tuning};
use crate::directory::{Directory, entra, file, google, ldap, okta, scim};
use crate::keys::Keys;
use crate::net::{Budget, Gate, Reach, Watch};

use super::place::{missing, url};
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
    let (namespace, source) = (settings.namespace.as_str(), settings.spec.source.clone());
    Ok(match source.type_ {
        SourceType::Ldap => {
            let source = source.ldap.ok_or_else(|| missing("source.ldap"))?;
            let field = "source.ldap.bind.password";
            let password = match &source.bind {
                None => None,
                Some(bind) => Some(place.secret(namespace, field, &bind.password).await?),
            };
            let ca = place.ca(namespace, "source.ldap.tls.ca", source.tls.as_ref()).await?;
            let reach = place.reach.clone();
            let settings = ldap::LdapSettings { source, password, ca, reach, timeout: ldap::LdapSettings::TIMEOUT };
            Box::new(ldap::open(settings)?.watched(watch))
        }
        SourceType::Entra => {
            let source = *source.entra.ok_or_else(|| missing("source.entra"))?;
            let credential = place.entra(namespace, &source.auth).await?;
            let wiring = place.wiring(namespace, "source.entra", source.tls.as_ref(), watch).await?;
            Box::new(entra::open(entra::EntraSettings { source, credential, wiring })?)
        }
        SourceType::Google => {
            let source = *source.google.ok_or_else(|| missing("source.google"))?;
            let credential = place.google(namespace, &source.auth).await?;
            let wiring = place.wiring(namespace, "source.google", source.tls.as_ref(), watch).await?;
            Box::new(google::open(google::GoogleSettings { source, credential, wiring })?)
        }
        SourceType::Scim => {
            let source = *source.scim.ok_or_else(|| missing("source.scim"))?;
            let credentials = place.credentials(namespace, "source.scim.auth", &source.auth).await?;
            let wiring = place.wiring(namespace, "source.scim", source.tls.as_ref(), watch).await?;
            Box::new(scim::open(scim::ScimSettings { source, credentials, wiring })?)
        }
        SourceType::Okta => {
            let source = *source.okta.ok_or_else(|| missing("source.okta"))?;
            let credential = place.okta(namespace, &source.auth).await?;
            let wiring = place.wiring(namespace, "source.okta", source.tls.as_ref(), watch).await?;
            Box::new(okta::open(okta::OktaSettings { source, credential, wiring })?)
        }
        SourceType::File => {
            let source = source.file.ok_or_else(|| missing("source.file"))?;
            let content = place.file(namespace, &source).await?;
            Box::new(file::open(file::FileSettings { source, content })?)
        }
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
    let auth = place.credentials(namespace, "auth", &spec.auth).await?;
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
