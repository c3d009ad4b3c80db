//! The part of an object that the API server checks before any schema: its name, namespace, labels and annotations.

use std::collections::BTreeMap;
use std::path::Path;

use super::node::{Kind, Node};
use super::words::{nearest, shown};
use super::{Diagnostic, ManifestKind};

/// The namespace of an object that names none.
const DEFAULT_NAMESPACE: &str = "default";

const FIELDS: [&str; 15] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Checks the metadata of an object; gives its namespace and name when it has usable ones.
pub(super) fn check(
    kind: ManifestKind,
    node: &Node,
    file: &Path,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(String, String)> {
    let mut say = |field: &str, problem: String, mend: &str| {
        diagnostics.push(Diagnostic::error(file, node.line_of(field), problem).at(field).mend(mend));
    };
    let Some(metadata) = node.get("metadata") else {
        say("metadata", "is missing".into(), "add metadata: {name: ..., namespace: ...}");
        return None;
    };
    if !matches!(metadata.kind, Kind::Map(_)) {
        say(
            "metadata",
            format!("must be a group of fields, but is {}", metadata.describe()),
            "its fields are name and namespace",
        );
        return None;
    }
    for entry in metadata.entries() {
        if !FIELDS.contains(&&*entry.name) {
            let mend = nearest(&entry.name, FIELDS)
                .map_or_else(|| "leave it out".to_owned(), |name| format!("did you mean metadata.{name}?"));
            say(&format!("metadata.{}", entry.name), "unknown field".into(), &mend);
        }
        if ["labels", "annotations"].contains(&&*entry.name) {
            for inner in entry.value.entries().iter().filter(|inner| inner.value.text().is_none()) {
                say(
                    &format!("metadata.{}.{}", entry.name, inner.name),
                    format!("must be text, but is {}", inner.value.describe()),
                    "put the value in quotes",
                );
            }
        }
    }
    let namespace = match metadata.get("namespace") {
        None => Some(DEFAULT_NAMESPACE.to_owned()),
        Some(value) => named(value, 63, false, "metadata.namespace", &mut say),
    };
    let name = if let Some(value) = metadata.get("name") {
        named(value, 253, true, "metadata.name", &mut say)
    } else {
        let mend = format!("add metadata.name: the name of this {}", kind.as_str());
        say("metadata.name", "is missing".into(), &mend);
        None
    };
    namespace.zip(name)
}

/// A DNS name (RFC 1123), as Kubernetes wants names; with dots or without.
fn named(
    value: &Node,
    longest: usize,
    dots: bool,
    field: &str,
    say: &mut impl FnMut(&str, String, &str),
) -> Option<String> {
    let Some(text) = value.text() else {
        say(field, format!("must be text, but is {}", value.describe()), "put it in quotes");
        return None;
    };
    let end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let label =
        |label: &str| label.starts_with(end) && label.ends_with(end) && label.chars().all(|c| end(c) || c == '-');
    let fits = text.len() <= longest && if dots { text.split('.').all(label) } else { label(text) };
    if fits {
        return Some(text.to_owned());
    }
    let mend = if dots {
        "use up to 253 lower-case letters, digits, '-' and '.', the first and the last a letter or digit"
    } else {
        "use up to 63 lower-case letters, digits and '-', the first and the last a letter or digit"
    };
    say(field, format!("{} is no name", shown(text)), mend);
    None
}

/// The labels of a Namespace, with the one that Kubernetes adds to each.
pub(super) fn labels(node: &Node, name: &str) -> BTreeMap<String, String> {
    let written = node.get("metadata").and_then(|metadata| metadata.get("labels"));
    let mut labels: BTreeMap<String, String> = written
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .filter_map(|entry| Some((entry.name.to_string(), entry.value.text()?.to_owned())))
        .collect();
    labels.insert("kubernetes.io/metadata.name".into(), name.into());
    labels
}
