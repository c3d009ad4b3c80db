//! JSON Lines: one object a line, blank lines between them allowed. Keys are compared as written; a name with dots, such
//! as `name.familyName`, leads into nested objects where no key is spelt like it, and that of an attribute into lists too
//! ([`AttributePath`]).
//!
//! A file of objects has no header to hold names against: a `groupsField` that nobody has makes every group unknown, one
//! for `disabledWhen` that nobody has means that nobody is disabled.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::columns::suggest;
use super::csv::disabled_values;
use super::json;
use super::lines::Lines;
use super::names::NamedGroups;
use super::scan::Record;
use super::snapshot::Snapshot;
use crate::api::FileSource;
use crate::directory::attribute::{self, AttributePath};
use crate::directory::{Error, ReadQuery};
use crate::person::{Attributes, GroupSet};

/// Hands every object to `take`.
pub(super) fn each(
    snapshot: &Snapshot,
    source: &FileSource,
    query: &ReadQuery,
    take: &mut dyn FnMut(&dyn Record) -> Result<(), Error>,
) -> Result<(), Error> {
    let wanted = Wanted {
        source,
        attributes: query.attributes.iter().map(|name| AttributePath::new(name)).collect(),
        groups: NamedGroups::new(query),
        disabled: disabled_values(source.disabled_when.as_ref()),
    };
    let mut lines = Lines::new(snapshot)?;
    while let Some((line, text)) = lines.next()? {
        if text.trim().is_empty() {
            continue;
        }
        let object = json::object(text).map_err(|reason| snapshot.malformed(line, reason))?;
        take(&Object { wanted: &wanted, line, entries: &object })?;
    }
    Ok(())
}

struct Wanted<'a> {
    source: &'a FileSource,
    attributes: Vec<AttributePath>,
    groups: NamedGroups,
    disabled: Vec<String>,
}

struct Object<'a> {
    wanted: &'a Wanted<'a>,
    line: u64,
    entries: &'a Map<String, Value>,
}

impl Object<'_> {
    /// A value by its key, else along the dots of its name; null is absent.
    fn find(&self, name: &str) -> Option<&Value> {
        let found = self.entries.get(name).or_else(|| {
            let (first, rest) = name.split_once('.')?;
            rest.split('.').try_fold(self.entries.get(first)?, |value, key| value.as_object()?.get(key))
        });
        found.filter(|value| !value.is_null())
    }
}

impl Record for Object<'_> {
    fn line(&self) -> u64 {
        self.line
    }

    fn id(&self) -> Result<Cow<'_, str>, String> {
        let field = &self.wanted.source.id_field;
        match self.find(field) {
            Some(Value::String(id)) => Ok(id.trim().into()),
            Some(Value::Number(id)) if id.is_i64() || id.is_u64() => Ok(id.to_string().into()),
            Some(_) => Err(format!("{field:?} must be text or a whole number (source.file.idField)")),
            None => Err(format!(
                "the object has no {field:?}, which source.file.idField asks for{}",
                suggest(field, self.entries.keys().map(String::as_str))
            )),
        }
    }

    fn groups(&self) -> Result<GroupSet, String> {
        let mut set = GroupSet::default();
        let Some(field) = &self.wanted.source.groups_field else { return Ok(set) };
        let refused = || format!("{field:?} must be a list of group names (source.file.groupsField)");
        match self.find(field) {
            None => {}
            Some(Value::Array(names)) => {
                for name in names {
                    self.wanted.groups.add(name.as_str().ok_or_else(refused)?, &mut set);
                }
            }
            Some(_) => return Err(refused()),
        }
        Ok(set)
    }

    fn location(&self) -> Option<Cow<'_, str>> {
        let location = self.find(self.wanted.source.segment_field.as_deref()?)?.as_str()?.trim();
        (!location.is_empty()).then(|| location.into())
    }

    fn disabled(&self) -> bool {
        let attribute = self.wanted.source.disabled_when.as_ref().and_then(|when| self.find(&when.attribute));
        match attribute {
            None => false,
            Some(Value::Array(values)) => values.iter().any(|value| self.means_disabled(value)),
            Some(value) => self.means_disabled(value),
        }
    }

    fn attributes(&self) -> Attributes {
        attribute::attributes(&self.wanted.attributes, self.entries)
    }

    fn everything(&self) -> Map<String, Value> {
        self.entries.clone()
    }
}

impl Object<'_> {
    fn means_disabled(&self, value: &Value) -> bool {
        let text = match value {
            Value::String(text) => text.trim().to_lowercase(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return false,
        };
        self.wanted.disabled.contains(&text)
    }
}
