//! What a schema cannot see: schedules, addresses, and what objects say of one another.

use std::collections::BTreeMap;
use std::path::Path;

use super::object::{Manifests, Object};
use super::{Diagnostic, references, schedule, source};
use crate::api::{ContactSyncConnection, ContactSyncConnectionSpec, KDeskWorkspace};
use crate::contact::OwnershipKey;

/// What [`validate`] needs to know beside the manifests.
pub struct Checks<'a> {
    /// Compiles scope and mapping: fields such as `spec.mapping.identity.email`, and what is wrong with each.
    pub compile: &'a dyn Fn(&ContactSyncConnectionSpec) -> Vec<(String, String)>,
    /// Where secrets lie as files.
    pub secrets_dir: Option<&'a Path>,
    /// The first part of ownership keys that are not written out.
    pub cluster_name: &'a str,
}

impl Default for Checks<'_> {
    fn default() -> Self {
        Self { compile: &|_| Vec::new(), secrets_dir: None, cluster_name: "default" }
    }
}

/// The key under which a connection owns contacts: what it says, else cluster name, namespace and name (L7).
pub fn ownership_key(connection: &Object<ContactSyncConnection>, cluster_name: &str) -> String {
    match &connection.value.spec.ownership_key {
        Some(key) => key.clone(),
        None => format!("{cluster_name}/{}/{}", connection.namespace, connection.name),
    }
}

/// Checks what manifests say against each other and against the world as far as it can be known offline. The objects
/// are taken to fit their schema, as [`super::read`] leaves them.
pub fn validate(manifests: &Manifests, checks: &Checks<'_>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for connection in &manifests.connections {
        let mut found = Findings { diagnostics: &mut diagnostics, object: connection };
        schedule::check(&mut found);
        source::check(&mut found);
        references::of_connection(&mut found, manifests, checks);
        for (field, problem) in (checks.compile)(&connection.value.spec) {
            let field = if field.starts_with("spec") { field } else { format!("spec.{field}") };
            found.error(&field, problem, "");
        }
    }
    for workspace in &manifests.workspaces {
        let mut found = Findings { diagnostics: &mut diagnostics, object: workspace };
        endpoint(&mut found);
        references::of_workspace(&mut found, manifests, checks);
    }
    owners(manifests, checks, &mut diagnostics);
    diagnostics.sort();
    diagnostics.dedup();
    diagnostics
}

/// What was found about one object.
pub(super) struct Findings<'a, T> {
    diagnostics: &'a mut Vec<Diagnostic>,
    pub(super) object: &'a Object<T>,
}

impl<T> Findings<'_, T> {
    pub(super) fn error(&mut self, field: &str, problem: impl Into<String>, mend: impl Into<String>) {
        let diagnostic = self.at(field, problem.into(), mend.into());
        self.diagnostics.push(diagnostic);
    }

    pub(super) fn warning(&mut self, field: &str, problem: impl Into<String>, mend: impl Into<String>) {
        let diagnostic = self.at(field, problem.into(), mend.into()).warning();
        self.diagnostics.push(diagnostic);
    }

    fn at(&self, field: &str, problem: String, mend: String) -> Diagnostic {
        let at = &self.object.at;
        Diagnostic::error(at.file(), at.line(field), problem).at(field).mend(mend)
    }
}

fn endpoint(found: &mut Findings<'_, KDeskWorkspace>) {
    let spec = &found.object.value.spec;
    let token = spec.auth.oauth2.as_ref().map(|oauth2| ("spec.auth.oauth2.tokenURL", oauth2.token_url.as_str()));
    for (field, text) in [("spec.endpoint", spec.endpoint.as_str())].into_iter().chain(token) {
        let Ok(url) = url::Url::parse(text) else { continue };
        if !url.username().is_empty() || url.password().is_some() {
            found.error(field, "holds a user or a password", "take it out: credentials are named in spec.auth");
        }
        if url.fragment().is_some() || (field == "spec.endpoint" && url.query().is_some()) {
            found.error(
                field,
                "has a query or a fragment",
                "write the SCIM base URL alone, such as https://acme.kdesk.example/scim/v2",
            );
        }
    }
}

/// Every ownership key is one connection's (L7).
fn owners(manifests: &Manifests, checks: &Checks<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut owners: BTreeMap<String, &Object<ContactSyncConnection>> = BTreeMap::new();
    for connection in &manifests.connections {
        let mut found = Findings { diagnostics, object: connection };
        let key = ownership_key(connection, checks.cluster_name);
        if let Err(error) = OwnershipKey::new(key.clone()) {
            found.error("spec.ownershipKey", error.to_string(), "set spec.ownershipKey to such a key");
        } else if let Some(first) = owners.get(&key) {
            let problem = format!("{key} is also the key of {}/{} ({:?})", first.namespace, first.name, first.at);
            found.error(
                "spec.ownershipKey",
                problem,
                "give each connection its own: two with one key would undo each other's contacts",
            );
        } else {
            owners.insert(key, connection);
        }
    }
    for connection in &manifests.connections {
        let own = ownership_key(connection, checks.cluster_name);
        let mut found = Findings { diagnostics, object: connection };
        for (index, key) in connection.value.spec.take_over_from.iter().flatten().enumerate() {
            let field = format!("spec.takeOverFrom[{index}]");
            if *key == own {
                found.error(&field, format!("{key} is this connection's own key"), "leave it out");
            } else if let Some(owner) = owners.get(key) {
                let problem = format!("{key} is still the key of {}/{} ({:?})", owner.namespace, owner.name, owner.at);
                found.error(
                    &field,
                    problem,
                    "delete that connection first, with deletionPolicy: Keep, or leave the key out",
                );
            }
        }
    }
}
