//! What was read: objects, and where each of their fields stands.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::ManifestKind;
use super::node::Node;
use crate::api::{ContactSyncConnection, KDeskWorkspace};

/// Where an object was written, and so where each of its fields was.
#[derive(Clone)]
pub struct Located {
    file: PathBuf,
    node: Arc<Node>,
}

impl Located {
    pub(super) fn new(file: PathBuf, node: Node) -> Self {
        Self { file, node: Arc::new(node) }
    }

    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    /// The file, as it was given or below the folder that was given.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The folder of the file, which paths in the manifest are relative to.
    pub fn folder(&self) -> &Path {
        match self.file.parent() {
            Some(folder) if folder != Path::new("") => folder,
            Some(_) | None => Path::new("."),
        }
    }

    /// The line of a field such as `spec.scope.list.groups[0]`; where it is missing, the line of the nearest field above.
    pub fn line(&self, field: &str) -> usize {
        self.node.line_of(field)
    }
}

/// The file and line; never the content, which may be a Secret.
impl fmt::Debug for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.node.line)
    }
}

/// An object that was read.
#[derive(Clone, Debug)]
pub struct Object<T> {
    /// Its namespace; `default` where the manifest names none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What it says.
    pub value: T,
    /// Where.
    pub at: Located,
}

/// The data of a Secret or `ConfigMap`. Its Debug shows keys only.
#[derive(Clone, Default)]
pub struct Data {
    pub(super) values: BTreeMap<String, Bytes>,
    pub(super) encrypted: bool,
}

impl Data {
    /// The keys that are there.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Whether the values are encrypted (`SOPS`), and so cannot be read from the manifest.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

/// Everything that was read.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// The connections, in the order of files and lines.
    pub connections: Vec<Object<ContactSyncConnection>>,
    /// The workspaces.
    pub workspaces: Vec<Object<KDeskWorkspace>>,
    /// The Secrets.
    pub secrets: Vec<Object<Data>>,
    /// The `ConfigMap`s.
    pub config_maps: Vec<Object<Data>>,
    /// Labels of the Namespaces that were given.
    pub namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// How many documents of other kinds were passed over, by kind.
    pub skipped: BTreeMap<String, usize>,
    /// Every object that was given, also those in which something is wrong.
    pub(super) given: BTreeSet<(ManifestKind, String, String)>,
}

impl Manifests {
    /// A workspace by namespace and name.
    pub fn workspace(&self, namespace: &str, name: &str) -> Option<&Object<KDeskWorkspace>> {
        find(&self.workspaces, namespace, name)
    }

    pub(super) fn is_given(&self, kind: ManifestKind, namespace: &str, name: &str) -> bool {
        self.given.contains(&(kind, namespace.to_owned(), name.to_owned()))
    }
}

pub(super) fn find<'a, T>(objects: &'a [Object<T>], namespace: &str, name: &str) -> Option<&'a Object<T>> {
    objects.iter().find(|object| object.namespace == namespace && object.name == name)
}
