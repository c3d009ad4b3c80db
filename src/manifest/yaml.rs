//! YAML text into documents whose every value knows its line. JSON is YAML.
//!
//! What comes from a checkout is somebody else's text: nesting, aliases and size are bounded, and nothing that two
//! readers could take in two ways (a field written twice) is let through.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use super::node::{Entry, Kind, Node};
use super::{malformed, scalar};

/// How deep values may lie in one another. Our manifests need ten.
const MAX_DEPTH: usize = 64;
/// How many bytes aliases may copy in one document, and how many anchors may hold ready for them.
const MAX_COPIED: usize = 1 << 20;
/// How many values one file may hold: memory grows with it.
const MAX_VALUES: usize = 500_000;

/// Why a text is no YAML that is read here.
#[derive(Debug, PartialEq)]
pub(super) struct YamlError {
    /// Where.
    pub(super) line: usize,
    /// What is wrong.
    pub(super) problem: String,
    /// What to do about it.
    pub(super) mend: String,
}

impl YamlError {
    pub(super) fn new(line: usize, problem: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { line, problem: problem.into(), mend: mend.into() }
    }
}

/// The documents of a text, empty ones left out.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, YamlError> {
    if let Some((line, _)) = text.lines().enumerate().find(|(_, line)| line.contains('\0')) {
        return Err(YamlError::new(
            line + 1,
            "there is a NUL byte in this line",
            "a manifest is text: save the file as UTF-8",
        ));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut documents = Vec::new();
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| malformed::explain(text, &error))?;
        match builder.take(event, span) {
            Ok(document) => documents.extend(document),
            Err(error) if malformed::is_template(text, error.line) => return Err(malformed::template(error.line)),
            Err(error) => return Err(error),
        }
    }
    documents.retain(|document| document.kind != Kind::Null);
    Ok(documents)
}

/// A list or map that is still open.
struct Open {
    line: usize,
    anchor: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, names: HashMap<Arc<str>, usize>, name: Option<(Arc<str>, usize)> },
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    anchored: usize,
    copied: usize,
    values: usize,
}

/// A value that aliases may copy, how much it weighs and how deep it is. One too heavy to be copied is not kept.
struct Anchored {
    node: Option<Node>,
    weight: usize,
    depth: usize,
}

impl Builder {
    /// Takes one event; gives the document that it closes.
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<Option<Node>, YamlError> {
        let line = span.start.line().max(1);
        match event {
            Event::DocumentStart(_) => {
                self.anchors.clear();
                self.anchored = 0;
                self.copied = 0;
                Ok(None)
            }
            Event::Scalar(text, style, anchor, tag) => {
                let node = Node { line, kind: scalar_kind(&text, style, tag.as_deref(), line)? };
                self.put(node, anchor)
            }
            Event::SequenceStart(anchor, _) => self.begin(line, anchor, OpenKind::List(Vec::new())),
            Event::MappingStart(anchor, _) => {
                self.begin(line, anchor, OpenKind::Map { entries: Vec::new(), names: HashMap::new(), name: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(id) => self.alias(id, line),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(None),
        }
    }

    fn begin(&mut self, line: usize, anchor: usize, kind: OpenKind) -> Result<Option<Node>, YamlError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(line));
        }
        if let Some(Open { kind: OpenKind::Map { name: None, .. }, .. }) = self.open.last() {
            return Err(YamlError::new(
                line,
                "a list or map stands where a field's name belongs",
                "a field's name is one word; a value that begins with { or [ needs quotes",
            ));
        }
        self.open.push(Open { line, anchor, kind });
        Ok(None)
    }

    fn end(&mut self) -> Result<Option<Node>, YamlError> {
        let Some(open) = self.open.pop() else { return Ok(None) };
        let kind = match open.kind {
            OpenKind::List(items) => Kind::List(items),
            OpenKind::Map { entries, .. } => Kind::Map(entries),
        };
        self.put(Node { line: open.line, kind }, open.anchor)
    }

    fn alias(&mut self, id: usize, line: usize) -> Result<Option<Node>, YamlError> {
        let Some(anchored) = self.anchors.get(&id) else {
            return Err(YamlError::new(line, "an alias points into the value it stands in", "write the value out"));
        };
        if self.open.len() + anchored.depth > MAX_DEPTH {
            return Err(too_deep(line));
        }
        self.copied += anchored.weight;
        let Some(node) = anchored.node.as_ref().filter(|_| self.copied <= MAX_COPIED) else {
            return Err(YamlError::new(
                line,
                "aliases copy more than 1 MiB",
                "write the values out: a manifest needs no aliases",
            ));
        };
        let node = Node { line, ..node.clone() };
        self.put(node, 0)
    }

    fn anchor(&mut self, anchor: usize, node: &Node) {
        let (weight, depth) = weigh(node);
        let kept = self.anchored + weight <= MAX_COPIED;
        if kept {
            self.anchored += weight;
        }
        self.anchors.insert(anchor, Anchored { node: kept.then(|| node.clone()), weight, depth });
    }

    /// Puts a value where it belongs; gives it back when it is the whole document.
    fn put(&mut self, node: Node, anchor: usize) -> Result<Option<Node>, YamlError> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(YamlError::new(
                node.line,
                format!("the file holds more than {MAX_VALUES} values"),
                "split it, or leave it out of what is given",
            ));
        }
        if anchor > 0 {
            self.anchor(anchor, &node);
        }
        match self.open.last_mut() {
            None => return Ok(Some(node)),
            Some(Open { kind: OpenKind::List(items), .. }) => items.push(node),
            Some(Open { kind: OpenKind::Map { entries, names, name }, .. }) => match name.take() {
                None => *name = Some(field_name(node, names)?),
                Some((name, line)) => entries.push(Entry { name, line, value: node }),
            },
        }
        Ok(None)
    }
}

fn field_name(node: Node, names: &mut HashMap<Arc<str>, usize>) -> Result<(Arc<str>, usize), YamlError> {
    let name = match node.kind {
        Kind::Text(text) => text,
        Kind::Plain(_, written) => written,
        Kind::Null => "null".into(),
        Kind::Tagged(_) | Kind::List(_) | Kind::Map(_) => {
            return Err(YamlError::new(
                node.line,
                "a list or map stands where a field's name belongs",
                "a field's name is one word",
            ));
        }
    };
    if let Some(first) = names.insert(Arc::clone(&name), node.line) {
        return Err(YamlError::new(
            node.line,
            format!("field {name:?} is written twice here, first in line {first}"),
            "keep one of them",
        ));
    }
    Ok((name, node.line))
}

fn scalar_kind(text: &str, style: ScalarStyle, tag: Option<&Tag>, line: usize) -> Result<Kind, YamlError> {
    let core = tag.filter(|tag| tag.is_yaml_core_schema()).map(|tag| tag.suffix.as_str());
    if let Some(tag) = tag.filter(|_| core.is_none()) {
        return Ok(Kind::Tagged(format!("{}{}", tag.handle, tag.suffix).into()));
    }
    match (style, core) {
        (_, Some("binary")) => Err(YamlError::new(
            line,
            "!!binary is not read",
            "put the base64 text into a Secret's data or a ConfigMap's binaryData",
        )),
        (ScalarStyle::Plain, None | Some("null" | "bool" | "int" | "float")) => Ok(match scalar::resolve(text) {
            None => Kind::Text(text.into()),
            Some(serde_json::Value::Null) => Kind::Null,
            Some(value) => Kind::Plain(value, text.into()),
        }),
        _ => Ok(Kind::Text(text.into())),
    }
}

pub(super) fn too_deep(line: usize) -> YamlError {
    YamlError::new(
        line,
        format!("values lie more than {MAX_DEPTH} deep in one another"),
        "a manifest needs about ten levels: check the indentation",
    )
}

/// About how many bytes a copy takes, and how deep it is.
fn weigh(node: &Node) -> (usize, usize) {
    let below = |children: &mut dyn Iterator<Item = (usize, usize)>| {
        children.fold((16, 1), |(weight, depth), (more, deep)| (weight + more, depth.max(deep + 1)))
    };
    match &node.kind {
        Kind::Null => (16, 0),
        Kind::Plain(_, text) | Kind::Text(text) | Kind::Tagged(text) => (16 + text.len(), 0),
        Kind::List(items) => below(&mut items.iter().map(weigh)),
        Kind::Map(entries) => below(&mut entries.iter().map(|entry| {
            let (weight, depth) = weigh(&entry.value);
            (weight + entry.name.len(), depth)
        })),
    }
}
