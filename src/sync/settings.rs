//! What a run is told: the connection as its manifest writes it, and under which key it owns contacts.

use std::fmt;
use std::sync::Arc;

use crate::api::ContactSyncConnectionSpec;
use crate::contact::{OwnershipKey, canonical_email};

/// One connection, ready to run.
#[derive(Clone, Debug)]
pub struct ConnectionSettings {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Generation of the spec, in a cluster.
    pub generation: Option<i64>,
    /// The manifest's spec.
    pub spec: ContactSyncConnectionSpec,
    /// The key that its contacts are owned under.
    pub key: OwnershipKey,
    /// Keys whose contacts become this connection's.
    pub take_over: Vec<OwnershipKey>,
    /// Keys of other connections that are known to read the same directory: between them an address under another id is
    /// another person's (L9). Whoever runs connections together says which; empty where nothing is known.
    pub same_directory: Vec<OwnershipKey>,
    /// Which owners are known not to exist any more (L8).
    pub gone: GoneOwners,
}

/// Says whether the connection that owned contacts under a key is known to exist no more. By default nobody is: a
/// checkout cannot know what else runs against the desk.
#[derive(Clone, Default)]
pub struct GoneOwners(Option<Arc<IsGone>>);

type IsGone = dyn Fn(&OwnershipKey) -> bool + Send + Sync;

impl GoneOwners {
    /// What somebody knows who sees every connection. It must say no where it does not know.
    pub fn new(is_gone: impl Fn(&OwnershipKey) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(is_gone)))
    }

    /// Whether that connection is gone.
    pub(super) fn is_gone(&self, owner: &OwnershipKey) -> bool {
        self.0.as_ref().is_some_and(|is_gone| is_gone(owner))
    }
}

impl fmt::Debug for GoneOwners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "GoneOwners(known)" } else { "GoneOwners(unknown)" })
    }
}

impl ConnectionSettings {
    /// Settings from a manifest. `cluster` is the first part of the key where the manifest does not give one (L7).
    /// The error names the field and says what is wrong.
    pub fn new(
        cluster: &str,
        namespace: &str,
        name: &str,
        generation: Option<i64>,
        spec: ContactSyncConnectionSpec,
    ) -> Result<Self, super::Error> {
        let refuse = |field: &str, error: crate::contact::OwnershipKeyError| super::Error::Settings {
            field: field.to_owned(),
            message: error.to_string(),
        };
        let key = spec.ownership_key.clone().unwrap_or_else(|| format!("{cluster}/{namespace}/{name}"));
        let key = OwnershipKey::new(key).map_err(|error| refuse("ownershipKey", error))?;
        let take_over = spec
            .take_over_from
            .iter()
            .flatten()
            .map(|key| OwnershipKey::new(key.clone()).map_err(|error| refuse("takeOverFrom", error)))
            .collect::<Result<_, _>>()?;
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        Ok(Self {
            namespace,
            name,
            generation,
            spec,
            key,
            take_over,
            same_directory: Vec::new(),
            gone: GoneOwners::default(),
        })
    }

    /// Whether contacts owned under a key are this connection's.
    pub(super) fn owns(&self, key: &OwnershipKey) -> bool {
        &self.key == key || self.take_over.contains(key)
    }

    /// Whether contacts owned under a key are those of this same connection (`<namespace>/<name>`) as another
    /// installation runs it: staging and production against one desk, or a cluster that was renamed (L7). A key that the
    /// manifest makes up is nobody's copy.
    pub(super) fn is_run_elsewhere(&self, owner: &OwnershipKey) -> bool {
        let name = format!("/{}", self.full_name());
        !self.owns(owner) && [&self.key, owner].iter().all(|key| key.as_str().ends_with(&name))
    }

    /// What people call it.
    pub fn title(&self) -> String {
        self.spec.display_name.clone().unwrap_or_else(|| self.name.clone())
    }

    /// `<namespace>/<name>`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Whether `spec.emailDomains` names an address's domain (L9, L17).
    pub(super) fn speaks_for(&self, email: &str) -> bool {
        let email = canonical_email(email);
        let domain = email.rsplit_once('@').map(|(_, domain)| domain);
        self.spec.email_domains.iter().flatten().any(|known| {
            domain.is_some_and(|domain| canonical_email(&format!("x@{known}")).strip_prefix("x@") == Some(domain))
        })
    }
}
