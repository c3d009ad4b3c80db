//! From texts to objects: parse, unroll lists, check against schema and rules, and make the types of `api`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{CustomResourceDefinition, JSONSchemaProps};
use serde::de::DeserializeOwned;

use super::files::{Input, Source, collect};
use super::kinds::{Class, classify};
use super::node::{Kind, Node};
use super::object::{Located, Manifests, Object};
use super::rules::Rules;
use super::schema::{self, Finding};
use super::{Diagnostic, ManifestKind, data, metadata, yaml};
use crate::api::{connection_crd, workspace_crd};

/// What was read, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Every object that could be read.
    pub manifests: Manifests,
    /// What is wrong, in the order of files and lines.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads manifests and checks each by itself: syntax, schema and rules. What objects say of one another is checked by
/// [`super::validate`].
pub fn read(inputs: &[Input]) -> Loaded {
    let mut reader = Reader { first: BTreeMap::new(), loaded: Loaded::default() };
    for source in collect(inputs, &mut reader.loaded.diagnostics) {
        match yaml::parse(&source.text) {
            Ok(documents) => documents.into_iter().for_each(|node| reader.document(node, &source)),
            Err(error) => reader.say(Diagnostic::error(&source.file, error.line, error.problem).mend(error.mend)),
        }
    }
    reader.finish(inputs)
}

/// The schema of a kind and its rules, compiled.
struct Schema {
    root: JSONSchemaProps,
    rules: Rules,
}

impl Schema {
    fn new(kind: ManifestKind, crd: CustomResourceDefinition) -> Self {
        let root =
            crd.spec.versions.into_iter().find_map(|version| version.schema?.open_api_v3_schema).unwrap_or_default();
        let rules = Rules::new(kind.as_str(), &serde_json::to_value(&root).unwrap_or_default());
        Self { root, rules }
    }

    fn check(&self, node: &Node) -> (Vec<Finding>, Vec<Finding>) {
        let found = schema::check(node, node.line, "", &self.root);
        let broken = self.rules.check(node, &found);
        (found, broken)
    }
}

/// Compiled once: it takes longer than reading a manifest.
static CONNECTION: LazyLock<Schema> = LazyLock::new(|| Schema::new(ManifestKind::Connection, connection_crd()));
static WORKSPACE: LazyLock<Schema> = LazyLock::new(|| Schema::new(ManifestKind::Workspace, workspace_crd()));

struct Reader {
    first: BTreeMap<(ManifestKind, String, String), (PathBuf, usize)>,
    loaded: Loaded,
}

impl Reader {
    fn say(&mut self, diagnostic: Diagnostic) {
        self.loaded.diagnostics.push(diagnostic);
    }

    fn document(&mut self, node: Node, source: &Source) {
        match classify(&node, source) {
            Err(problem) => self.say(*problem),
            Ok(Class::Foreign(kind)) => *self.loaded.manifests.skipped.entry(kind).or_default() += 1,
            Ok(Class::Known(kind)) => self.object(kind, node, source),
            Ok(Class::List) => {
                let Some(items) = node.get("items") else { return };
                match &items.kind {
                    // A list in a list is no Kubernetes object; depth is bounded by the parser all the same.
                    Kind::List(items) => items.iter().for_each(|item| self.document(item.clone(), source)),
                    Kind::Null => {}
                    Kind::Plain(..) | Kind::Text(_) | Kind::Tagged(_) | Kind::Map(_) => self.say(
                        Diagnostic::error(&source.file, node.line_of("items"), "must be a list")
                            .at("items")
                            .mend("begin each item with '- '"),
                    ),
                }
            }
        }
    }

    fn object(&mut self, kind: ManifestKind, node: Node, source: &Source) {
        let file = &source.file;
        let named = metadata::check(kind, &node, file, &mut self.loaded.diagnostics);
        let ours = matches!(kind, ManifestKind::Connection | ManifestKind::Workspace);
        let node = if ours { self.without_status(node, file) } else { node };
        let fits = match kind {
            ManifestKind::Connection | ManifestKind::Workspace => self.checked(&node, file, kind),
            ManifestKind::Secret | ManifestKind::ConfigMap | ManifestKind::Namespace => true,
        };
        let Some((namespace, name)) = named else { return };
        let namespace = if kind == ManifestKind::Namespace { String::new() } else { namespace };
        let line = node.line_of("metadata.name");
        let id = (kind, namespace.clone(), name.clone());
        self.loaded.manifests.given.insert(id.clone());
        if let Some((first, at)) = self.first.get(&id) {
            let what = if namespace.is_empty() { name } else { format!("{namespace}/{name}") };
            let problem = format!("{} {what} is there twice, first in {}:{at}", kind.as_str(), first.display());
            self.say(
                Diagnostic::error(file, line, problem)
                    .at("metadata.name")
                    .mend("keep one, or give this one another name or namespace"),
            );
            return;
        }
        self.first.insert(id, (file.clone(), line));
        if fits {
            self.keep(kind, node, file, namespace, name);
        }
    }

    fn checked(&mut self, node: &Node, file: &Path, kind: ManifestKind) -> bool {
        let schema = if kind == ManifestKind::Workspace { &WORKSPACE } else { &CONNECTION };
        let (found, broken) = schema.check(node);
        let fits = found.is_empty();
        for finding in found.into_iter().chain(broken) {
            self.loaded
                .diagnostics
                .push(Diagnostic::error(file, finding.line, finding.problem).at(finding.field).mend(finding.mend));
        }
        fits
    }

    /// Status is the controller's; a manifest that was exported from a cluster may hold one, and it means nothing here.
    fn without_status(&mut self, mut node: Node, file: &Path) -> Node {
        let line = node.line_of("status");
        if let Kind::Map(entries) = &mut node.kind {
            let before = entries.len();
            entries.retain(|entry| &*entry.name != "status");
            if entries.len() < before {
                let said =
                    Diagnostic::error(file, line, "is written by the controller, and is not read from a manifest");
                self.say(said.at("status").mend("leave it out").warning());
            }
        }
        node
    }

    fn keep(&mut self, kind: ManifestKind, node: Node, file: &Path, namespace: String, name: String) {
        let Loaded { manifests, diagnostics } = &mut self.loaded;
        match kind {
            ManifestKind::Connection => manifests.connections.extend(typed(node, file, namespace, name, diagnostics)),
            ManifestKind::Workspace => manifests.workspaces.extend(typed(node, file, namespace, name, diagnostics)),
            ManifestKind::Namespace => {
                manifests.namespaces.insert(name.clone(), metadata::labels(&node, &name));
            }
            ManifestKind::Secret | ManifestKind::ConfigMap => {
                let value = data::read(kind, &node, file, diagnostics);
                let at = Located::new(file.to_owned(), node);
                let objects =
                    if kind == ManifestKind::Secret { &mut manifests.secrets } else { &mut manifests.config_maps };
                objects.push(Object { namespace, name, value, at });
            }
        }
    }

    fn finish(mut self, inputs: &[Input]) -> Loaded {
        let nothing = self.loaded.manifests.given.is_empty() && self.loaded.diagnostics.is_empty();
        if nothing {
            let file = match inputs.first() {
                Some(Input::Path(path)) => path.clone(),
                Some(Input::Text { name, .. }) => name.clone(),
                None => PathBuf::from("-"),
            };
            let skipped = self.loaded.manifests.skipped.values().sum::<usize>();
            let problem = match skipped {
                0 => "there is no manifest here".to_owned(),
                1 => "there is no ContactSyncConnection or KDeskWorkspace here, only one document of another kind"
                    .to_owned(),
                count => format!(
                    "there is no ContactSyncConnection or KDeskWorkspace here, only {count} documents of other kinds"
                ),
            };
            self.say(
                Diagnostic::error(file, 0, problem)
                    .mend("name the folder that holds your ContactSyncConnection and KDeskWorkspace files"),
            );
        }
        self.loaded.diagnostics.sort();
        self.loaded.diagnostics.dedup();
        self.loaded
    }
}

fn typed<T: DeserializeOwned>(
    node: Node,
    file: &Path,
    namespace: String,
    name: String,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Object<T>> {
    let at = Located::new(file.to_owned(), node);
    match serde_path_to_error::deserialize(at.node().to_json()) {
        Ok(value) => Some(Object { namespace, name, value, at }),
        Err(error) => {
            let field = error.path().to_string();
            diagnostics.push(Diagnostic::error(file, at.line(&field), error.into_inner().to_string()).at(field));
            None
        }
    }
}
