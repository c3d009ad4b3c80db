//! Which documents are ours, which are somebody else's, and which were meant to be ours.

use super::Diagnostic;
use super::files::Source;
use super::node::{Kind, Node};
use super::words::{nearest, shown};
use crate::api::{API_VERSION, GROUP};

/// The kinds that are read.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ManifestKind {
    /// `ContactSyncConnection`.
    Connection,
    /// `KDeskWorkspace`.
    Workspace,
    /// `Secret`.
    Secret,
    /// `ConfigMap`.
    ConfigMap,
    /// `Namespace`, for its labels.
    Namespace,
}

impl ManifestKind {
    /// The word that manifests use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "ContactSyncConnection",
            Self::Workspace => "KDeskWorkspace",
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
            Self::Namespace => "Namespace",
        }
    }
}

const OURS: [ManifestKind; 2] = [ManifestKind::Connection, ManifestKind::Workspace];
/// Of our group as well, and nothing to keep in files.
const LOG_REQUEST: &str = "ContactSyncLogRequest";
const CORE: [ManifestKind; 3] = [ManifestKind::Secret, ManifestKind::ConfigMap, ManifestKind::Namespace];

/// What a document is.
pub(super) enum Class {
    /// One of the kinds that are read.
    Known(ManifestKind),
    /// A list of objects.
    List,
    /// Somebody else's, and what it calls itself.
    Foreign(String),
}

/// Says what a document is; an error when it was meant to be one of ours and is not.
pub(super) fn classify(node: &Node, source: &Source) -> Result<Class, Box<Diagnostic>> {
    let at = |field: &str, problem: String, mend: String| {
        Err(Box::new(Diagnostic::error(&source.file, node.line_of(field), problem).at(field).mend(mend)))
    };
    if !matches!(node.kind, Kind::Map(_)) {
        return Ok(Class::Foreign("no manifest".into()));
    }
    let version = node.get("apiVersion").and_then(Node::text);
    let kind = node.get("kind").and_then(Node::text);
    let ours = OURS.map(ManifestKind::as_str);
    let group = version.map(|version| version.split('/').next().unwrap_or_default());
    let our_group = group.is_some_and(|group| near(group, GROUP));
    match (version, kind) {
        (Some(version), Some(kind)) => {
            let list = kind.ends_with("List") && node.get("items").is_some();
            if list && (version == "v1" || version == API_VERSION) {
                return Ok(Class::List);
            }
            if let Some(core) = CORE.iter().find(|core| version == "v1" && core.as_str().eq_ignore_ascii_case(kind)) {
                return if core.as_str() == kind {
                    Ok(Class::Known(*core))
                } else {
                    at("kind", format!("{} is no kind", shown(kind)), format!("write kind: {}", core.as_str()))
                };
            }
            if let Some(known) = OURS.iter().find(|known| known.as_str() == kind) {
                return if version == API_VERSION {
                    Ok(Class::Known(*known))
                } else {
                    at(
                        "apiVersion",
                        format!("{} has no {kind}", shown(version)),
                        format!("write apiVersion: {API_VERSION}"),
                    )
                };
            }
            let meant = ours.into_iter().find(|name| near(kind, name)).or_else(|| nearest(kind, ours));
            match meant {
                Some(meant) => at("kind", format!("{} is no kind", shown(kind)), format!("did you mean {meant}?")),
                None if our_group => {
                    let (problem, mend) = no_kind(kind);
                    at("kind", problem, mend)
                }
                None => Ok(Class::Foreign(kind.into())),
            }
        }
        (None, Some(kind)) if ours.contains(&kind) => {
            at("apiVersion", "is missing".into(), format!("add apiVersion: {API_VERSION}"))
        }
        (Some(_), None) if our_group => {
            at("kind", "is missing".into(), format!("add kind: {} or kind: {}", ours[0], ours[1]))
        }
        (None, None) if looks_like_ours(node) => at(
            "",
            "the document has neither apiVersion nor kind".into(),
            format!("add apiVersion: {API_VERSION} and kind: {} or {}", ours[0], ours[1]),
        ),
        (_, kind) => Ok(Class::Foreign(kind.unwrap_or("no manifest").into())),
    }
}

/// What is wrong with a kind of our group that no file is read of, and how to mend it.
fn no_kind(kind: &str) -> (String, String) {
    if kind == LOG_REQUEST {
        let problem = format!("{kind} is made when a log is read, and is valid for 5 minutes only");
        return (problem, "leave it out: contactsync logs makes and deletes it".to_owned());
    }
    let [first, second] = OURS.map(ManifestKind::as_str);
    (format!("{} is no kind of {GROUP}", shown(kind)), format!("write {first} or {second}"))
}

/// Whether a name is another one misspelt.
fn near(name: &str, real: &str) -> bool {
    strsim::damerau_levenshtein(&name.to_lowercase(), &real.to_lowercase()) <= 3
}

fn looks_like_ours(node: &Node) -> bool {
    let has = |name| node.get("spec").and_then(|spec| spec.get(name)).is_some();
    has("workspaceRef") || (has("source") && has("mapping")) || has("contactSync")
}
