//! Checks a value against the schema of its kind, as the API server would, but with the line, the nearest real name and
//! what to type instead.
//!
//! It knows the part of `OpenAPI` that `src/api` generates: types, required, enum, bounds, patterns, lists that are sets
//! or maps, maps of anything. CEL rules are checked beside it (`rules`).

use std::collections::HashMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use serde_json::Value;

use super::node::{Entry, Kind, Node};
use super::words::{any_of, nearest, shown};
use super::{scalars, words};

/// Something wrong with one field.
#[derive(Debug)]
pub(super) struct Finding {
    /// Where.
    pub(super) line: usize,
    /// The field.
    pub(super) field: String,
    /// What is wrong.
    pub(super) problem: String,
    /// What to do about it.
    pub(super) mend: String,
}

/// Everything wrong with a value that stands at `field`, whose name or beginning is in `line`.
pub(super) fn check(node: &Node, line: usize, field: &str, schema: &JSONSchemaProps) -> Vec<Finding> {
    let mut findings = Vec::new();
    Walk { findings: &mut findings }.value(node, line, field, schema);
    findings
}

struct Walk<'a> {
    findings: &'a mut Vec<Finding>,
}

impl Walk<'_> {
    fn say(&mut self, line: usize, field: &str, problem: impl Into<String>, mend: impl Into<String>) {
        self.findings.push(Finding { line, field: field.into(), problem: problem.into(), mend: mend.into() });
    }

    fn value(&mut self, node: &Node, line: usize, field: &str, schema: &JSONSchemaProps) {
        match (schema.type_.as_deref(), &node.kind) {
            (Some("object"), Kind::Map(entries)) => self.object(entries, line, field, schema),
            (Some("array"), Kind::List(items)) => self.list(items, line, field, schema),
            (Some("string"), Kind::Text(text)) => {
                for (problem, mend) in scalars::text(text, schema) {
                    self.say(line, field, problem, mend);
                }
            }
            (Some("boolean"), Kind::Plain(Value::Bool(_), _)) | (None, _) => {}
            (Some("integer" | "number"), Kind::Plain(Value::Number(number), _)) => {
                for (problem, mend) in scalars::number(number, schema) {
                    self.say(line, field, problem, mend);
                }
            }
            (Some(type_), _) => self.wrong_type(node, line, field, type_, schema),
        }
    }

    fn wrong_type(&mut self, node: &Node, line: usize, field: &str, type_: &str, schema: &JSONSchemaProps) {
        let wanted = match type_ {
            "object" => "a group of fields",
            "array" => "a list",
            "string" => "text",
            "boolean" => "true or false",
            "integer" => "a whole number",
            _ => "a number",
        };
        if let Kind::Tagged(tag) = &node.kind {
            let problem = format!("begins with {tag}, which YAML takes for a tag");
            return self.say(line, field, problem, "put the whole value in \" \"");
        }
        if node.kind == Kind::Null {
            let quotes = if type_ == "string" { " (in quotes if it begins with & or #)" } else { "" };
            return self.say(line, field, "is empty", format!("give {wanted}{quotes}, or leave the field out"));
        }
        if let Kind::Plain(_, written) = &node.kind
            && let Some((problem, mend)) = enumerated(written, schema)
        {
            return self.say(line, field, problem, mend);
        }
        if let (Kind::Plain(value, written), "string") = (&node.kind, type_) {
            let meant = value.to_string();
            let read = if meant == **written { String::new() } else { format!(", read as {meant},") };
            let problem = format!("must be text, but {written} without quotes{read} is {}", node.describe());
            return self.say(line, field, problem, format!("write \"{written}\" in quotes"));
        }
        let mend = match (&node.kind, type_) {
            (Kind::Text(text), "boolean" | "integer" | "number") => match super::scalar::resolve(text) {
                Some(_) => "take the quotes away".to_owned(),
                None => format!("write {wanted}"),
            },
            (Kind::Map(_), "array") => "begin each item with '- '".to_owned(),
            (Kind::Text(_) | Kind::Plain(..), "array") => "begin each item with '- ', or put it in [ ]".to_owned(),
            (_, "object") => fields_of(schema),
            _ => format!("write {wanted}"),
        };
        self.say(line, field, format!("must be {wanted}, but is {}", node.describe()), mend);
    }

    fn object(&mut self, entries: &[Entry], line: usize, field: &str, schema: &JSONSchemaProps) {
        self.sizes(entries.len(), schema.min_properties, schema.max_properties, line, field);
        for entry in entries {
            let below = join(field, &entry.name);
            match (property(schema, &entry.name), &schema.additional_properties) {
                (Some(of), _) => self.value(&entry.value, entry.line, &below, of),
                (None, Some(JSONSchemaPropsOrBool::Schema(of))) => self.value(&entry.value, entry.line, &below, of),
                (None, Some(JSONSchemaPropsOrBool::Bool(true))) => {}
                (None, _) if schema.x_kubernetes_preserve_unknown_fields == Some(true) => {}
                (None, _) if schema.properties.is_none() => {}
                (None, _) => self.unknown(entry, entries, field, schema),
            }
        }
        for name in schema.required.iter().flatten() {
            if !entries.iter().any(|entry| *entry.name == **name) {
                let mend = property(schema, name).map(|of| example(name, of)).unwrap_or_default();
                self.say(line, &join(field, name), "is missing", mend);
            }
        }
    }

    fn unknown(&mut self, entry: &Entry, written: &[Entry], field: &str, schema: &JSONSchemaProps) {
        let below = join(field, &entry.name);
        if &*entry.name == "<<" {
            return self.say(entry.line, &below, "merge keys are not read", "write the fields out");
        }
        let names = || schema.properties.iter().flatten().map(|(name, _)| name.as_str());
        let free = || names().filter(|name| !written.iter().any(|other| &*other.name == *name));
        let mend = if let Some(name) = nearest(&entry.name, free()) {
            format!("did you mean {}?", join(field, name))
        } else if let Some(path) = deeper(schema, &entry.name) {
            format!("it belongs in {}", join(field, &path))
        } else {
            format!("known here: {}", words::all_of(names()))
        };
        self.say(entry.line, &below, "unknown field", mend);
    }

    fn list(&mut self, items: &[Node], line: usize, field: &str, schema: &JSONSchemaProps) {
        self.sizes(items.len(), schema.min_items, schema.max_items, line, field);
        if let Some(JSONSchemaPropsOrArray::Schema(of)) = &schema.items {
            for (index, item) in items.iter().enumerate() {
                self.value(item, item.line, &format!("{field}[{index}]"), of);
            }
        }
        let keys: &[String] = match schema.x_kubernetes_list_type.as_deref() {
            Some("map") => schema.x_kubernetes_list_map_keys.as_deref().unwrap_or_default(),
            Some("set") => &[],
            _ => return,
        };
        self.duplicates(items, keys, field);
    }

    /// Two items of a set that are equal, or two of a map that have the same keys.
    fn duplicates(&mut self, items: &[Node], keys: &[String], field: &str) {
        let mut seen: HashMap<String, usize> = HashMap::new();
        for (index, item) in items.iter().enumerate() {
            let what = if keys.is_empty() {
                item.to_json().to_string()
            } else {
                let value = |key: &String| item.get(key).map(|value| format!("{key}: {}", plain(value)));
                let Some(values) = keys.iter().map(value).collect::<Option<Vec<_>>>() else { continue };
                values.join(", ")
            };
            if let Some(first) = seen.get(&what) {
                let problem = format!("{what} is there twice, first in {field}[{first}]");
                let mend = if keys.is_empty() {
                    "keep one of them".into()
                } else {
                    format!("give each its own {}", words::all_of(keys.iter().map(String::as_str)))
                };
                self.say(item.line, &format!("{field}[{index}]"), problem, mend);
            } else {
                seen.insert(what, index);
            }
        }
    }

    fn sizes(&mut self, count: usize, min: Option<i64>, max: Option<i64>, line: usize, field: &str) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        if let Some(min) = min.filter(|min| count < *min) {
            let problem = if count == 0 { "is empty".into() } else { format!("has {count} entries, and needs {min}") };
            self.say(line, field, problem, format!("give at least {min}, or leave the field out"));
        }
        if let Some(max) = max.filter(|max| count > *max) {
            self.say(line, field, format!("has {count} entries"), format!("at most {max} fit here"));
        }
    }
}

fn plain(node: &Node) -> String {
    node.text().map_or_else(|| node.to_json().to_string(), str::to_owned)
}

fn property<'a>(schema: &'a JSONSchemaProps, name: &str) -> Option<&'a JSONSchemaProps> {
    schema.properties.as_ref()?.get(name)
}

/// The path of the one field below that has this name: somebody forgot a level.
fn deeper(schema: &JSONSchemaProps, name: &str) -> Option<String> {
    let mut found = schema.properties.iter().flatten().filter_map(|(parent, of)| {
        if property(of, name).is_some() {
            return Some(format!("{parent}.{name}"));
        }
        deeper(of, name).map(|path| format!("{parent}.{path}"))
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// What to type for a field that is missing.
fn example(name: &str, schema: &JSONSchemaProps) -> String {
    let values: Vec<&str> = schema.enum_.iter().flatten().filter_map(|value| value.0.as_str()).collect();
    if !values.is_empty() {
        return format!("add {name}: {}", any_of(values));
    }
    let text = schema.description.as_deref().unwrap_or_default();
    let first = text.split_inclusive(". ").next().unwrap_or_default().trim();
    let first = first.strip_suffix('.').unwrap_or(first);
    if first.is_empty() { format!("add {name}") } else { format!("add {name} ({first})") }
}

fn fields_of(schema: &JSONSchemaProps) -> String {
    let names: Vec<&str> = schema.properties.iter().flatten().map(|(name, _)| name.as_str()).collect();
    if names.is_empty() { "write name: value pairs".into() } else { format!("its fields are {}", words::all_of(names)) }
}

/// A field below another.
pub(super) fn join(field: &str, name: &str) -> String {
    if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") }
}

/// Whether a word is one of an enum's; if not, the problem and the mend.
pub(super) fn enumerated(text: &str, schema: &JSONSchemaProps) -> Option<(String, String)> {
    let values: Vec<&str> = schema.enum_.as_ref()?.iter().filter_map(|value| value.0.as_str()).collect();
    if values.contains(&text) {
        return None;
    }
    let mend = match nearest(text, values.iter().copied()) {
        Some(near) => format!("did you mean {near}? Supported: {}", words::all_of(values)),
        None => format!("use {}", any_of(values)),
    };
    Some((format!("{} is not supported", shown(text)), mend))
}
