//! What objects name: the workspace of a connection, keys of Secrets and `ConfigMap`s.

use super::ManifestKind;
use super::admission::admits;
use super::object::Manifests;
use super::validate::{Checks, Findings};
use super::words::nearest;
use crate::api::{
    Auth, CaSource, ContactSyncConnection, KDeskWorkspace, KeyRef, NamespacesFrom, SecretSource, SourceRefs, Tls,
};
use crate::keys::KeyError;

/// Checks everything that a connection names.
pub(super) fn of_connection(
    found: &mut Findings<'_, ContactSyncConnection>,
    manifests: &Manifests,
    checks: &Checks<'_>,
) {
    workspace(found, manifests);
    let source = &found.object.value.spec.source;
    for SourceRefs { member, credentials, tls: authority } in source.references() {
        for (field, key) in credentials {
            secret(found, &format!("spec.source.{member}.{field}.secretRef"), &key.secret_ref, manifests, checks);
        }
        tls(found, &format!("spec.source.{member}.tls.ca"), authority, manifests, checks);
    }
    if let Some(key) = source.file.as_ref().and_then(|file| file.config_map_ref.as_ref()) {
        config_map(found, "spec.source.file.configMapRef", key, manifests);
    }
}

/// Checks everything that a workspace names.
pub(super) fn of_workspace(found: &mut Findings<'_, KDeskWorkspace>, manifests: &Manifests, checks: &Checks<'_>) {
    let spec = &found.object.value.spec;
    for (field, key) in of_auth(&spec.auth) {
        secret(found, &format!("spec.auth.{field}.secretRef"), &key.secret_ref, manifests, checks);
    }
    tls(found, "spec.tls.ca", spec.tls.as_ref(), manifests, checks);
}

fn of_auth(auth: &Auth) -> impl Iterator<Item = (&'static str, &SecretSource)> {
    let token = auth.bearer_token.as_ref().map(|token| ("bearerToken", token));
    let secret = auth.oauth2.as_ref().map(|oauth2| ("oauth2.clientSecret", &oauth2.client_secret));
    token.into_iter().chain(secret)
}

fn workspace(found: &mut Findings<'_, ContactSyncConnection>, manifests: &Manifests) {
    let own = &found.object.namespace;
    let wanted = &found.object.value.spec.workspace_ref;
    let namespace = wanted.namespace.as_ref().unwrap_or(own);
    let name = &wanted.name;
    if let Some(workspace) = manifests.workspace(namespace, name) {
        let allowed = workspace.value.spec.allowed_namespaces.as_ref();
        let labels = manifests.namespaces.get(own);
        if admits(allowed, namespace, own, labels) {
            return;
        }
        let selector = allowed.is_some_and(|allowed| allowed.from == NamespacesFrom::Selector);
        let mend = match (selector, labels) {
            (true, None) => {
                format!("its allowedNamespaces asks for labels: add the manifest of Namespace {own} to what is given")
            }
            (true, Some(_)) => {
                format!("label Namespace {own} as its allowedNamespaces.selector asks ({:?})", workspace.at)
            }
            (false, _) => format!("set allowedNamespaces there ({:?}), or move this connection", workspace.at),
        };
        let problem = format!("KDeskWorkspace {namespace}/{name} admits no connection from namespace {own}");
        return found.error("spec.workspaceRef", problem, mend);
    }
    if manifests.is_given(ManifestKind::Workspace, namespace, name) {
        return;
    }
    let others = || manifests.workspaces.iter();
    let mend = if let Some(other) = others().find(|other| other.name == *name) {
        format!(
            "there is one in namespace {}: set spec.workspaceRef.namespace: {0}, if its allowedNamespaces permits",
            other.namespace
        )
    } else {
        let here = others().filter(|other| other.namespace == *namespace).map(|other| other.name.as_str());
        match nearest(name, here) {
            Some(near) => format!("did you mean {near}?"),
            None => "add its manifest, or name another".to_owned(),
        }
    };
    found.error(
        "spec.workspaceRef.name",
        format!("there is no KDeskWorkspace {namespace}/{name} in what was given"),
        mend,
    );
}

fn tls<T>(found: &mut Findings<'_, T>, field: &str, tls: Option<&Tls>, manifests: &Manifests, checks: &Checks<'_>) {
    let Some(CaSource { secret_ref, config_map_ref }) = tls.and_then(|tls| tls.ca.as_ref()) else { return };
    if let Some(key) = secret_ref {
        secret(found, &format!("{field}.secretRef"), key, manifests, checks);
    }
    if let Some(key) = config_map_ref {
        config_map(found, &format!("{field}.configMapRef"), key, manifests);
    }
}

fn secret<T>(found: &mut Findings<'_, T>, field: &str, key: &KeyRef, manifests: &Manifests, checks: &Checks<'_>) {
    let namespace = &found.object.namespace;
    let Err(error) = manifests.secret(namespace, key, checks.secrets_dir) else { return };
    if checks.secrets_dir.is_none() && manifests.secrets.is_empty() {
        let problem = format!("Secret {namespace}/{} is not in what was given", key.name);
        return found.warning(field, problem, "a run from here needs it: give its manifest, or --secrets-dir");
    }
    unreadable(
        found,
        field,
        key,
        error,
        "add its manifest, or put the value into a file NAME/KEY and name its folder with --secrets-dir",
    );
}

fn config_map<T>(found: &mut Findings<'_, T>, field: &str, key: &KeyRef, manifests: &Manifests) {
    let namespace = &found.object.namespace;
    let Err(error) = manifests.config_map(namespace, key) else { return };
    if manifests.config_maps.is_empty() {
        let problem = format!("ConfigMap {namespace}/{} is not in what was given", key.name);
        return found.warning(field, problem, "a run from here needs it: give its manifest");
    }
    unreadable(found, field, key, error, "add its manifest");
}

fn unreadable<T>(found: &mut Findings<'_, T>, field: &str, key: &KeyRef, error: KeyError, absent: &str) {
    let problem = error.to_string();
    match error {
        KeyError::NotFound { .. } => found.error(&format!("{field}.name"), problem, absent),
        KeyError::NoKey { present, .. } => {
            let mend = match nearest(&key.key, present.split([',', ' ']).filter(|word| !word.is_empty())) {
                Some(near) => format!("did you mean {near}?"),
                None => "add the key, or name another".to_owned(),
            };
            found.error(&format!("{field}.key"), problem, mend);
        }
        KeyError::Encrypted { .. } => found.warning(field, problem, ""),
        KeyError::NotText { .. } | KeyError::Empty { .. } | KeyError::Unreadable { .. } => {
            found.error(&format!("{field}.key"), problem, "check the value");
        }
    }
}
