//! A YAML value in which everything knows its line.

use std::sync::Arc;

use serde_json::{Map, Value};

/// A value and the line it begins on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// Where it begins, from 1.
    pub(super) line: usize,
    /// What it is.
    pub(super) kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Nothing.
    Null,
    /// True, false or a number, and how it was written.
    Plain(Value, Arc<str>),
    /// Text.
    Text(Arc<str>),
    /// A value under a tag of its own (`!has(...)` without quotes), and the tag.
    Tagged(Arc<str>),
    /// A list.
    List(Vec<Node>),
    /// Fields in the order they were written; no name twice.
    Map(Vec<Entry>),
}

/// A field of a map.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// Its name.
    pub(super) name: Arc<str>,
    /// Where the name stands.
    pub(super) line: usize,
    /// Its value.
    pub(super) value: Node,
}

impl Node {
    /// The field of a map.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.entry(name).map(|entry| &entry.value)
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|entry| &*entry.name == name),
            Kind::Null | Kind::Plain(..) | Kind::Text(_) | Kind::Tagged(_) | Kind::List(_) => None,
        }
    }

    /// The fields of a map; none for anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            Kind::Null | Kind::Plain(..) | Kind::Text(_) | Kind::Tagged(_) | Kind::List(_) => &[],
        }
    }

    /// The text, when it is text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            Kind::Null | Kind::Plain(..) | Kind::Tagged(_) | Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// The line of a path such as `spec.mapping.communication.emails[1].label`, as far down as it exists: a field that is
    /// missing is missed where it should stand.
    pub(super) fn line_of(&self, path: &str) -> usize {
        let mut node = self;
        let mut line = self.line;
        for segment in path.split(['.', '[']).map(|segment| segment.trim_end_matches(']')).filter(|s| !s.is_empty()) {
            let step = match &node.kind {
                Kind::Map(_) => node.entry(segment).map(|entry| (entry.line, &entry.value)),
                Kind::List(items) => {
                    segment.parse().ok().and_then(|index: usize| items.get(index)).map(|item| (item.line, item))
                }
                Kind::Null | Kind::Plain(..) | Kind::Text(_) | Kind::Tagged(_) => None,
            };
            let Some((at, below)) = step else { break };
            line = at;
            node = below;
        }
        line
    }

    /// The value without its lines.
    pub(super) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null | Kind::Tagged(_) => Value::Null,
            Kind::Plain(value, _) => value.clone(),
            Kind::Text(text) => Value::String(text.to_string()),
            Kind::List(items) => items.iter().map(Self::to_json).collect(),
            Kind::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|entry| (entry.name.to_string(), entry.value.to_json()))
                    .collect::<Map<String, Value>>(),
            ),
        }
    }

    /// What people call this kind of value.
    pub(super) fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "empty",
            Kind::Plain(Value::Bool(_), _) => "true or false",
            Kind::Plain(..) => "a number",
            Kind::Text(_) => "text",
            Kind::Tagged(_) => "a value under a tag",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a group of fields",
        }
    }
}
