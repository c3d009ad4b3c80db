//! Secrets and `ConfigMap`s as they are written: base64 and plain. No value of either is ever shown.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::node::{Kind, Node};
use super::object::Data;
use super::schema::join;
use super::words::{all_of, nearest};
use super::{Diagnostic, ManifestKind};

/// Reads the data of a Secret or `ConfigMap`.
pub(super) fn read(kind: ManifestKind, node: &Node, file: &Path, diagnostics: &mut Vec<Diagnostic>) -> Data {
    let (plain, encoded) = match kind {
        ManifestKind::Secret => ("stringData", "data"),
        _ => ("data", "binaryData"),
    };
    let mut data = Data { encrypted: node.get("sops").is_some(), ..Data::default() };
    let known = ["apiVersion", "kind", "metadata", "data", plain, encoded, "type", "immutable", "sops"];
    for entry in node.entries() {
        if !known.contains(&&*entry.name) {
            let mend = match nearest(&entry.name, known) {
                Some(name) => format!("did you mean {name}?"),
                None => format!("a {} has {}", kind.as_str(), all_of([plain, encoded])),
            };
            diagnostics.push(Diagnostic::error(file, entry.line, "unknown field").at(&*entry.name).mend(mend));
        }
    }
    // stringData wins over data, as on the API server.
    for (field, base64) in [(encoded, true), (plain, false)] {
        let Some(values) = node.get(field) else { continue };
        if !matches!(values.kind, Kind::Map(_) | Kind::Null) {
            let problem = format!("must be a group of keys and values, but is {}", values.describe());
            diagnostics.push(Diagnostic::error(file, node.line_of(field), problem).at(field).mend("write key: value"));
        }
        for entry in values.entries() {
            match value(&entry.value, (base64 && !data.encrypted).then_some(plain)) {
                Ok(bytes) => {
                    data.values.insert(entry.name.to_string(), bytes);
                }
                Err((problem, mend)) => {
                    diagnostics
                        .push(Diagnostic::error(file, entry.line, problem).at(join(field, &entry.name)).mend(mend));
                }
            }
        }
    }
    data
}

/// The bytes of a value; of base64 when it has a plain field beside it that it could move to.
fn value(node: &Node, base64: Option<&str>) -> Result<Bytes, (&'static str, String)> {
    match (&node.kind, base64) {
        (Kind::Null, _) => Ok(Bytes::new()),
        (Kind::Text(text), Some(plain)) => {
            let joined: String = text.split_ascii_whitespace().collect();
            // The decoder's error would show a byte of the value.
            let decoded = STANDARD.decode(joined).ok().map(Bytes::from);
            decoded.ok_or_else(|| ("the value is not base64", format!("encode it, or move it to {plain} as it is")))
        }
        (Kind::Text(text), None) => Ok(Bytes::copy_from_slice(text.as_bytes())),
        (Kind::Plain(..) | Kind::Tagged(_), _) => Err(("the value must be text", "put it in quotes".into())),
        (Kind::List(_) | Kind::Map(_), _) => {
            Err(("the value must be text", "for many lines begin with '|' and indent them".into()))
        }
    }
}
